// What each change from the primordial organism to the champion was worth.
(function (report) {
  "use strict";

  const { el, data, format, isNumber } = report;

  const rows = (data.ablation || []).map((row) => ({
    ...row,
    gene: report.geneNamed(row.gene),
    worth: row.difference ? row.difference.mean * (report.lower ? 1 : -1) : null,
  }));

  // All bars have one scale, which holds 0 and every interval.
  function scale() {
    const ends = rows
      .filter((row) => row.worth !== null)
      .flatMap((row) => [row.worth - (row.within || 0), row.worth + (row.within || 0)]);
    const low = Math.min(0, ...ends);
    return { low, span: Math.max(0, ...ends) - low || 1 };
  }

  const { low, span } = scale();
  const place = (from, to) => `--from:${(from - low) / span};--length:${(to - from) / span}`;

  const isClear = (row) => report.isClear(row.worth, row.within);

  function kind(row) {
    if (!isClear(row)) return "bar unclear";
    return row.worth < 0 ? "bar harm" : "bar";
  }

  // The numbers beside it say the same.
  function bar(row) {
    const { worth, within } = row;
    if (worth === null) return null;
    return el(
      "div",
      { class: "worth", "aria-hidden": "true" },
      el("span", { class: kind(row), style: place(Math.min(0, worth), Math.max(0, worth)) }),
      el("span", { class: "zero", style: place(0, 0) }),
      isNumber(within)
        ? el("span", { class: "interval", style: place(worth - within, worth + within) })
        : null,
    );
  }

  function worthText({ worth, within }) {
    if (worth === null) return format.none;
    const interval = isNumber(within) ? ` ± ${format.score(within)}` : "";
    return format.signed(worth, format.decimals) + interval;
  }

  function remark(row) {
    const failed = row.failures ? `${format.plural(row.failures, "training")} failed` : "";
    const unclear = row.worth !== null && !isClear(row) ? "not clear" : "";
    return [unclear, failed].filter(Boolean).join(", ");
  }

  function valuesText({ gene, primordial, champion }) {
    const [from, to] = [primordial, champion].map((value) => format.gene(gene.name, value));
    return report.withUnit(`${from} → ${to}`, gene.unit);
  }

  function rowOf(row) {
    return el(
      "tr",
      {},
      el("th", { scope: "row" }, row.gene.label),
      el("td", {}, valuesText(row)),
      el("td", { class: "amount" }, worthText(row), el("small", {}, remark(row))),
      el("td", { class: "wide drawn" }, bar(row)),
    );
  }

  report.buildAblation = function () {
    if (!rows.length) {
      document.getElementById("ablation").hidden = true;
      return;
    }
    const section = report.section(
      "ablation",
      "What each change was worth",
      "The champion was retrained with one gene at a time set back to its primordial value: the " +
        `worth of the change is how much worse its ${data.objective.label} became, ± half of the ` +
        "95 % interval, which the thin line shows; where that includes 0, it is not clear.",
    );
    const unit = `worth (${data.objective.unit})`;
    const titles = ["gene", "primordial → champion", unit, "drawn to scale"];
    section.append(report.geneTable(titles, rows.map(rowOf), "What each change was worth"));
  };
})(window.report);
