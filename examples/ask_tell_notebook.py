#!/usr/bin/env python3
"""The same from a notebook: cells that drive a search, and look at what it found, in pandas.

    examples/ask_tell_notebook.py [EVOLVE_COMMAND]

Each cell begins with "# %%", which editors and Jupyter (by jupytext) understand. Needs pandas.
"""

# %% A search, as an object: ask() gives the next trial, tell() its result.
import json
import pathlib
import subprocess
import sys
import tempfile

import pandas


class Search:
    def __init__(self, space, trials, folder, program="build/bin/evolve_command", slots=4):
        file = pathlib.Path(folder) / "space.json"
        file.write_text(json.dumps(space))
        self.folder = pathlib.Path(folder) / "run"
        self.best = None
        self.process = subprocess.Popen(
            [program, "--ask-tell", "--space", file, "--trials", str(trials), "--slots", str(slots)]
            + ["--folder", self.folder, "--genome-out", f"{folder}/best.json"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self):
        """The next trial: its number and its genes; nothing at the end."""
        line = self.process.stdout.readline()
        said = json.loads(line) if line else {}
        self.best = said.get("best", self.best)
        return (said["trial"], said["genome"]) if "trial" in said else None

    def tell(self, trial, loss):
        print(json.dumps({"trial": trial, "loss": loss}), file=self.process.stdin, flush=True)


# %% What is to be small: the loss of a polynomial that is fitted to a few noisy points.
POINTS = [(x / 10, (x / 10) ** 3 - x / 10 + 0.05 * (-1) ** x) for x in range(-15, 16)]


def loss(a, b, c, use_square):
    errors = [(a * x**3 + b * x + (c * x * x if use_square else 0) - y) ** 2 for x, y in POINTS]
    return sum(errors) / len(errors)


def real(low, high):
    return {"kind": "real", "range": [low, high]}


SPACE = {"genes": {"a": real(-3, 3), "b": real(-3, 3), "use_square": {"kind": "switch"}}}
SPACE["genes"]["c"] = {**real(-3, 3), "only_if": {"use_square": True}}

# %% The search.
with tempfile.TemporaryDirectory() as workplace:
    search = Search(SPACE, 60, workplace, *sys.argv[1:2])
    while (trial := search.ask()) is not None:
        number, genes = trial
        search.tell(number, loss(c=genes.get("c", 0), **{k: v for k, v in genes.items() if k != "c"}))
    search.process.wait()
    history = pandas.read_csv(search.folder / "organisms.csv")

# %% What it found.
print(search.best)
trained = history[history.origin != "elite"]
print(trained.nsmallest(5, "loss")[["id", "origin", "a", "b", "use_square", "loss"]].to_string(index=False))
print(trained.groupby("use_square").loss.agg(["count", "min", "median"]))
