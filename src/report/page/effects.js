// What follows the importance of single genes: categories compared, and genes that act together.
(function (report) {
  "use strict";

  const { el, data, format, isNumber } = report;

  function differenceText({ difference, within }) {
    const gain = report.lower ? -difference : difference;
    const interval = isNumber(within) ? ` ± ${format.score(within)}` : "";
    const text = report.gainText(gain) + interval;
    return report.isClear(gain, within) ? text : [text + " ", el("small", {}, "not clear")];
  }

  const categoryRow = (row) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, `${report.geneNamed(row.gene).label}: ${row.category}`),
      el("td", {}, format.plural(row.count, "organism")),
      el("td", {}, differenceText(row)),
    );

  const pairRow = ({ first, second, share }) =>
    el(
      "tr",
      {},
      el(
        "th",
        { scope: "row" },
        `${report.geneNamed(first).label} and ${report.geneNamed(second).label}`,
      ),
      el("td", { class: "wide" }, report.shareBar(share)),
    );

  function list(title, caption, titles, rows) {
    if (!rows.length) return null;
    return el(
      "div",
      {},
      el("h3", {}, title),
      el("p", { class: "caption" }, caption),
      report.geneTable(titles, rows, title),
    );
  }

  const categories = () =>
    list(
      "Category against the others",
      `The mean ${data.objective.label} of the organisms with the category, compared with that ` +
        "of all others, ± half of the 95 % interval; evolution chose who has it, so this is " +
        "not the effect of the category alone.",
      ["category", "organisms", "than the others"],
      (data.categories || []).map(categoryRow),
    );

  const pairs = () =>
    list(
      "Genes that act together",
      "The share of the variance in rank that the two explain together, beyond what each " +
        "explains alone.",
      ["genes", "explained only together"],
      (data.pairs || []).map(pairRow),
    );

  // Runs before there were categories have neither.
  report.effectLists = () => el("div", { class: "effects" }, categories(), pairs());
})(window.report);
