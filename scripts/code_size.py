#!/usr/bin/env python3
"""Lines of C++ in include and src, and how long functions are, going by the indentation that
clang-format gives them: a function ends at the brace below its first character."""
import pathlib
import re

NOT_A_FUNCTION = re.compile(
    r"(namespace|class|struct|enum|extern|if|for|while|switch|else|do|try|(inline |static )?const(expr)? .*=)\b")


def functions(lines):
    """(first, last) line of each, the signature included."""
    at = 0
    while at < len(lines):
        opening = re.match(r"( {0,2})(\S.*)\{$", lines[at])
        if not opening or NOT_A_FUNCTION.match(opening[2]):
            at += 1
            continue
        end = at + 1
        while end < len(lines) and not lines[end].startswith(opening[1] + "}"):
            end += 1
        first = at
        while first > 0 and lines[first - 1].strip() and not re.search(
                r"([;{}:]|//.*|#.*)$", lines[first - 1]):
            first -= 1
        if "(" in " ".join(lines[first:at + 1]):
            yield first, end
            at = end
        at += 1


root = pathlib.Path(__file__).resolve().parent.parent
total, found = 0, []
for file in sorted(f for d in ("include", "src") for f in (root / d).rglob("*.[ch]pp")):
    lines = file.read_text().splitlines()
    total += len(lines)
    found += [(last - first + 1, f"{file.relative_to(root)}:{first + 1}") for first, last in functions(lines)]
found.sort()
print(f"{total} lines, {len(found)} functions of more than one line: median {found[len(found) // 2][0]} lines, "
      f"90 % up to {found[len(found) * 9 // 10][0]}")
print("longest:", ", ".join(f"{length} ({place})" for length, place in reversed(found[-3:])))
