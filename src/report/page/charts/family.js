// The family tree of one organism, and its line of descent in words.
(function (report) {
  "use strict";

  const { el, data, columns, format, axes, lineage, isNumber } = report;

  const symbols = {
    primordial: "diamond",
    random: "rect",
    immigrant: "triangle",
    crossover: "roundRect",
    mutant: "circle",
    hypermutant: "arrow",
    neighbour: "circle",
  };
  const hollow = new Set(["neighbour"]);
  const plain = new Set(["primordial", "random", "immigrant"]);

  // Within a generation, organisms are in order of birth.
  const place = new Map();
  function placeOf(organism) {
    if (!place.size) fillPlaces();
    return organism.generation + place.get(organism.id);
  }

  function fillPlaces() {
    const groups = new Map();
    report.trained.forEach((row) => {
      const generation = columns.generation[row];
      if (!groups.has(generation)) groups.set(generation, []);
      groups.get(generation).push(columns.id[row]);
    });
    for (const ids of groups.values()) {
      ids.forEach((id, i) => place.set(id, ((i + 0.5) / ids.length - 0.5) * 0.7));
    }
  }

  let tree = null;
  let range = null;

  const scores = () => tree.nodes.map((id) => report.organism(id).score).filter(isNumber);

  function fit() {
    const values = scores();
    if (!values.length) values.push(report.range.low, report.range.high);
    const low = Math.max(report.range.low, Math.min(...values));
    const high = Math.min(report.range.high, Math.max(...values));
    const margin = (high - low || 0.02) * 0.08;
    range = { low: low - margin, high: high + margin };
  }

  // Failed organisms and outliers are drawn at the worse edge.
  function point(id) {
    const organism = report.organism(id);
    const worst = report.lower ? range.high : range.low;
    const score = isNumber(organism.score) ? organism.score : worst;
    return [placeOf(organism), Math.min(range.high, Math.max(range.low, score)), id];
  }

  const gainOf = ({ parent, child }) =>
    lineage.gain(report.organism(parent), report.organism(child));

  function edges(paid, color, width) {
    const chosen = tree.edges.filter((edge) => gainOf(edge) > 0 === paid);
    return {
      type: "lines",
      coordinateSystem: "cartesian2d",
      clip: true,
      zlevel: 0,
      progressive: 0,
      z: paid ? 3 : 2,
      data: chosen.map((edge) => ({
        coords: [point(edge.parent).slice(0, 2), point(edge.child).slice(0, 2)],
        edge,
      })),
      lineStyle: { color, width, opacity: paid ? 0.75 : 0.5, curveness: 0.12 },
      emphasis: { lineStyle: { width: width + 2, opacity: 1 } },
    };
  }

  function descent() {
    const { theme } = report;
    const pairs = tree.line.slice(1).map((parent, i) => ({ parent, child: tree.line[i] }));
    return {
      type: "lines",
      coordinateSystem: "cartesian2d",
      clip: true,
      zlevel: 0,
      progressive: 0,
      z: 4,
      data: pairs.map((edge) => ({
        coords: [point(edge.parent).slice(0, 2), point(edge.child).slice(0, 2)],
        edge,
      })),
      lineStyle: { color: theme.accent, width: 2.5, opacity: 0.9, curveness: 0.12 },
      emphasis: { lineStyle: { width: 4.5 } },
    };
  }

  function nodes() {
    const { theme } = report;
    const groups = data.origins.filter(
      (origin) => symbols[origin] || !["elite", "migrant"].includes(origin),
    );
    return groups
      .map((origin) => ({
        id: origin,
        type: "scatter",
        z: 5,
        symbol: symbols[origin] || "circle",
        symbolSize: tree.nodes.length > 80 ? 9 : 12,
        data: tree.nodes.filter((id) => report.organism(id).origin === origin).map(point),
        itemStyle: hollow.has(origin)
          ? { color: theme.surface, borderColor: originColor(origin), borderWidth: 2 }
          : { color: originColor(origin), borderColor: theme.surface, borderWidth: 1 },
      }))
      .filter((each) => each.data.length);
  }

  function originColor(origin) {
    if (plain.has(origin)) return report.theme.muted;
    const rest = data.origins.filter((each) => !plain.has(each));
    return report.categoryColor(rest.indexOf(origin));
  }

  function option(width) {
    const { theme } = report;
    const left = 58;
    const places = tree.nodes.map((id) => placeOf(report.organism(id)));
    const first = Math.floor(Math.min(...places) + 0.5);
    const last = Math.ceil(Math.max(...places) - 0.5);
    const labels = axes.at(
      first === last ? [first] : axes.integerTicks(first, last, Math.floor(width / 60)),
      format.whole,
    );
    return {
      grid: { left, right: 18, top: 40, bottom: 50, outerBoundsMode: "none" },
      xAxis: axes.horizontal({
        type: "value",
        min: first - 0.5,
        max: last + 0.5,
        name: "generation",
        ...labels,
      }),
      yAxis: axes.scoreAxis(left, range),
      series: [
        edges(false, theme.faint, 1.2),
        edges(true, theme.good, 1.6),
        descent(),
        ...nodes(),
        report.ring("selected", [point(tree.root)], 18),
      ],
    };
  }

  function edgeTip({ parent, child }) {
    const from = report.organism(parent);
    const to = report.organism(child);
    return el(
      "div",
      { class: "card" },
      el("strong", {}, `Organism ${parent} → ${child}`),
      el("div", {}, report.capital(report.changesText(lineage.changes(from, to)))),
      el("div", {}, report.capital(report.gainText(gainOf({ parent, child })))),
    );
  }

  const tip = (params) =>
    params.data.edge ? edgeTip(params.data.edge) : report.card(params.data[2]);

  function organismAt(params) {
    if (!params.data) return null;
    return params.data.edge ? params.data.edge.child : params.data[2];
  }

  function step(child, parent) {
    const to = report.organism(child);
    if (parent === undefined) {
      return el(
        "li",
        {},
        el("div", {}, report.link(child), ` ${to.origin}`),
        el(
          "div",
          { class: "change" },
          `where the line begins: ${data.objective.label} ${format.score(to.score)}`,
        ),
      );
    }
    const gain = gainOf({ parent, child });
    return el(
      "li",
      { class: gain > 0 ? "paid" : null },
      el("div", {}, report.link(parent), " → ", report.link(child), ` ${to.origin}`),
      el(
        "div",
        { class: "change" },
        report.changesText(lineage.changes(report.organism(parent), to)),
      ),
      el("div", { class: "gain" }, report.gainText(gain)),
    );
  }

  function list() {
    return el(
      "ol",
      { class: "descent", tabindex: "0", "aria-label": "The line of descent" },
      tree.line.map((child, i) => step(child, tree.line[i + 1])),
    );
  }

  function note() {
    const asked = report.shown;
    const copy = asked !== tree.root ? `Organism ${asked} is a copy of ${tree.root}. ` : "";
    if (tree.ancestors === 0) return `${copy}Organism ${tree.root} has no ancestors on record.`;
    const all = `${copy}Organism ${tree.root} has ${format.plural(tree.ancestors, "ancestor")}`;
    if (tree.complete) return `${all}, all of them shown.`;
    return (
      `${all}; shown are the nearest, ${format.plural(tree.depth, "step")} back, and the ` +
      "whole line of descent."
    );
  }

  const legend = () => {
    const { theme } = report;
    const present = data.origins.filter((origin) =>
      tree.nodes.some((id) => report.organism(id).origin === origin),
    );
    return report.legend([
      { mark: "line", color: theme.accent, text: "line of descent" },
      { mark: "line", color: theme.good, text: "better than the parent" },
      { mark: "thin", color: theme.faint, text: "not better" },
      ...present.map((origin) => ({
        mark: hollow.has(origin) ? "ring" : symbols[origin] || "circle",
        color: originColor(origin),
        text: origin,
      })),
    ]);
  };

  let parts = null;

  report.showFamily = function (id) {
    if (!parts) return;
    tree = lineage.tree(id);
    fit();
    parts.title.textContent = `Family tree of organism ${id}`;
    parts.note.textContent = note();
    parts.legend.replaceChildren(legend());
    parts.list.replaceChildren(el("h3", {}, "The line of descent"), list());
    report.familyRoot = tree.root;
    report.drawChart("family");
  };

  report.buildFamily = function () {
    const section = report.section(
      "family",
      "Family tree",
      `Every ancestor at its generation and its ${data.objective.label}; lines lead from ` +
        "parent to child and show what changed when hovered over. Copies (elite, migrant) are " +
        "drawn as the organism that they copy.",
    );
    if (!report.scored.length) {
      section.append(
        report.empty("No training has succeeded yet, so nothing has ancestors worth drawing."),
      );
      return;
    }
    parts = {
      title: section.querySelector("h2"),
      note: el("p", { class: "note" }),
      legend: el("div", {}),
      list: el("div", { class: "line" }),
    };
    const drawing = el("div", { class: "drawing" });
    section.append(parts.note, parts.legend, el("div", { class: "family" }, drawing, parts.list));
    report.addChart("family", {
      box: report.chartBox(drawing),
      label: "The ancestors of the selected organism.",
      height: (width) => (report.printing() ? 270 : Math.min(440, Math.max(340, width * 0.62))),
      option,
      tip,
      organismAt,
    });
  };
})(window.report);
