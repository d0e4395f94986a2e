#!/usr/bin/env python3
"""Adds a pretend gene to a copy of the project, by the recipe in CONTRIBUTING.md alone, and looks
for it wherever a gene must turn up: command line, files, tables, page, journal, variation, and the
trainings of another rank. It builds the programs anew, without optimisation: some minutes.

usage: tests/recipes/gene.py [FOLDER]   (default: a temporary one; an existing one is built on)
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]

# The gene: over its first steps the learning rate of a training rises. Each edit is a pattern that
# stands in the file once, and what takes its place.
EDITS = {
    # 1. A member of GptGenome; the primordial organism's value is the program as it was.
    "include/microgpt/genome/gpt_genome.hpp": [
        (r"(\n  std::uint32_t steps = \d+;)", r"\1\n  std::uint32_t ramp = 1;"),
    ],
    # 2. Its row, and 3. what it does.
    "src/genome/gpt_genome.cpp": [
        (r"\n  \};\n\}\n\nRows make_rows",
         '\n      row<&G::ramp>({"ramp", \'w\', "ramp", "ramp", "steps", "longer ramps",'
         '"shorter ramps", whole, 1, 1000, 2, false, true}),'
         r"\g<0>"),
        (r"\.learning_rate = g\.lr", r"\g<0>, .ramp = g.ramp"),
    ],
    "include/microgpt/training/trainer.hpp": [
        (r"(\n  double learning_rate = [^\n]*)", r"\1\n  std::size_t ramp = 1;"),
    ],
    "src/training/trainer.cpp": [
        (r"gpt_\.gradients\(\), learning_rate\(\)",
         r"\g<0> * std::min(1.0, static_cast<double>(step_ + 1) / "
         r"static_cast<double>(config_.ramp))"),
    ],
}


def copy_with_gene(folder):
    """The sources, as they are in the work tree, and the gene; unchanged files keep their times."""
    for part in ("CMakeLists.txt", "data", "include", "packaging", "src", "LICENSE"):
        source = PROJECT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, dirs_exist_ok=True)
        else:
            shutil.copy2(source, folder / part)
    for name, edits in EDITS.items():
        text = (PROJECT / name).read_text()
        for pattern, replacement in edits:
            text, count = re.subn(pattern, replacement, text)
            if count != 1:
                sys.exit(f"gene: {name}: {pattern!r} stands there {count} times, not once")
        (folder / name).write_text(text)


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, **options)
    if done.returncode != 0:
        sys.exit(f"gene: exit code {done.returncode}: {' '.join(map(str, command))}\n"
                 f"{done.stdout[-4000:]}{done.stderr[-4000:]}")
    return done.stdout


def build(folder):
    run("cmake", "-S", folder, "-B", folder / "build", "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug",
        "-DCMAKE_CXX_FLAGS_DEBUG=-O0", "-DMICROGPT_WERROR=ON", "-DMICROGPT_BUILD_TESTS=OFF",
        "-DMICROGPT_BUILD_BENCH=OFF")
    run("cmake", "--build", folder / "build", "--target", "creature", "evolve_loss",
        "evolve_report")


def expect(holds, what):
    if not holds:
        sys.exit(f"gene: not found: {what}")
    print(f"gene: {what}")


class Search:
    """Searches of a copy's evolve_loss in tiny spaces, each in a folder of its own."""

    def __init__(self, folder):
        self.bin, self.folder = folder / "build/bin", Path(tempfile.mkdtemp(dir=folder))

    def __call__(self, name, ramp, ranks=1, strategy="classic"):
        space = self.folder / f"{name}.json"
        space.write_text(json.dumps({
            "n_emb": [8], "n_head": [1, 2], "n_layer": [1], "n_ctx": [8], "n_ff_exp": [1, 2],
            "lr": {"log": [0.001, 0.05]},
            "steps": {"range": [20, 40], "draw": [20, 40], "moves": [20]},
            "ramp": ramp}))
        run("mpirun", "-n", ranks, self.bin / "evolve_loss", "--space", space, "--strategy",
            strategy, "--population", 6, "--generations", 3, "--finalists", 1, "--replicates", 2,
            "--input", PROJECT / "data/names.txt", "--genome-out", self.folder / "genome.json",
            "--folder", self.folder / name)
        return self.folder / name


def rows_of(run_folder):
    header, *rows = [line.split(",") for line in
                     (run_folder / "organisms.csv").read_text().splitlines()]
    return [dict(zip(header, row)) for row in rows]


def results_of(run_folder):
    return [(row["lr"], row["steps"], row["fitness"]) for row in rows_of(run_folder)]


def check(folder):
    binaries = folder / "build/bin"
    expect("--ramp" in run(binaries / "creature", "--help"), "an option of creature")
    wrong = subprocess.run([binaries / "creature", "--ramp", "0"], text=True, capture_output=True)
    expect(wrong.returncode == 2 and "ramp (0) must be a whole number from 1 to 1000"
           in wrong.stderr, "its limits")
    run(binaries / "creature", "--genome", PROJECT / "genome.json", "--steps", 1, "--input",
        PROJECT / "data/names.txt")
    expect(True, "a genome file of before is read")

    search = Search(folder)
    alone, other_rank, cold = search("alone", [37]), search("ranks", [37], 2), search("cold", [1])
    expect({row["ramp"] for row in rows_of(alone)} == {"37"}, "a column of organisms.csv")
    expect(json.loads((alone / "genome.json").read_text())["ramp"] == 37, "genome.json")
    expect("ramp" in (alone / "journal").read_text(), "the journal")
    expect('"ramp"' in (alone / "report.html").read_text(), "the page")
    expect("ramp" in run(binaries / "evolve_report", alone, "--format", "csv"), "evolve_report")
    expect(results_of(alone) != results_of(cold), "an effect on trainings")
    expect(results_of(alone) == results_of(other_rank), "the same effect on another rank")

    for strategy in ("classic", "guided", "random"):
        values = {row["ramp"] for row in rows_of(search(strategy, [1, 5, 37], 1, strategy))}
        expect(len(values) > 1, f"variation by {strategy}")

    begun = search.folder / "resumed"
    begun.mkdir()
    lines = (alone / "journal").read_text().splitlines(keepends=True)
    (begun / "journal").write_text("".join(lines[:8]))
    run("mpirun", "-n", 1, binaries / "evolve_loss", "--resume", begun)
    expect((begun / "organisms.csv").read_bytes() == (alone / "organisms.csv").read_bytes(),
           "the same in a run that went on")


def main():
    begin = time.monotonic()
    if os.geteuid() == 0:
        os.environ |= {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    os.environ["OMPI_MCA_rmaps_base_oversubscribe"] = "1"
    with tempfile.TemporaryDirectory(prefix="microgpt-gene-") as temporary:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else temporary)
        folder.mkdir(parents=True, exist_ok=True)
        copy_with_gene(folder)
        build(folder)
        built = time.monotonic()
        check(folder)
        print(f"gene: passed; {built - begin:.0f} s to build, {time.monotonic() - built:.0f} s to "
              "look")


if __name__ == "__main__":
    main()
