"""Categories have their names everywhere, and many genes do not crowd the page."""

import json

MOST = 8  # genes where there is no room for all


def check_genes(page, checks):
    """Also right for a run without categories and with few genes, of which it asks little."""
    genes = page.ask("report.data.genes")
    if page.ask("report.championId") is not None:
        for gene in genes:
            if "categories" in gene:
                check_category(page, checks, gene)
    if "parallel" in page.charts():
        check_folding(page, checks, genes)


def check_category(page, checks, gene):
    name, label, categories = gene["name"], gene["label"], gene["categories"]
    value = page.ask(f"report.organism(report.championId).genes[{json.dumps(name)}]")
    cards = page.ask("probe.lines('#header .gene')")
    checks.that(f"{label} {categories[value]}" in cards, f"the header lacks {label}: {cards}")
    cells = page.ask(f"probe.cells('#top', {json.dumps(label)})")
    strange = [cell for cell in cells if cell not in categories]
    checks.that(cells and not strange, f"{label} in the ten best is {cells}")
    texts = page.ask(f"probe.textsOf('slice-{name}')")
    shown = [text for text in texts if text in categories]
    checks.that(shown == categories, f"the axis of {name} shows {shown}, not {categories}")
    dots = page.ask(f"probe.dots({json.dumps(name)})")
    astray = [dot for dot in dots if round(dot["x"]) != dot["value"]]
    checks.that(dots and not astray, f"dots outside of their column of {name}: {astray[:3]}")
    places = {dot["x"] for dot in dots}
    checks.that(len(places) > len(dots) // 2, f"the dots of {name} hide each other")
    check_words(page, checks, gene)


def check_words(page, checks, gene):
    """Where a value of the gene is part of a text."""
    name = json.dumps(gene["name"])
    for index, category in enumerate(gene["categories"]):
        text = page.ask(f"report.format.gene({name}, {index})")
        checks.that(text == category, f"value {index} of {name} is {text!r}, not {category!r}")
    change = page.ask(f"report.changeText({{gene: report.geneNamed({name}), from: 0, to: 1}})")
    wanted = f"{gene['label']} {gene['categories'][0]} → {gene['categories'][1]}"
    checks.that(change == wanted, f"a change is {change!r}, not {wanted!r}")
    bests = page.ask(
        f"report.data.importance.filter((row) => row.gene === {name}).map((row) => row.best)"
    )
    rows = page.ask("probe.lines('#importance tr')")
    for best in bests:
        found = [row for row in rows if row.startswith(gene["label"]) and row.endswith(best)]
        checks.that(bool(found), f"the best {name}, {best}, is not in the table of importance")
        directed = [row for row in found if "is better" in row or "direction" in row]
        checks.none(directed, "categories have no direction")


def check_folding(page, checks, genes):
    """Of many genes, those that matter most; a button shows all."""
    axes = page.ask("probe.parallelAxes()")
    checks.that(axes == min(len(genes), MOST) + 1, f"{axes} parallel axes for {len(genes)} genes")
    button = "document.querySelector('#parallel button')"
    if len(genes) <= MOST:
        checks.that(page.ask(f"{button} === null"), "there is nothing to unfold, but a button")
        return
    leading = page.ask("report.data.importance.map((row) => row.gene)")[:MOST]
    shown = page.ask("report.leadingGenes.map((each) => each.name)")
    checks.that(set(shown) == set(leading), f"shown are {shown}, most important are {leading}")
    for width in (1280, 390):
        check_unfolded(page, checks, button, len(genes), width)


def check_unfolded(page, checks, button, genes, width):
    page.open(width=width)
    page.ask(f"{button}.click()")
    page.browser.frames(4)
    axes = page.ask("probe.parallelAxes()")
    checks.that(axes == genes + 1, f"at {width} px the button shows {axes} axes of {genes + 1}")
    overflow = page.ask("probe.overflow()")
    checks.that(overflow <= 0, f"with all genes the page is {overflow} px too wide at {width} px")
    found = [each for each in page.ask("probe.overlapsInCharts()") if each.startswith("parallel")]
    checks.none(found, f"labels of all genes overlap at {width} px")
    texts = page.ask("probe.textsOf('parallel')")
    names = page.ask("report.data.genes.flatMap((each) => each.categories || [])")
    checks.none([each for each in names if each not in texts], "categories without a label")
    page.ask(f"{button}.click()")
    page.browser.frames(4)
    again = page.ask("probe.parallelAxes()")
    checks.that(again == MOST + 1, f"the button folds to {again} axes")
    page.open()
