"""A copy of a report with an ablation, category effects and pairs of genes of known values."""

import json
import re

DATA = re.compile(r'(<script type="application/json" id="data">)(.*?)(</script>)', re.DOTALL)
PRIMORDIAL = {"n_emb": 16, "n_head": 4, "n_layer": 1, "n_ctx": 16, "n_ff_exp": 4, "lr": 0.005}

# Worth and half the width of its interval: clear, not clear, harmful, of one pair, of none.
WORTHS = ((0.0412, 0.0101), (0.0123, 0.0305), (-0.0221, 0.0087), (0.0052, None), (None, None))


def ablation(data):
    """Of the first genes and all categories: as many rows as there are kinds of worth, or more."""
    sign = 1 if data["objective"]["better"] == "lower" else -1
    row = data["organisms"]["id"].index(data["champion"]["id"])
    genes = [gene for gene in data["genes"] if "categories" in gene]
    genes += [gene for gene in data["genes"] if gene["name"] in PRIMORDIAL]
    rows = []
    for i, gene in enumerate(genes):
        worth, within = WORTHS[i % len(WORTHS)]
        difference = {"mean": sign * (worth or 0), "standard_error": 0.004, "count": 8}
        rows.append(
            {
                "gene": gene["name"],
                "primordial": PRIMORDIAL.get(gene["name"], 0),
                "champion": data["organisms"][gene["name"]][row],
                "difference": None if worth is None else difference,
                "within": within,
                "failures": 8 if worth is None else 0,
            }
        )
    return rows


def categories(data):
    """Of every category: good and clear, bad and clear, not clear, in turn."""
    sign = 1 if data["objective"]["better"] == "lower" else -1
    names = [(gene, name) for gene in data["genes"] for name in gene.get("categories", [])]
    return [
        {
            "gene": gene["name"],
            "category": name,
            "count": 7 + i,
            "difference": sign * (-0.05, 0.04, 0.01)[i % 3],
            "within": 0.02,
        }
        for i, (gene, name) in enumerate(names)
    ]


def pairs(data):
    """Of ordinary names, and of the longest."""
    by_length = sorted(data["genes"], key=lambda gene: len(gene["label"]))
    first, second = (gene["name"] for gene in by_length[-2:])
    return [
        {"first": "lr", "second": "steps", "share": 0.18},
        {"first": first, "second": second, "share": 0.07},
    ]


def with_lists(file, folder):
    """Writes the copy into a folder. Returns its path and the data."""
    page = file.read_text(encoding="utf-8")
    data = json.loads(DATA.search(page)[2])
    known = [gene["categories"] for gene in data["genes"] if "categories" in gene]
    if known:
        min(known, key=len).append("unused")  # which no organism has
    data["ablation"] = ablation(data)
    data["categories"] = categories(data)
    data["pairs"] = pairs(data)
    text = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
    copy = folder / f"{file.parent.name}-lists.html"
    copy.write_text(DATA.sub(lambda m: m[1] + text + m[3], page), encoding="utf-8")
    return copy, data


def check_lists(page, checks):
    """What there is in the data is shown; what there is not leaves no trace."""
    data = page.ask(
        "({ablation: [], categories: [], pairs: [], ...report.data, organisms: null, timings: null})"
    )
    checks.none(page.ask("probe.headless()"), "tables without headings")
    check_ablation(page, checks, data)
    if not page.ask("document.querySelector('#importance table') === null"):
        check_effects(page, checks, data)


def label_of(data, name):
    return next(gene["label"] for gene in data["genes"] if gene["name"] == name)


def check_ablation(page, checks, data):
    hidden = page.ask("document.getElementById('ablation').hidden")
    checks.that(hidden == (not data["ablation"]), "the ablation is shown although there is none")
    listed = "What each change was worth" in page.ask("probe.lines('#contents li')")
    checks.that(listed == bool(data["ablation"]), "the ablation is wrong in the contents")
    sign = 1 if data["objective"]["better"] == "lower" else -1
    rows = page.ask("probe.lines('#ablation tbody tr')")
    drawn = page.ask("probe.drawn()")
    checks.that(len(rows) == len(data["ablation"]), f"the ablation has {len(rows)} rows")
    for row, text, bar in zip(data["ablation"], rows, drawn):
        check_worth(page, checks, row, text, label_of(data, row["gene"]))
        worth = row["difference"] and sign * row["difference"]["mean"]
        check_bar(checks, worth, row["within"], bar)
    check_one_scale(checks, data["ablation"], drawn)


def number(value, page):
    return page.ask(f"report.format.fixed({value}, report.format.decimals)")


def check_worth(page, checks, row, text, label):
    """Gene, values and worth in words."""
    values = [
        page.ask(f"report.format.gene('{row['gene']}', {row[which]})")
        for which in ("primordial", "champion")
    ]
    wanted = [label, " → ".join(values)]
    within, difference = row["within"], row["difference"]
    if difference:
        lower = page.ask("report.lower")
        worth = difference["mean"] if lower else -difference["mean"]
        wanted += [("+" if worth > 0 else "") + number(worth, page)]
        wanted += ["± " + number(within, page)] if within is not None else []
        clear = within is not None and abs(worth) > within
        checks.that(("not clear" in text) != clear, f"wrongly clear or not: {text}")
    if row["failures"]:
        wanted.append("failed")
    lacking = [each for each in wanted if each not in text]
    checks.none(lacking, f"what the row {text!r} lacks")


def check_bar(checks, worth, within, bar):
    """The bar begins at 0, on the side of its sign; the middle of the interval is its other end."""
    if worth is None:
        checks.that(bar["bar"] is None, "a bar without a worth")
        return
    left, right = bar["bar"]
    at_zero, tip = (left, right) if worth > 0 else (right, left)
    checks.that(abs(at_zero - bar["zero"]) < 2, f"a bar begins {at_zero - bar['zero']} px beside 0")
    checks.that((bar["interval"] is None) == (within is None), "an interval too many or too few")
    if bar["interval"]:
        middle = sum(bar["interval"]) / 2
        checks.that(abs(middle - tip) < 2, f"an interval is {middle - tip} px beside its bar")
        apart = (bar["interval"][0] - bar["zero"]) * (bar["interval"][1] - bar["zero"]) > 0
        checks.that(apart == (abs(worth) > within), "the interval is on the wrong side of 0")
        box = bar["box"]
        inside = box[0] - 1 <= bar["interval"][0] and bar["interval"][1] <= box[1] + 1
        checks.that(inside, "an interval is cut off")


def check_one_scale(checks, rows, drawn):
    scales = [
        (bar["interval"][1] - bar["interval"][0]) / row["within"]
        for row, bar in zip(rows, drawn)
        if bar["interval"]
    ]
    same = not scales or max(scales) < min(scales) * 1.1
    checks.that(same, f"the intervals have different scales: {scales}")


def check_effects(page, checks, data):
    titles = page.ask("probe.lines('#importance h3')")
    wanted = ["Category against the others"] if data["categories"] else []
    wanted += ["Genes that act together"] if data["pairs"] else []
    checks.that(titles == wanted, f"lists below the importance: {titles}, not {wanted}")
    rows = page.ask("probe.lines('#importance .effects tbody tr')")
    expected = [category_texts(page, data, row) for row in data["categories"]]
    expected += [pair_texts(data, row) for row in data["pairs"]]
    checks.that(len(rows) == len(expected), f"{len(rows)} rows below the importance")
    for text, parts in zip(rows, expected):
        checks.none([part for part in parts if part not in text], f"what {text!r} lacks")


def category_texts(page, data, row):
    gain = row["difference"] * (-1 if data["objective"]["better"] == "lower" else 1)
    size, within = number(abs(gain), page), number(row["within"], page)
    clear = [] if abs(gain) > row["within"] else ["not clear"]
    kind = "better" if gain > 0 else "worse"
    head = f"{label_of(data, row['gene'])}: {row['category']}"
    return [head, f" {row['count']} organisms", f"{kind} by {size} ± {within}", *clear]


def pair_texts(data, row):
    first, second = (label_of(data, row[which]) for which in ("first", "second"))
    return [f"{first} and {second}", f"{round(row['share'] * 100)} %"]
