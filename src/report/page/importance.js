// How much of the variance in rank each gene explains.
(function (report) {
  "use strict";

  const { el, data, format } = report;

  const largerIsBetter = (trend) => (report.lower ? trend < 0 : trend > 0);

  function trendText(trend) {
    if (!report.isNumber(trend)) return format.none;
    if (Math.abs(trend) < 0.1) return ["→ no clear direction ", number(trend)];
    return [largerIsBetter(trend) ? "↗ larger is better " : "↘ smaller is better ", number(trend)];
  }

  const number = (trend) => el("small", {}, format.signed(trend, 2));

  // A category is already text.
  function bestText(gene, row) {
    if (gene.categories) return row.best || format.none;
    const value = Number(row.best);
    return Number.isFinite(value) && row.best !== ""
      ? format.gene(gene.name, value)
      : String(row.best);
  }

  report.shareBar = function (share) {
    const width = Math.max(0, Math.min(1, share));
    return el(
      "div",
      { class: "share" },
      el("span", { class: "bar", style: `--share:${width}` }),
      el("span", { class: "value" }, format.percent(share)),
    );
  };

  function rowOf(row) {
    const gene = report.geneNamed(row.gene);
    return el(
      "tr",
      {},
      el("th", { scope: "row" }, gene.label),
      el("td", { class: "wide" }, report.shareBar(row.importance)),
      el("td", { class: "trend" }, gene.categories ? format.none : trendText(row.trend)),
      el(
        "td",
        { class: "best" },
        el("span", { class: "only-narrow" }, "best: "),
        report.withUnit(bestText(gene, row), gene.unit),
      ),
    );
  }

  report.buildImportance = function () {
    const section = report.section(
      "importance",
      "Which genes matter",
      "The bar is the share of the variance in rank that the gene explains; the number " +
        `beside the arrow is its rank correlation with the ${data.objective.label}, from −1 ` +
        "to 1.",
    );
    if (!(data.importance || []).length) {
      section.append(report.empty("Too few trainings have succeeded to compare the genes."));
      return;
    }
    const titles = ["gene", "differences explained", "trend", "best value"];
    section.append(
      report.geneTable(titles, data.importance.map(rowOf), "Which genes matter"),
      report.effectLists(),
    );
  };
})(window.report);
