// The best score so far against the compute that was spent on it.
(function (report) {
  "use strict";

  const { el, data, columns, axes, format, isNumber } = report;

  // The trainings of the search in the order of birth: what has been spent with each, and the best
  // so far.
  function spending() {
    const rows = report.trained.filter((row) => columns.flops[row] > 0);
    let spent = 0;
    let best = null;
    return rows.map((row) => {
      spent += columns.flops[row];
      const score = columns.score[row];
      const improves = isNumber(score) && (best === null || report.better(score, best));
      if (improves) best = score;
      return { row, spent, score, best, improves };
    });
  }

  const pointOf = ({ row, spent, score }) => [spent, report.clamp(score), columns.id[row]];

  function series(all) {
    const { theme } = report;
    const scored = all.filter((each) => isNumber(each.score));
    const last = all[all.length - 1];
    const steps = all.filter((each) => each.improves).map(pointOf);
    return [
      report.dots(scored.map(pointOf)),
      {
        id: "best",
        type: "line",
        step: "end",
        z: 3,
        data: [...steps, [last.spent, report.clamp(last.best), null]],
        symbolSize: (value) => (value[2] === null ? 0 : 6),
        symbol: "circle",
        lineStyle: { color: theme.series, width: 2 },
        itemStyle: { color: theme.series },
      },
    ];
  }

  function select(all, id) {
    const found = all.find(({ row }) => columns.id[row] === report.original(id));
    return [report.ring("selected", found && isNumber(found.score) ? [pointOf(found)] : [])];
  }

  function option(all, width) {
    const left = 58;
    const low = all[0].spent * 0.85;
    const high = all[all.length - 1].spent * 1.1;
    return {
      grid: { left, right: 16, top: 40, bottom: 48, outerBoundsMode: "none" },
      xAxis: axes.costAxis(low, high, width - left, "FLOPs of the search so far"),
      yAxis: axes.scoreAxis(left),
      series: [...series(all), ...select(all, report.shown)],
    };
  }

  function legend() {
    const { theme } = report;
    return report.legend([
      { mark: "line", color: theme.series, text: "best so far" },
      { mark: "circle", color: theme.muted, text: "organism" },
      { mark: "ring", color: theme.accent, text: "selected organism" },
    ]);
  }

  report.buildCompute = function () {
    const section = report.section(
      "compute",
      "What the compute has bought",
      `The line is the best ${data.objective.label} so far, against the floating-point ` +
        "operations of the search up to then, in the order of birth. Where it is flat, " +
        `more of the same search bought little.${report.beyondNote()}`,
    );
    const all = spending();
    if (!all.some((each) => each.best !== null)) {
      section.append(report.empty("No training has succeeded yet, so nothing was bought."));
      return;
    }
    section.append(report.redrawn(legend), el("p", { class: "hint" }, said(all)));
    report.addChart("compute", {
      box: report.chartBox(section),
      label: `The best ${data.objective.label} against the operations that were spent.`,
      height: (width) => Math.min(340, Math.max(260, width * 0.45)),
      option: (width) => option(all, width),
      select: (id) => select(all, id),
      organismAt: (params) => (params.data ? params.data[2] : null),
    });
  };

  function said(all) {
    const { spent, best } = all[all.length - 1];
    const found = all.findLast((each) => each.improves);
    const share = Math.round((100 * found.spent) / spent);
    const of = `${format.si(spent).trim()} operations in ${format.plural(all.length, "training")}`;
    return `${of}; the best, ${format.score(best)}, was found after ${share} % of the operations.`;
  }
})(window.report);
