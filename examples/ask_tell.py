#!/usr/bin/env python3
"""Drives a search from a script: evolve_command proposes, a function of ours is what is measured.

    examples/ask_tell.py [EVOLVE_COMMAND]

Needs nothing but the standard library.
"""

import json
import math
import pathlib
import subprocess
import sys
import tempfile

SPACE = {
    "genes": {
        "x": {"kind": "real", "range": [-5, 10]},
        "y": {"kind": "real", "range": [0, 15]},
        "sign": {"kind": "choice", "values": ["plus", "minus"]},
    }
}


def branin(x, y, sign):
    """Branin's function (1972), whose minima have the value 0.398; with the other sign it is worse."""
    valley = y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6
    value = valley**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10
    return value + (5 if sign == "minus" else 0)


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else "build/bin/evolve_command"
    with tempfile.TemporaryDirectory() as folder:
        space = pathlib.Path(folder) / "space.json"
        space.write_text(json.dumps(SPACE))
        search = subprocess.Popen(
            [program, "--ask-tell", "--space", space, "--trials", "80", "--slots", "2"]
            + ["--folder", f"{folder}/run", "--genome-out", f"{folder}/best.json"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for line in search.stdout:
            said = json.loads(line)
            if "best" in said:
                print(f"the best of 80: {said['best']['loss']:.4f} at {said['best']['genome']}")
                continue
            answer = {"trial": said["trial"], "loss": branin(**said["genome"])}
            print(json.dumps(answer), file=search.stdin, flush=True)
        sys.exit(search.wait())


if __name__ == "__main__":
    main()
