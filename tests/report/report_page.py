#!/usr/bin/env python3
"""Opens a report in a real browser, looks at it, points at it, clicks it, prints it.

    report_page.py FILE.html [--screenshots DIR] [--timing SECONDS] [--escaping]

Every failure is one line that says what was expected; the exit status is 1 if there was any.
"""

import argparse
import base64
import json
import pathlib
import re
import sys
import tempfile

from browser import Browser, BrowserError
from genes import check_genes
from lists import check_lists, with_lists
from page import Checks, Page, save

WIDTHS = (360, 768, 1280)
GENES = (
    "embedding size",
    "attention heads",
    "layers",
    "context",
    "learning rate",
    "training steps",
)


def check_silence(page, checks):
    """Nothing in the console, and nothing fetched but the file itself."""
    bad = ("Runtime.exceptionThrown", "Log.entryAdded", "Page.javascriptDialogOpening")
    messages = [
        json.dumps(event["params"])[:300] for event in page.browser.events if event["method"] in bad
    ]
    messages += [
        json.dumps(event["params"]["args"])[:300]
        for event in page.browser.events
        if event["method"] == "Runtime.consoleAPICalled"
        and event["params"]["type"] in ("error", "warning", "assert")
    ]
    checks.none(messages, "the console is not empty, or a dialog opened")
    asked = [
        event["params"]["request"]["url"]
        for event in page.browser.events
        if event["method"] == "Network.requestWillBeSent"
    ]
    asked = [url.split("#")[0] for url in asked]
    strange = [url[:120] for url in asked if url != page.address and not url.startswith("data:")]
    checks.that(page.address in asked, "the requests of the page were not seen")
    checks.none(strange, "the page fetches something else than itself")
    checks.none(page.ask("report.errors"), "the page noted errors")


def check_trials(page, checks):
    """The table of all organisms sorts by every column, both ways, and filters."""
    rows = "[...document.querySelectorAll('.trials tbody tr')]"
    trained = page.ask("report.columns.id.filter((id) => !report.organism(id).copy).length")
    shown = page.ask(f"{rows}.length")
    checks.that(shown == min(trained, 50), f"{shown} of {trained} organisms are in the table")
    heads = page.ask("document.querySelectorAll('.trials .sort').length")
    for i in range(heads):
        for direction in ("ascending", "descending"):
            page.ask(f"document.querySelectorAll('.trials .sort')[{i}].click()")
            said = page.ask(f"document.querySelectorAll('.trials th')[{i}].getAttribute('aria-sort')")
            other = "descending" if direction == "ascending" else "ascending"
            # The score is sorted already, the best first.
            checks.that(said in (direction, other), f"column {i} is sorted: {said}")
    page.ask("document.querySelectorAll('.trials .sort')[0].click()")
    first = page.ask(f"{rows}.map((row) => parseInt(row.cells[0].textContent.replace(/\\D/g, ''), 10))")
    checks.that(first == sorted(first, reverse=first[:1] > first[-1:]), f"organisms: {first[:9]}")
    page.ask("""(() => {
      const box = document.querySelector("#trials input");
      box.value = "primordial";
      box.dispatchEvent(new Event("input"));
    })()""")
    kept = page.ask(f"{rows}.map((row) => row.textContent)")
    checks.that(all("primordial" in row for row in kept), f"the filter keeps {kept[:3]}")


def check_marks(page, checks, expected):
    charts = page.charts()
    missing = [name for name in expected if name not in charts]
    checks.none(missing, "charts are missing")
    for name in charts:
        marks = page.ask(f"probe.marks(report.charts[{json.dumps(name)}])")
        checks.that(marks > 0, f"chart {name} has no marks")
        painted = page.ask(f"probe.painted(report.charts[{json.dumps(name)}])")
        checks.that(
            painted > 0.004, f"chart {name} is almost empty: {painted:.4%} of it is painted"
        )


def genes_in_tooltips(page):
    """Of many genes, only those that matter most."""
    if page.ask("report.data.genes.length <= 8"):
        return GENES
    shown = page.ask("report.leadingGenes.map((each) => each.label)")
    return [*shown, "more genes"]


def check_genome(page, checks, name):
    text = page.ask(f"probe.tooltip({json.dumps(name)})")
    lacking = [gene for gene in genes_in_tooltips(page) if gene not in text]
    checks.that(
        not lacking,
        f"pointing at a mark of {name} does not show its genome (lacks {lacking}): {text[:80]!r}",
    )


def hover_spots(page):
    """A mark in each kind of chart, as (chart, script that finds it on the screen)."""
    spots = [("trajectory", "probe.place('trajectory', 'bests', 0)")]
    spots += [
        (name, f"probe.place('{name}', 'front', 0)")
        for name in page.charts()
        if name.startswith("pareto")
    ]
    origin = page.ask(
        "report.charts.family.getOption().series.find((each) => each.type === 'scatter').id"
    )
    spots += [("family", f"probe.place('family', {json.dumps(origin)}, 0)")]
    spots += [
        (
            "parallel",
            "probe.placeInParallel(report.charts.parallel.getOption().series[0].data.length - 1, 5)",
        )
    ]
    for name in page.charts():
        if name.startswith("slice-"):
            found = page.ask(f"report.charts['{name}'].getOption().series[0].id")
            spots.append((name, f"probe.place('{name}', {json.dumps(found)}, 0)"))
    if "timeline" in page.charts():
        spots.append(("timeline", "probe.placeInTimeline()"))
    return spots


def check_hover(page, checks):
    for name, script in hover_spots(page):
        page.hover(page.ask(script))
        check_genome(page, checks, name)


def check_choice(page, checks):
    """A click on a mark selects its organism everywhere; Escape lets go of it."""
    family = "({root: report.familyRoot, title: document.querySelector('#family h2').textContent})"
    before = page.ask(family)
    spot = page.ask(
        "(() => { const front = report.charts['pareto-parameters'].getOption().series.find((each) => each.id === 'front').data;"
        " const at = front.findIndex((each) => report.original(each[2]) !== report.familyRoot);"
        " return at < 0 ? null : probe.place('pareto-parameters', 'front', at); })()"
    )
    if spot is None:
        return
    page.browser.frames()
    page.hover(spot)
    page.browser.click(spot["x"], spot["y"])
    try:
        page.browser.wait_until("report.selected !== null", "a click to select an organism")
    except BrowserError as error:
        checks.that(False, str(error))
        return
    chosen = page.ask("report.selected")
    checks.that(
        page.ask("location.hash") == f"#organism={chosen}",
        "the address does not name the selected organism",
    )
    details = page.ask("document.getElementById('details').innerText")
    checks.that(
        f"Organism {chosen}" in details, "the details panel does not show the selected organism"
    )
    checks.that(all(gene in details for gene in GENES), "the details panel lacks genes")
    after = page.ask(family)
    rerooted = after["root"] != before["root"] and str(chosen) in after["title"]
    checks.that(rerooted, "the family tree was not re-rooted")
    check_links(page, checks)
    page.browser.press("Escape", 27)
    page.browser.frames()
    closed = page.ask("report.selected === null && document.getElementById('details').hidden")
    checks.that(closed, "Escape does not close the details")
    checks.that(page.ask("location.hash") == "", "Escape leaves the organism in the address")


def check_links(page, checks):
    """The number of an organism in a table selects it as well."""
    wanted = page.ask(
        "(() => { const links = [...document.querySelectorAll('#top a.id')];"
        " const link = links.find((each) => each.textContent !== String(report.selected)) || links[0];"
        " link.focus(); return Number(link.textContent); })()"
    )
    page.browser.press("Enter", 13)
    page.browser.call("Input.dispatchKeyEvent", type="char", text="\r")
    try:
        page.browser.wait_until(f"report.selected === {wanted}", "a link to select its organism")
    except BrowserError:
        page.ask("document.activeElement.click()")
        page.browser.frames()
    checks.that(
        page.ask("report.selected") == wanted, f"the link to organism {wanted} does not select it"
    )


def check_address(page, checks):
    """The address alone selects."""
    wanted = page.ask("report.columns.id[report.columns.id.length - 1]")
    page.open(fragment=f"#organism={wanted}")
    checks.that(page.ask("report.selected") == wanted, f"#organism={wanted} does not select")


def check_brush(page, checks):
    """Dragging along an axis of the parallel coordinates fades the lines that do not cross there."""
    area = page.ask("probe.brushArea()")
    page.browser.drag(*area["from"], *area["to"])
    page.browser.frames(4)
    intervals = page.ask(
        "report.charts.parallel.getModel()"
        ".getComponent('parallelAxis', probe.parallelAxes() - 1).activeIntervals.length"
    )
    checks.that(intervals == 1, "dragging along an axis does not select lines")


def check_dark(page, checks):
    light = page.ask("[probe.background(), ...Object.keys(report.charts).map(probe.labelColor)]")
    page.browser.scheme("dark")
    page.browser.frames(4)
    dark = page.ask("[probe.background(), ...Object.keys(report.charts).map(probe.labelColor)]")
    names = ["the page", *page.charts()]
    same = [name for name, a, b in zip(names, light, dark) if a == b]
    checks.none(same, "what does not change in dark mode")
    level = [int(each) for each in re.findall(r"\d+", dark[0])[:3]]
    checks.that(sum(level) < 200, f"the dark background is not dark: {dark[0]}")
    page.browser.scheme("light")
    page.browser.frames(4)


def check_layout(page, checks, folder, stem):
    for width in WIDTHS:
        page.open(width=width)
        overflow = page.ask("probe.overflow()")
        checks.that(overflow <= 0, f"at {width} px the page is {overflow} px too wide")
        checks.none(page.ask("probe.overlapsInPage()"), f"at {width} px texts overlap")
        checks.none(page.ask("probe.overlapsInCharts()"), f"at {width} px labels in charts overlap")
        checks.none(page.ask("probe.cutInCharts()"), f"at {width} px labels in charts are cut off")
        if folder:
            height = page.ask("document.documentElement.scrollHeight")
            save(
                folder / f"{stem}-{width}.png",
                page.browser.screenshot({"x": 0, "y": 0, "width": width, "height": height}),
            )


def check_print(page, checks, folder, stem):
    answer = page.browser.call("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
    document = base64.b64decode(answer["data"])
    pages = len(re.findall(rb"/Type\s*/Page\b(?!s)", document))
    checks.that(document.startswith(b"%PDF") and 2 <= pages <= 40, f"printing makes {pages} pages")
    checks.that(
        not page.ask("report.printing()"), "after printing the page stays as it was for paper"
    )
    if folder:
        (folder / f"{stem}.pdf").write_bytes(document)


def check_paper(page, checks):
    """As it prints: light although the screen is dark, and no chart wider than the paper."""
    page.browser.scheme("dark")
    page.browser.frames()
    page.ask("window.dispatchEvent(new Event('beforeprint'))")
    surface = page.ask("getComputedStyle(document.documentElement).getPropertyValue('--surface')")
    checks.that(surface.strip() == "#ffffff", f"paper is not white: {surface}")
    checks.none(page.ask("probe.tooLarge(700, 1000)"), "charts larger than the paper")
    checks.none(page.ask("probe.wideTables(700)"), "tables wider than the paper")
    checks.none(page.ask("probe.overlapsInCharts()"), "labels in printed charts overlap")
    checks.none(page.ask("probe.cutInCharts()"), "labels in printed charts are cut off")
    checks.none(page.ask("probe.late()"), "charts that paint too late for paper")
    page.ask("window.dispatchEvent(new Event('afterprint'))")
    page.browser.scheme("light")


def check_escaping(page, checks):
    """Markup in names, failures and hosts stays text, also in the details of a failed organism."""
    checks.none(page.ask("probe.foreign()"), "elements were made from data")
    failed = page.ask("Object.keys(report.data.failures)")
    checks.that(bool(failed), "the file for the escaping check has no failures")
    if failed:
        page.ask(f"void (location.hash = 'organism={failed[0]}')")
        page.browser.wait_until(
            f"report.selected === {failed[0]}", "the failed organism to be selected"
        )
        reason = page.ask(f"report.data.failures['{failed[0]}']")
        details = page.ask("document.getElementById('details').textContent")
        shown = "<b>" in reason and reason in details
        checks.that(shown, "the reason of a failure is not shown as it is")
        checks.none(page.ask("probe.foreign()"), "elements were made from data in the details")
    if "timeline" in page.charts():
        page.hover(page.ask("probe.placeInTimeline()"))
        made = page.ask("document.querySelectorAll('#timeline .card i, #timeline .card b').length")
        checks.that(made == 0, "a tooltip made elements from data")


def series_of(page, chart, series):
    """What a chart draws in a series."""
    return page.ask(
        f"report.charts.{chart}.getOption().series.find((each) => each.id === '{series}').data"
    )


def check_compute(page, checks):
    """The line ends with the best score, after all operations."""
    if "compute" not in page.charts():
        return
    line = series_of(page, "compute", "best")
    best = page.ask("report.clamp(report.columns.score[report.ranking[0]])")
    spent = page.ask("report.trained.reduce((sum, row) => sum + report.columns.flops[row], 0)")
    checks.that(line[-1][1] == best, "the line of the compute does not end with the best score")
    checks.that(abs(line[-1][0] - spent) <= 1e-9 * spent, "nor after all operations")
    scores = [point[1] for point in line]
    falls = page.ask("report.lower")
    checks.that(scores == sorted(scores, reverse=falls), "the best score becomes worse")


def check_learning(page, checks):
    """A line for each final training, with the losses of the run."""
    lines = page.ask("report.charts.learning.getOption().series.map((each) => each.data)")
    curves = page.ask("report.data.finalists.flatMap((each) => each.learning.filter((curve) => curve.length))")
    shown = [[point[1] for point in line] for line in lines]
    checks.that(shown == curves, "the learning curves are not those of the run")
    steps = page.ask("report.data.finalists[0].steps")
    last = lines[0][-1][0]
    checks.that(0.9 * steps < last < steps, f"a training of {steps} steps ends at {last}")


def check_pair(page, checks):
    """Two genes can be chosen, and the map follows."""
    title = "report.charts.pair.getOption().xAxis[0].name"
    before = page.ask(title)
    chosen = page.ask(
        "(() => { const box = document.querySelector('#pair select');"
        " const other = report.data.genes.find((gene) => gene.name !== box.value);"
        " box.value = other.name; box.dispatchEvent(new Event('change')); return other.label; })()"
    )
    after = page.ask(title)
    checks.that(after.startswith(chosen) and after != before, f"the map shows {after}, not {chosen}")
    cells = len(series_of(page, "pair", "map"))
    checks.that(0 < cells <= 28 * 28, f"the map has {cells} cells")


def expected_charts(page):
    """The charts that data of this shape must have."""
    facts = page.ask(
        "({learnt: (report.data.finalists || []).some((each) => each.learning.some((curve) => curve.length)),"
        " scored: report.scored.length, timed: report.worked.length, genes: report.data.genes.map((each) => each.name)})"
    )
    names = []
    if facts["scored"]:
        names += ["trajectory", "family", "parallel", "pareto-parameters", "pareto-flops"]
        names += ["slice-" + gene for gene in facts["genes"]]
        names += ["compute"] + (["pair"] if len(facts["genes"]) > 1 else [])
    if facts["learnt"]:
        names.append("learning")
    return names + (["timeline"] if facts["timed"] else [])


def check_file(arguments, checks):
    """All that every report must be."""
    with Browser() as browser:
        page = Page(browser, arguments.file)
        seconds = page.open()
        size = arguments.file.stat().st_size / 1e6
        print(f"{arguments.file.name}: {size:.2f} MB, drawn after {seconds:.2f} s")
        if arguments.timing is not None:
            checks.that(
                seconds < arguments.timing,
                f"opening took {seconds:.2f} s, more than {arguments.timing:g} s",
            )
            checks.that(size < 15, f"the file has {size:.1f} MB")
        if arguments.command:
            check_command(page, checks)
            return
        expected = expected_charts(page)
        check_silence(page, checks)
        check_marks(page, checks, expected)
        check_genes(page, checks)
        check_lists(page, checks)
        check_trials(page, checks)
        check_compute(page, checks)
        if "learning" in expected:
            check_learning(page, checks)
        if "pair" in expected:
            check_pair(page, checks)
        if "family" in expected:
            check_hover(page, checks)
            check_choice(page, checks)
            check_brush(page, checks)
        if page.charts():
            check_dark(page, checks)
        check_silence(page, checks)
        if arguments.screenshots:
            arguments.screenshots.mkdir(parents=True, exist_ok=True)
        check_layout(page, checks, arguments.screenshots, arguments.file.stem)
        check_paper(page, checks)
        check_print(page, checks, arguments.screenshots, arguments.file.stem)
        check_silence(page, checks)
        if arguments.escaping:
            check_escaping(page, checks)
        check_address(page, checks)
        check_silence(page, checks)


def check_command(page, checks):
    """What only GPTs have is not there; all charts are drawn."""
    check_silence(page, checks)
    check_trials(page, checks)
    titles = page.ask("[...document.querySelectorAll('main > section > h2')].map((h) => h.textContent)")
    for title in ("What the compute has bought", "Generated names", "What a better score costs"):
        checks.that(title not in titles, f"'{title}' is shown of a command")
    for title in ("Trajectory", "Which genes matter", "All organisms"):
        checks.that(title in titles, f"'{title}' is not shown")
    text = page.ask("document.body.innerText")
    for word in ("parameters,", "FLOP", "NaN", "undefined", "nats"):
        checks.that(word not in text, f"'{word}' is shown of a command")
    checks.that(len(page.charts()) >= 5, f"only {len(page.charts())} charts are drawn")


def run(arguments, checks):
    check_file(arguments, checks)
    if not arguments.lists:
        return
    with tempfile.TemporaryDirectory() as folder:
        arguments.file, _ = with_lists(arguments.file, pathlib.Path(folder))
        arguments.escaping = False
        check_file(arguments, checks)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--screenshots", type=pathlib.Path, metavar="DIR")
    parser.add_argument(
        "--timing", type=float, metavar="SECONDS", help="the report must be drawn within this time"
    )
    parser.add_argument(
        "--escaping",
        action="store_true",
        help="the file has markup in its texts, which must stay text",
    )
    parser.add_argument(
        "--lists",
        action="store_true",
        help="also looks at a copy with an ablation, category effects and pairs of genes",
    )
    parser.add_argument(
        "--command",
        action="store_true",
        help="of a run of evolve_command, which has genes of its own and no costs",
    )
    arguments = parser.parse_args()
    checks = Checks()
    try:
        run(arguments, checks)
    except BrowserError as error:
        checks.that(False, str(error))
    print(f"{checks.count} checks, {len(checks.failures)} failed")
    return 1 if checks.failures else 0


if __name__ == "__main__":
    sys.exit(main())
