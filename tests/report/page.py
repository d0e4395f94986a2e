"""The report in a browser, and the tally of what was looked at."""

import base64
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent


class Checks:
    """What was looked at, and what was wrong."""

    def __init__(self):
        self.failures = []
        self.count = 0

    def that(self, holds, message):
        self.count += 1
        if not holds:
            self.failures.append(message)
            print("FAILED:", message, file=sys.stderr)

    def none(self, found, message):
        shown = "; ".join(str(each) for each in found[:5])
        self.that(not found, f"{message} ({len(found)}): {shown}")


class Page:
    """The report in the browser."""

    def __init__(self, browser, file):
        self.browser = browser
        self.address = file.resolve().as_uri()
        self.probes = (HERE / "probes.js").read_text()

    def open(self, width=1280, height=900, scheme="light", fragment=""):
        self.browser.size(width, height, mobile=False)
        self.browser.scheme(scheme)
        self.browser.open("about:blank")
        start = time.monotonic()
        self.browser.open(self.address + fragment)
        self.browser.wait_until(
            "location.protocol === 'file:' && window.report && report.ready",
            "the report to be ready",
        )
        seconds = time.monotonic() - start
        self.browser.evaluate(self.probes)
        self.browser.frames()
        return seconds

    def ask(self, expression):
        return self.browser.evaluate(expression)

    def charts(self):
        return self.ask("Object.keys(report.charts)")

    def hover(self, spot):
        # From a little aside: a mouse that appears on a mark has not moved onto it.
        self.browser.move(spot["x"] - 2, spot["y"] - 2)
        self.browser.move(spot["x"], spot["y"])
        self.browser.frames()


def save(file, data):
    file.write_bytes(base64.b64decode(data))
