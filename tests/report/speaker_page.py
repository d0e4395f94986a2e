#!/usr/bin/env python3
"""Opens a page in which a model speaks, and compares it with the program.

    speaker_page.py FILE.html WEIGHTS CREATURE [BEGINNING...]
"""

import argparse
import base64
import json
import pathlib
import subprocess

from browser import Browser
from page import Checks, Page
from report_page import check_silence


def said_by_program(creature, weights, beginning):
    """The likeliest document, with an end that a page would not show left out."""
    command = [creature, "--load", weights, "--lines", "--samples", "1", "--temperature", "0",
               "--length", "60"]
    if beginning:
        command += ["--prompt", beginning]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.removesuffix("\n")


def type_beginning(page, text):
    page.ask(f"""(() => {{
      const box = document.getElementById("beginning");
      box.value = {json.dumps(text)};
      box.dispatchEvent(new Event("input"));
    }})()""")


def check_speech(page, checks, arguments):
    """The same words as the program, from the model and through the form."""
    for beginning in arguments.beginnings:
        expected = said_by_program(arguments.creature, arguments.weights, beginning)
        said = page.ask(f"report.model.speak({json.dumps(beginning)}, 0, 60, Math.random)")
        checks.that(said == expected, f"after '{beginning}' it says '{said}', not '{expected}'")
    beginning = arguments.beginnings[-1]
    type_beginning(page, beginning)
    page.ask("""(() => {
      const degree = document.getElementById("temperature");
      degree.value = 0;
      degree.dispatchEvent(new Event("input"));
      document.querySelector(".speaker button").click();
    })()""")
    page.browser.wait_until("document.querySelectorAll('.said li').length === 1", "a text")
    said = page.ask("[...document.querySelectorAll('.said li')].map((each) => each.textContent)")
    expected = said_by_program(arguments.creature, arguments.weights, beginning)
    checks.that(len(said) == 1 and said[0].startswith(expected), f"the form says {said}")
    page.ask("document.getElementById('temperature').value = 1")
    page.ask("document.querySelector('.speaker button').click()")
    page.browser.wait_until("document.querySelectorAll('.said li').length === 8", "eight texts")


def check_inside(page, checks):
    """Probabilities that sum to 1 at most, and a row of attention for each head."""
    shares = page.ask("""[...document.querySelectorAll('.next .value')]
      .map((each) => parseFloat(each.textContent))""")
    checks.that(2 <= len(shares) <= 12, f"{len(shares)} next characters are shown")
    checks.that(shares == sorted(shares, reverse=True), f"they are not in order: {shares}")
    checks.that(50 <= sum(shares) <= 101, f"their probabilities sum to {sum(shares)}")
    heads = page.ask("report.model.heads * report.model.layers")
    rows = page.ask("document.querySelectorAll('.looks tbody tr').length")
    checks.that(rows == heads, f"{rows} rows of attention for {heads} heads")
    wide = page.ask("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    checks.that(not wide, "the page scrolls sideways")


def check_unknown(page, checks):
    type_beginning(page, "a\u2603")
    message = page.ask("document.querySelector('[role=status]').textContent")
    checks.that("does not know the character \u201c\u2603\u201d" in message, f"it says '{message}'")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("weights")
    parser.add_argument("creature")
    parser.add_argument("beginnings", nargs="*", default=["", "a", "mar"])
    parser.add_argument("--screenshot")
    arguments = parser.parse_args()
    checks = Checks()
    with Browser() as browser:
        page = Page(browser, arguments.file)
        for width in (360, 1280):
            page.open(width=width)
            type_beginning(page, arguments.beginnings[-1])
            check_inside(page, checks)
        check_speech(page, checks, arguments)
        check_unknown(page, checks)
        check_silence(page, checks)
        if arguments.screenshot:
            type_beginning(page, arguments.beginnings[-1])
            image = base64.b64decode(browser.screenshot())
            pathlib.Path(arguments.screenshot).write_bytes(image)
    raise SystemExit(1 if checks.failures else 0)


if __name__ == "__main__":
    main()
