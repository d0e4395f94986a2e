// Every organism in a table that can be sorted and filtered.
(function (report) {
  "use strict";

  const { el, data, columns, format } = report;
  const { objective } = data;
  const most = 50; // rows at first

  const fields = [
    { title: "organism", key: (row) => row.id, show: (row) => report.link(row.id) },
    { title: "generation", key: (row) => row.generation, show: (row) => String(row.generation) },
    { title: "origin", words: true, key: (row) => row.origin, show: (row) => row.origin },
    {
      title: objective.label,
      key: (row) => (report.isNumber(row.score) ? row.score : null),
      show: (row) => (row.failure ? "failed" : format.score(row.score)),
    },
    ...data.genes.map((gene) => ({
      title: gene.label,
      words: Boolean(gene.categories),
      key: (row) => row.genes[gene.name],
      show: (row) => format.gene(gene.name, row.genes[gene.name]),
    })),
    { title: "parameters", key: (row) => row.parameters, show: (row) => format.whole(row.parameters) },
    { title: "training", key: (row) => row.flops, show: (row) => format.flops(row.flops) },
  ];

  // What is missing goes last, in both directions.
  function compare(field, descending) {
    return (a, b) => {
      const [x, y] = [field.key(a), field.key(b)];
      if (x === null || y === null) return (x === null) - (y === null);
      const order = x < y ? -1 : x > y ? 1 : a.id - b.id;
      return descending ? -order : order;
    };
  }

  // "swiglu 64" keeps the rows in which both words stand.
  function filtered(rows, words) {
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    if (!wanted.length) return rows;
    return rows.filter((row) => {
      const texts = fields.map((field) => {
        const shown = field.show(row);
        return (shown.textContent || shown).toLowerCase();
      });
      return wanted.every((word) => texts.some((text) => text.includes(word)));
    });
  }

  report.buildTrials = function () {
    const section = report.section(
      "trials",
      "All organisms",
      "Click a heading to sort by it, and again for the other direction; type words or numbers to keep " +
        "the rows that have them.",
    );
    const all = columns.id.map((id) => report.organism(id)).filter((row) => !row.copy);
    let sorted = { field: fields[3], descending: objective.better !== "lower" };
    let words = "";
    let whole = false;
    const body = el("tbody", {});
    const count = el("p", { class: "note", role: "status" });
    const heads = fields.map((field) =>
      el(
        "th",
        { scope: "col", class: field.words ? null : "number" },
        el("button", { type: "button", class: "sort", onclick: () => sortBy(field) }, field.title),
      ),
    );
    const more = el("button", { type: "button", onclick: () => ((whole = !whole), fill()) });

    function sortBy(field) {
      sorted = { field, descending: sorted.field === field && !sorted.descending };
      fill();
    }

    function fill() {
      const rows = filtered(all, words).sort(compare(sorted.field, sorted.descending));
      const shown = whole ? rows : rows.slice(0, most);
      body.replaceChildren(
        ...shown.map((row) =>
          el(
            "tr",
            { class: report.isChampion(row.id) ? "champion" : null },
            fields.map((field) => el("td", { class: field.words ? null : "number" }, field.show(row))),
          ),
        ),
      );
      heads.forEach((head, i) => {
        if (fields[i] !== sorted.field) head.removeAttribute("aria-sort");
        else head.setAttribute("aria-sort", sorted.descending ? "descending" : "ascending");
      });
      count.textContent = `${format.whole(shown.length)} of ${format.whole(all.length)} are shown.`;
      more.hidden = rows.length <= most;
      more.textContent = whole ? `Show ${most} rows` : `Show all ${format.whole(rows.length)} rows`;
    }

    const filter = el("input", { type: "search", "aria-label": "Filter the organisms", placeholder: "Filter" });
    filter.addEventListener("input", () => {
      words = filter.value;
      fill();
    });
    fill();
    section.append(
      filter,
      count,
      el(
        "div",
        { class: "table", tabindex: "0", role: "region", "aria-label": "All organisms" },
        el("table", { class: "trials" }, el("thead", {}, el("tr", {}, heads)), body),
      ),
      more,
    );
  };
})(window.report);
