// All genes and the score side by side: one line for each organism.
(function (report) {
  "use strict";

  const { el, data, columns, format, axes } = report;

  const mostLines = 1500;
  const keptBest = 500;

  // The best, and an even sample of the rest: worst first, so that the best are drawn on top.
  function chosen() {
    const { ranking } = report;
    if (ranking.length <= mostLines) return ranking.slice().reverse();
    const rest = ranking.slice(keptBest);
    const stride = rest.length / (mostLines - keptBest);
    const sample = Array.from(
      { length: mostLines - keptBest },
      (_, i) => rest[Math.floor(i * stride)],
    );
    return [...ranking.slice(0, keptBest), ...sample].reverse();
  }

  const rows = chosen();

  // All genes at once need more room than a page has.
  let all = false;
  const foldable = report.leadingGenes.length < data.genes.length;
  const genes = () => (all && !report.printing() ? data.genes : report.leadingGenes);

  const values = (row) => [
    ...genes().map((gene) => columns[gene.name][row]),
    report.clamp(columns.score[row]),
  ];

  const distinct = (name) =>
    [...new Set(rows.map((row) => columns[name][row]))].sort((a, b) => a - b);

  function wrap(text, most) {
    const lines = [""];
    for (const word of text.split(" ")) {
      const last = lines[lines.length - 1];
      if (last && (last + " " + word).length > most) lines.push(word);
      else lines[lines.length - 1] = last ? last + " " + word : word;
    }
    return lines;
  }

  function nameOf(label, unit, narrow) {
    if (narrow) return `{label|${label}}` + (unit ? ` {unit|${unit}}` : "");
    const lines = wrap(label, 12).map((line) => `{label|${line}}`);
    if (unit) lines.push(...wrap(unit, 13).map((line) => `{unit|${line}}`));
    return lines.join("\n");
  }

  // Lines run through the labels, which a rim in the colour of the paper keeps legible.
  const halo = () => ({ textBorderColor: report.theme.surface, textBorderWidth: 3 });

  function axis(dim, label, unit, scale, narrow) {
    const { theme } = report;
    return {
      dim,
      ...scale,
      name: nameOf(label, unit, narrow),
      nameLocation: narrow ? "start" : "end",
      z: 10,
      nameGap: narrow ? 0 : 8,
      nameMoveOverlap: false,
      nameTruncate: {},
      nameTextStyle: {
        lineHeight: 15,
        align: narrow ? "left" : "center",
        verticalAlign: "bottom",
        padding: narrow ? [0, 0, 9, 0] : 0,
        rich: {
          label: { ...halo(), color: theme.text, fontSize: 12, lineHeight: 15 },
          unit: { ...halo(), color: theme.muted, fontSize: 11, lineHeight: 14 },
        },
      },
      axisLine: { lineStyle: { color: theme.line, width: 1.2 } },
      axisTick: { ...scale.axisTick, show: true, length: 3, lineStyle: { color: theme.line } },
      axisLabel: {
        ...scale.axisLabel,
        ...halo(),
        color: theme.text,
        fontSize: 11,
        hideOverlap: true,
      },
    };
  }

  function scoreScale() {
    const { low, high } = report.range;
    const ticks = axes.ticks(low, high, 5);
    return {
      type: "value",
      min: low,
      max: high,
      ...axes.at(ticks, (value) => format.trim(value, 4)),
    };
  }

  function allAxes(narrow) {
    const count = narrow ? 6 : 8;
    const shown = genes();
    const scales = shown.map((gene, dim) =>
      axis(dim, gene.label, gene.unit, axes.geneAxis(gene, distinct(gene.name), count), narrow),
    );
    return [
      ...scales,
      axis(shown.length, data.objective.label, data.objective.unit, scoreScale(), narrow),
    ];
  }

  function lines() {
    const opacity = rows.length > 800 ? 0.25 : rows.length > 200 ? 0.4 : 0.6;
    return {
      id: "organisms",
      type: "parallel",
      progressive: 0,
      smooth: false,
      inactiveOpacity: 0.03,
      activeOpacity: opacity,
      data: rows.map((row) => ({
        value: values(row),
        organism: columns.id[row],
        lineStyle: { color: report.scoreColor(columns.score[row]), opacity, width: 1.2 },
      })),
      emphasis: { lineStyle: { width: 3, opacity: 1 } },
    };
  }

  function thick(id, organism, color, z) {
    const row = organism === null ? undefined : report.rowOf.get(organism);
    const known = row !== undefined && report.isNumber(columns.score[row]);
    return {
      id,
      type: "parallel",
      progressive: 0,
      z,
      inactiveOpacity: 0.6,
      activeOpacity: 1,
      data: known ? [{ value: values(row), organism }] : [],
      lineStyle: { color, width: 3, opacity: 1 },
    };
  }

  const select = (id) => [
    thick("selected", id === report.championId ? null : id, report.theme.text, 6),
  ];

  function option(width) {
    const narrow = width < 620;
    return {
      parallel: {
        layout: narrow ? "vertical" : "horizontal",
        left: narrow ? 14 : 52,
        right: narrow ? 14 : 52,
        top: narrow ? 34 : 78,
        bottom: narrow ? 26 : 22,
        parallelAxisDefault: {
          areaSelectStyle: {
            width: 18,
            color: report.theme.accent,
            opacity: 0.25,
            borderWidth: 1,
            borderColor: report.theme.accent,
          },
        },
      },
      parallelAxis: allAxes(narrow),
      series: [
        lines(),
        thick("champion", report.championId, report.theme.accent, 5),
        ...select(report.shown),
      ],
    };
  }

  function caption() {
    const some =
      report.ranking.length > mostLines
        ? ` Shown are the best ${keptBest} and an even sample of ` +
          `${format.whole(mostLines - keptBest)} of the other ` +
          `${format.whole(report.ranking.length - keptBest)}.`
        : "";
    return (
      `Each line is one organism, from gene to gene to its ${data.objective.label}; drag ` +
      "along an axis to keep only the lines that cross there, click the axis to " +
      `release.${some}${foldable ? " At first only the genes that matter most are shown." : ""}`
    );
  }

  function height(width) {
    return width < 620 ? Math.max(600, (genes().length + 1) * 68) : 440;
  }

  function addFolding(section, holder) {
    const button = el("button", { type: "button", onclick: () => show(!all) });
    function show(every) {
      all = every;
      holder.classList.toggle("unfolded", all);
      button.textContent = all
        ? `Show the ${report.leadingGenes.length} genes that matter most`
        : `Show all ${data.genes.length} genes`;
      button.setAttribute("aria-expanded", String(all));
      if (report.charts.parallel) report.drawChart("parallel");
    }
    show(false);
    section.append(button);
  }

  function legend() {
    const { theme } = report;
    return el(
      "div",
      { class: "legends" },
      report.scale(report.theme.scores, "worse", "better"),
      report.legend([
        { mark: "line", color: theme.accent, text: "champion" },
        { mark: "line", color: theme.text, text: "selected organism" },
      ]),
    );
  }

  report.buildParallel = function () {
    const section = report.section("parallel", "Genomes in parallel", caption());
    if (!rows.length) {
      section.append(
        report.empty("No training has succeeded yet, so there are no genomes to compare."),
      );
      return;
    }
    const holder = el("div", {
      class: "axes",
      style: `--axes:${data.genes.length + 1}`,
      tabindex: foldable ? "0" : null,
      role: foldable ? "region" : null,
      "aria-label": foldable ? "Genomes in parallel" : null,
    });
    section.append(report.redrawn(legend), holder);
    report.addChart("parallel", {
      box: report.chartBox(holder),
      label: "All genomes in parallel coordinates, coloured by score.",
      height,
      option,
      select,
      organismAt: (params) => (params.data ? params.data.organism : null),
    });
    if (foldable) addFolding(section, holder);
  };
})(window.report);
