// An organism in words: links, and the card that appears when hovering over a mark.
(function (report) {
  "use strict";

  const { el, data, format } = report;

  report.link = (id) =>
    el("a", { class: "id", href: "#organism=" + id, "aria-label": "organism " + id }, String(id));

  report.withUnit = (text, unit) => (unit ? text + " " + unit : text);

  report.changeText = ({ gene, from, to }) =>
    `${gene.label} ${format.gene(gene.name, from)} → ${format.gene(gene.name, to)}`;

  report.changesText = (changes) =>
    changes.length ? changes.map(report.changeText).join(", ") : "no gene changed";

  function gainText(gain) {
    if (gain === null) return "no score to compare";
    const size = format.score(Math.abs(gain));
    return gain > 0 ? `better by ${size}` : gain < 0 ? `worse by ${size}` : "as good";
  }
  report.gainText = gainText;

  const rows = (pairs) =>
    el(
      "dl",
      { class: "pairs" },
      pairs.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]),
    );
  report.pairs = rows;

  const scoreName = data.objective.label;

  function born(organism) {
    const place = report.several ? `, island ${organism.island}` : "";
    return `${organism.origin}, generation ${organism.generation}${place}`;
  }
  report.born = born;

  report.genePairs = (organism, genes = data.genes) =>
    genes.map((gene) => [
      gene.label,
      report.withUnit(format.gene(gene.name, organism.genes[gene.name]), gene.unit),
    ]);

  // A tooltip has no room for twenty genes.
  function leadingPairs(organism) {
    const rest = data.genes.length - report.leadingGenes.length;
    const pairs = report.genePairs(organism, report.leadingGenes);
    return rest ? [...pairs, [`${rest} more genes`, "in the details"]] : pairs;
  }

  // The content of every tooltip of an organism.
  report.card = function (id, ...more) {
    const organism = report.organism(id);
    if (!organism) return el("div", { class: "card" }, `organism ${id} is not on record`);
    const parents = organism.parents.length ? organism.parents.join(" and ") : "none";
    return el(
      "div",
      { class: "card" },
      el("strong", {}, `Organism ${id}`, report.championId === id ? " · champion" : ""),
      el("div", { class: "born" }, born(organism)),
      more,
      rows([
        [
          scoreName,
          organism.failure !== null || !report.isNumber(organism.score)
            ? "training failed"
            : format.score(organism.score),
        ],
        ["parents", parents],
        ...leadingPairs(organism),
        ...report.costPairs(organism),
      ]),
    );
  };
})(window.report);
