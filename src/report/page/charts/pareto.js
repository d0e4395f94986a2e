// What a better score costs: the Pareto front of score and cost.
(function (report) {
  "use strict";

  const { el, data, columns, axes } = report;

  const costs = {
    parameters: { label: "parameters", title: "Size of the model" },
    flops: { label: "FLOPs of the training", title: "Cost of the training" },
  };

  const pointMaker = (cost) => (row) => [
    columns[cost][row],
    report.clamp(columns.score[row]),
    columns.id[row],
  ];

  const frontRows = (cost) =>
    ((data.pareto || {})[cost] || [])
      .map((id) => report.rowOf.get(id))
      .filter((row) => row !== undefined && report.isNumber(columns.score[row]));

  function front(points, most) {
    const { theme } = report;
    const last = points[points.length - 1];
    const line = last ? [...points, [most, last[1], last[2]]] : [];
    return [
      {
        id: "front-line",
        type: "line",
        step: "end",
        showSymbol: false,
        silent: true,
        z: 3,
        data: line,
        lineStyle: { color: theme.series, width: 2 },
      },
      {
        id: "front",
        type: "scatter",
        z: 4,
        data: points,
        symbolSize: 9,
        itemStyle: { color: theme.series, borderColor: theme.surface, borderWidth: 1.5 },
      },
    ];
  }

  function champion(point) {
    const row = report.rowOf.get(
      report.championId === null ? null : report.original(report.championId),
    );
    return {
      id: "champion",
      type: "scatter",
      z: 6,
      symbol: "diamond",
      symbolSize: 14,
      data: row === undefined ? [] : [point(row)],
      itemStyle: {
        color: report.theme.accent,
        borderColor: report.theme.surface,
        borderWidth: 1.5,
      },
    };
  }

  function select(point, id) {
    const row = report.rowOf.get(report.original(id));
    const seen = row !== undefined && report.isNumber(columns.score[row]);
    return [report.ring("selected", seen ? [point(row)] : [], 19)];
  }

  function option(cost, width) {
    const left = 58;
    const point = pointMaker(cost);
    const values = report.scored.map((row) => columns[cost][row]);
    const low = Math.max(1, values.reduce((a, b) => Math.min(a, b)) * 0.85);
    const high = values.reduce((a, b) => Math.max(a, b)) * 1.18;
    return {
      grid: { left, right: 16, top: 40, bottom: 48, outerBoundsMode: "none" },
      xAxis: axes.costAxis(low, high, width - left, costs[cost].label),
      yAxis: axes.scoreAxis(left, report.range, true),
      series: [
        report.dots(report.scored.map(point)),
        ...front(frontRows(cost).map(point), high),
        champion(point),
        ...select(point, report.shown),
      ],
    };
  }

  function add(grid, cost) {
    const column = el("div", {}, el("h3", {}, costs[cost].title));
    grid.append(column);
    if (data.pareto && data.pareto.goal === cost) {
      const volume = data.pareto.hypervolume.toFixed(4);
      const text = `The front that the search looked for; its hypervolume is ${volume}.`;
      column.append(el("p", { class: "hint" }, text));
    }
    report.addChart("pareto-" + cost, {
      box: report.chartBox(column),
      label: `The ${data.objective.label} against ${costs[cost].label}.`,
      height: (width) => Math.min(380, Math.max(300, width * 0.8)),
      option: (width) => option(cost, width),
      select: (id) => select(pointMaker(cost), id),
      organismAt: (params) => (params.data ? params.data[2] : null),
    });
  }

  function legend() {
    const { theme } = report;
    return report.legend([
      { mark: "line", color: theme.series, text: "front" },
      { mark: "circle", color: theme.muted, text: "organism" },
      { mark: "diamond", color: theme.accent, text: "champion" },
      { mark: "ring", color: theme.accent, text: "selected organism" },
    ]);
  }

  report.buildPareto = function () {
    const section = report.section(
      "pareto",
      "What a better score costs",
      `The stepped line is the best ${data.objective.label} that was reached at a given ` +
        "cost: no other organism is both cheaper and better than those on " +
        `it.${report.beyondNote()}`,
    );
    if (!report.scored.length) {
      section.append(report.empty("No training has succeeded yet, so there is no front to draw."));
      return;
    }
    const grid = el("div", { class: "fronts" });
    section.append(report.redrawn(legend), grid);
    Object.keys(costs).forEach((cost) => add(grid, cost));
  };
})(window.report);
