// The scores from generation to generation.
(function (report) {
  "use strict";

  const { el, data, columns, format, axes, isNumber, jitter } = report;
  const { generations, alive, byGeneration, mostFailed, bestSoFar } = report.history;

  // With more organisms, individual marks only blur the bands.
  const mostDots = 1500;

  function range() {
    const { low, high } = report.range;
    const bigram = data.objective.bigram;
    const near =
      isNumber(bigram) && bigram > low - (high - low) * 0.3 && bigram < high + (high - low) * 0.3;
    return near
      ? { low: Math.min(low, bigram), high: Math.max(high, bigram), near }
      : { low, high, near };
  }

  const band = report.band;

  // The best are on their line; the others are spread sideways so as not to hide each other.
  const bestIds = new Set(alive.map((row) => row.best_id));
  const spot = (row) => [
    columns.generation[row] +
      (bestIds.has(columns.id[row]) || report.scored.length > mostDots
        ? 0
        : jitter(columns.id[row]) * 0.5),
    report.clamp(columns.score[row]),
    columns.id[row],
  ];

  const dots = () => (report.scored.length > mostDots ? [] : report.scored.map(spot));

  function islandLines() {
    const { theme } = report;
    const islands = [...new Set((data.generations || []).map((row) => row.island))].sort(
      (a, b) => a - b,
    );
    if (!report.several) return [bestLine("best so far", generations, theme.series)];
    return islands.map((island, i) =>
      bestLine(
        `best so far, island ${island}`,
        data.generations.filter((row) => row.island === island),
        report.categoryColor(i),
      ),
    );
  }

  function bestLine(name, of, color) {
    const single = of.length === 1;
    return {
      name,
      type: "line",
      step: "end",
      data: bestSoFar(of),
      showSymbol: single,
      symbol: "circle",
      symbolSize: 8,
      silent: true,
      z: 4,
      color,
      lineStyle: { color, width: 3 },
      itemStyle: { color },
    };
  }

  function bigramLine(near) {
    const { theme } = report;
    if (!near) return undefined;
    return {
      silent: true,
      symbol: "none",
      animation: false,
      lineStyle: { type: [6, 4], color: theme.text, width: 1.2 },
      label: {
        position: "insideEndTop",
        formatter: `bigram ${format.score(data.objective.bigram)}`,
        color: theme.text,
        fontSize: 11,
        textBorderColor: theme.surface,
        textBorderWidth: 3,
      },
      data: [{ yAxis: data.objective.bigram }],
    };
  }

  const bests = () => alive.map((row) => [row.generation, report.clamp(row.best), row.best_id]);

  function series(near) {
    const { theme } = report;
    const small = generations.length > 40 ? 4 : 7;
    return [
      band("q10", "q90", theme.series, 0.12),
      band("q25", "q75", theme.series, 0.2),
      {
        id: "organisms",
        type: "scatter",
        data: dots(),
        symbolSize: 4,
        z: 2,
        itemStyle: { color: theme.muted, opacity: 0.45 },
      },
      {
        name: "mean",
        type: "line",
        silent: true,
        showSymbol: false,
        z: 3,
        data: generations.map((row) => [row.generation, row.mean]),
        lineStyle: { color: theme.muted, width: 1.2, type: "solid", opacity: 0.7 },
      },
      ...islandLines(),
      {
        id: "bests",
        type: "scatter",
        data: bests(),
        symbolSize: small,
        z: 5,
        itemStyle: { color: theme.surface, borderColor: theme.text, borderWidth: 1.2 },
        markLine: bigramLine(near),
      },
      ...select(report.shown),
    ];
  }

  // The position of an organism in this chart: that of its original, if it is a copy.
  function select(id) {
    const row = report.rowOf.get(report.original(id));
    const seen = row !== undefined && isNumber(columns.score[row]);
    return [report.ring("selected", seen ? [spot(row)] : [])];
  }

  function option(width) {
    const { near, ...scores } = range();
    const left = 58;
    const first = report.firstGeneration;
    const last = report.lastGeneration;
    const count = Math.max(2, Math.floor(width / 60));
    const labels = axes.at(
      first === last ? [first] : axes.integerTicks(first, last, count),
      format.whole,
    );
    const span = {
      type: "value",
      min: first - 0.6,
      max: last + 0.6,
      containShape: false,
      axisPointer: { show: true, snap: false, label: { show: false } },
    };
    const generation = axes.horizontal({ ...span, ...labels, name: "generation" });
    const grid = { left, right: 16, outerBoundsMode: "none" };
    if (!mostFailed) {
      return {
        grid: { ...grid, top: 40, bottom: 48 },
        xAxis: generation,
        yAxis: axes.scoreAxis(left, scores),
        series: series(near),
      };
    }
    return {
      grid: [
        { ...grid, top: 40, bottom: 132 },
        { ...grid, height: 44, bottom: 48 },
      ],
      axisPointer: { link: [{ xAxisIndex: "all" }] },
      xAxis: [
        axes.horizontal({ ...span, ...labels, axisLabel: { show: false } }),
        { ...generation, gridIndex: 1 },
      ],
      yAxis: [axes.scoreAxis(left, scores), failureAxis(left)],
      series: [...series(near), failureBars()],
    };
  }

  function failureAxis(left) {
    return axes.vertical(
      {
        gridIndex: 1,
        type: "value",
        min: 0,
        max: mostFailed,
        interval: mostFailed,
        name: "failed trainings",
        axisLabel: { formatter: format.whole },
      },
      left,
    );
  }

  function failureBars() {
    return {
      id: "failures",
      type: "bar",
      xAxisIndex: 1,
      yAxisIndex: 1,
      barMaxWidth: 14,
      data: generations
        .filter((row) => row.failed > 0)
        .map((row) => [row.generation, row.failed, row.best_id]),
      itemStyle: { color: report.theme.bad },
    };
  }

  function tip(params) {
    const list = Array.isArray(params) ? params : [params];
    const dot = list.find((each) => each.seriesId === "organisms");
    return list.length === 1 && dot ? report.card(dot.data[2]) : tipOf(list[0]);
  }

  function tipOf(params) {
    const row = byGeneration.get(params.data[0]);
    if (!row) return report.card(params.data[2]);
    const numbers = report.pairs([
      ["organisms", `${row.members}, ${row.failed} failed`],
      ["best", format.score(row.best)],
      ["mean", format.score(row.mean)],
      ["middle half", `${format.score(row.q25)} to ${format.score(row.q75)}`],
    ]);
    const head = el(
      "div",
      { class: "card" },
      el("strong", {}, "Generation " + row.generation),
      numbers,
    );
    return isNumber(row.best_id) ? [head, report.card(row.best_id)] : head;
  }

  function legend() {
    const { theme } = report;
    const lines = islandLines().map((line) => ({
      mark: "line",
      color: line.color,
      text: line.name,
    }));
    const shown =
      lines.length > 6
        ? [
            {
              mark: "line",
              color: theme.series,
              text: `best so far, one line for each of ${lines.length} islands`,
            },
          ]
        : lines;
    return report.legend([
      ...shown,
      { mark: "thin", color: theme.muted, text: "mean" },
      { mark: "band", color: theme.series, opacity: 0.4, text: "middle half" },
      { mark: "band", color: theme.series, opacity: 0.16, text: "middle 80 %" },
      { mark: "ring", color: theme.text, text: "best of the generation" },
      { mark: "ring", color: theme.accent, text: "selected organism" },
    ]);
  }

  function bigramNote() {
    const { bigram } = data.objective;
    if (!isNumber(bigram) || range().near) return "";
    return (
      ` The bigram baseline, ${format.score(bigram)}, lies ` +
      `${bigram > report.range.high ? "above" : "below"} what is shown.`
    );
  }

  report.buildTrajectory = function () {
    const section = report.section(
      "trajectory",
      "Trajectory",
      "Each generation from left to right: the thick line is the best " +
        `${data.objective.label} so far, the shaded bands hold the middle of the population, ` +
        `and ${mostFailed ? "red bars below count the trainings that failed" : "no training failed"}.` +
        report.beyondNote() +
        bigramNote(),
    );
    if (!alive.length) {
      section.append(
        report.empty("No training has succeeded yet, so there is no trajectory to draw."),
        report.failureList(),
      );
      return;
    }
    section.append(report.redrawn(legend));
    report.addChart("trajectory", {
      box: report.chartBox(section),
      label: `The ${data.objective.label} in each generation.`,
      height: (width) =>
        (report.printing() ? 290 : Math.min(460, Math.max(380, width * 0.5))) -
        (mostFailed ? 0 : 40),
      option,
      select,
      tip,
      organismAt: (params) => params.data && params.data[2],
    });
    section.append(report.failureList());
  };
})(window.report);
