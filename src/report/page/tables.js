// What is best said in rows: names, finalists, the ten best, and what was learned.
(function (report) {
  "use strict";

  const { el, data, columns, format, isNumber } = report;
  const { objective } = data;

  // The generations in order, marked where one improved on all before it.
  function speeches() {
    const rows = (data.generations || [])
      .filter((row) => isNumber(row.best))
      .sort((a, b) => a.generation - b.generation || a.island - b.island);
    let best = null;
    return rows.map((row) => {
      const improved = best === null || report.better(row.best, best);
      if (improved) best = row.best;
      return { ...row, improved };
    });
  }

  const spoken = (names) =>
    (names || []).length ? names.map((name) => [el("q", { dir: "auto" }, name), " "]) : format.none;

  function nameTable(rows) {
    const columnsShown = [
      { title: "generation", number: true, value: (row) => format.whole(row.generation) },
      report.several ? { title: "island", number: true, value: (row) => String(row.island) } : null,
      { title: "best organism", number: true, value: (row) => report.link(row.best_id) },
      { title: objective.label, number: true, value: (row) => format.score(row.best) },
      {
        title: "names it speaks",
        value: (row) => el("span", { class: "names" }, spoken(row.names)),
      },
    ].filter(Boolean);
    return report.table(columnsShown, rows, "Names by generation", "speech");
  }

  report.buildNames = function () {
    const section = report.section(
      "names",
      "What they speak",
      "The names that the best organism of a generation invents: from noise towards " +
        "something one could be called.",
    );
    const rows = speeches();
    if (!rows.some((row) => (row.names || []).length)) {
      section.append(report.empty("No organism has spoken in this run."));
      return;
    }
    addFolding(section, rows);
  };

  function addFolding(section, rows) {
    const leading = rows.filter((row) => row.improved);
    const holder = el("div", {});
    let all = false;
    const button = el("button", { type: "button", onclick: () => show(!all) });
    function show(every) {
      all = every;
      holder.replaceChildren(nameTable(all ? rows : leading));
      button.textContent = all
        ? "Show successive champions only"
        : `Show all ${format.whole(rows.length)} rows`;
      button.setAttribute("aria-expanded", String(all));
    }
    show(false);
    section.append(holder);
    if (rows.length > leading.length) section.append(button);
  }

  report.buildFinalists = function () {
    const section = report.section(
      "finalists",
      "Finalists",
      `The best of the search, trained anew with fresh luck: the ${objective.label} to ` +
        "expect is the mean ± its standard error, and luck is the score in the search minus " +
        "that mean.",
    );
    const rows = data.finalists || [];
    if (!rows.length) {
      section.append(report.empty("This run has no final trainings."));
      return;
    }
    section.append(
      report.table(
        [
          { title: "organism", number: true, value: (row) => report.link(row.id) },
          { title: objective.label, number: true, value: (row) => format.estimate(row.mean_score) },
          ...(objective.name === "held-out"
            ? []
            : [
                {
                  title: "validation loss",
                  number: true,
                  value: (row) => format.estimate(row.validation),
                },
              ]),
          { title: "test loss", number: true, value: (row) => format.estimate(row.test) },
          {
            title: "luck",
            number: true,
            value: (row) =>
              isNumber(row.luck) ? format.signed(row.luck, format.decimals) : format.none,
          },
          { title: "trainings", number: true, value: (row) => format.whole(row.replicates) },
          { title: "failed", number: true, value: (row) => format.whole(row.failures) },
        ],
        rows.map((row) => ({ ...row, highlight: row.id === report.championId })),
        "Finalists",
      ),
    );
  };

  report.buildTop = function () {
    const section = report.section(
      "top",
      "The ten best",
      `The organisms with the best ${objective.label} in the search, each counted once, ` +
        "however often it was copied.",
    );
    const rows = report.ranking
      .slice(0, 10)
      .map((row, i) => ({ rank: i + 1, ...report.organism(columns.id[row]) }));
    if (!rows.length) {
      section.append(report.empty("No training has succeeded yet."));
      return;
    }
    section.append(
      report.table(
        [
          { title: "", number: true, value: (row) => String(row.rank) },
          { title: "organism", number: true, value: (row) => report.link(row.id) },
          { title: objective.label, number: true, value: (row) => format.score(row.score) },
          ...data.genes.map((gene) => ({
            title: gene.label,
            number: true,
            value: (row) => format.gene(gene.name, row.genes[gene.name]),
          })),
          { title: "parameters", number: true, value: (row) => format.whole(row.parameters) },
          { title: "training", number: true, value: (row) => format.flops(row.flops) },
        ],
        rows.map((row) => ({ ...row, highlight: report.isChampion(row.id) })),
        "The ten best organisms",
      ),
    );
  };

  report.buildInsights = function () {
    const section = report.section(
      "insights",
      "What was learned",
      "Drawn from the numbers above, in words.",
    );
    const list = data.insights || [];
    section.append(
      list.length
        ? el(
            "ul",
            { class: "insights" },
            list.map((each) => el("li", {}, each)),
          )
        : report.empty("Too little has been trained to draw conclusions."),
    );
  };
})(window.report);
