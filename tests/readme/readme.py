#!/usr/bin/env python3
"""Runs every command of README.md, and compares what it shows with what they print.

    readme.py SOURCES BUILD

A ```console block is a command and an excerpt of its output: each line must be in the output, in
this order; `...` stands for any lines. What no two runs share (times, speeds, names of folders, who
trained what) counts as equal. The commands of ```sh blocks must succeed. Those that install, build
or need a cluster are left to the scripts that are named here, which must hold them.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

ELSEWHERE = {
    "scripts/evolve.sh": (".ci/run", "scripts/evolve.sh"),
    "scripts/test.sh": (".ci/run", "scripts/test.sh"),
    "sbatch": ("scripts/lab/check.sh", "sbatch"),
    "cmake --install": ("tests/apps/install.sh", 'cmake --install "$build"'),
    "scripts/package.sh": ("scripts/fresh_machine.sh", "scripts/package.sh"),
}
DIFFERENT = [
    (r"\d{4}-\d\d-\d\d[ _]\d\d[:-]\d\d[:-]\d\d(-\d+)?", "TIME"),
    (r"rank \d+, ", "rank N, "),
    (r"\b\d+\.\d+ s\b", "SECONDS"),
    (r"[\d,]+ names/s", "SPEED"),
]


def blocks(text):
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def normal(line):
    for pattern, word in DIFFERENT:
        line = re.sub(pattern, word, line)
    return line.rstrip()


def missing_line(excerpt, output):
    """The first line of the excerpt that the output does not have at its place; None if all are."""
    lines = iter(normal(line) for line in output.splitlines())
    for line in excerpt:
        if line.strip() != "..." and normal(line) not in lines:  # `in` goes on behind what it finds
            return line
    return None


def workplace(sources, build, folder):
    """The repository as it is, but nothing that is written here is left in it."""
    for name in ("scripts", "src", "examples", "tests", "docs"):
        os.symlink(sources / name, folder / name)
    os.symlink(build, folder / "build")
    subprocess.run(["cp", "-r", sources / "data", sources / "genome.json", folder], check=True)


def run(command, folder):
    environment = os.environ | {"HOME": str(folder), "PATH": "/usr/bin:" + os.environ["PATH"]}
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        text=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=300,
    )


def check_excerpt(block, folder):
    command, *excerpt = block.splitlines()
    result = run(command.removeprefix("$ "), folder)
    line = missing_line(excerpt, result.stdout)
    if result.returncode != 0:
        return f"{command}\n{result.stderr}"
    return line and f"{command}\n  does not print, at its place: {line}"


def check_command(line, sources, folder):
    for start, (script, text) in ELSEWHERE.items():
        if line.startswith(start):
            there = text in (sources / script).read_text()
            return None if there else f"{script} does not run: {line}"
    result = run(line, folder)
    return None if result.returncode == 0 else f"{line}\n{result.stderr}"


def main():
    sources, build = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    readme = (sources / "README.md").read_text()
    failures, count = [], 0
    for link in re.findall(r"\]\((?!http)([^)#]+)", readme):
        count += 1
        failures += [] if (sources / link).exists() else [f"there is no {link}"]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        workplace(sources, build, folder)
        for language, block in blocks(readme):
            if language == "console":
                count += 1
                failures.append(check_excerpt(block, folder))
                continue
            exports = "".join(
                line + "\n" for line in block.splitlines() if line.startswith("export ")
            )
            for line in block.splitlines():
                if line and not line.startswith(("#", "export ")):
                    count += 1
                    failures.append(
                        check_command(line if not exports else exports + line, sources, folder)
                    )
    failures = [failure for failure in failures if failure]
    for failure in failures:
        print("FAILED:", failure, file=sys.stderr)
    print(f"readme: {count} links, commands and excerpts, {len(failures)} failed")
    return 1 if failures or count < 20 else 0


if __name__ == "__main__":
    sys.exit(main())
