// Every organism in a table that can be sorted and filtered.
(function (report) {
  "use strict";

  const { el, data, format } = report;
  const most = 50; // rows at first

  const [organism, ...others] = report.organismColumns;
  const columns = [
    organism,
    {
      title: "generation",
      number: true,
      key: (row) => row.generation,
      value: (row) => String(row.generation),
    },
    { title: "origin", key: (row) => row.origin, value: (row) => row.origin },
    ...others,
  ];
  const score = others[0];

  // What is missing goes last, in both directions.
  function compare(column, descending) {
    return (a, b) => {
      const [x, y] = [column.key(a), column.key(b)];
      if (x === null || y === null) return (x === null) - (y === null);
      const order = x < y ? -1 : x > y ? 1 : a.id - b.id;
      return descending ? -order : order;
    };
  }

  // All that a row shows, in lower case.
  function textOf(row) {
    const shown = columns.map((column) => column.value(row));
    return shown.map((each) => each.textContent || each).join("\n").toLowerCase();
  }

  report.buildTrials = function () {
    const section = report.section(
      "trials",
      "All organisms",
      "Click a heading to sort by it, and again for the other direction; type words or numbers to keep " +
        "the rows that have them.",
    );
    const all = data.organisms.id
      .map((id) => report.organism(id))
      .filter((row) => !row.copy)
      .map((row) => ({ ...row, highlight: report.isChampion(row.id), text: textOf(row) }));
    let sorted = { column: score, descending: data.objective.better !== "lower" };
    let whole = false;
    const holder = el("div", {});
    const count = el("p", { class: "note", role: "status" });
    const more = el("button", { type: "button", onclick: toggle });
    const filter = el("input", {
      type: "search",
      "aria-label": "Filter the organisms",
      placeholder: "Filter",
    });

    function toggle() {
      whole = !whole;
      fill();
    }

    function sortBy(column) {
      sorted = { column, descending: sorted.column === column && !sorted.descending };
      fill();
      holder.querySelector("[aria-sort] button").focus();
    }

    function headOf(column) {
      const direction = sorted.descending ? "descending" : "ascending";
      return {
        ...column,
        head: el(
          "button",
          { type: "button", class: "sort", onclick: () => sortBy(column) },
          column.title,
        ),
        sorted: column === sorted.column ? direction : null,
      };
    }

    // "swiglu 64" keeps the rows in which both words stand.
    function fill() {
      const words = filter.value.toLowerCase().split(/\s+/);
      const rows = all
        .filter((row) => words.every((word) => row.text.includes(word)))
        .sort(compare(sorted.column, sorted.descending));
      const shown = whole ? rows : rows.slice(0, most);
      holder.replaceChildren(report.table(columns.map(headOf), shown, "All organisms", "trials"));
      count.textContent = `${format.whole(shown.length)} of ${format.whole(all.length)} are shown.`;
      more.hidden = rows.length <= most;
      more.textContent = whole ? `Show ${most} rows` : `Show all ${format.whole(rows.length)} rows`;
    }

    filter.addEventListener("input", fill);
    fill();
    section.append(filter, count, holder, more);
  };
})(window.report);
