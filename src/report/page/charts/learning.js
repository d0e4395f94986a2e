// The loss of the finalists while they were trained.
(function (report) {
  "use strict";

  const { el, data, axes, format } = report;

  // One for each replicate that has a curve: [steps, loss] in the middle of each part.
  function curves() {
    return (data.finalists || []).flatMap(({ id, steps, learning }, place) =>
      learning.map((losses, i) => ({
        id,
        place,
        name: `organism ${id}, training ${i + 1}`,
        points: losses.map((loss, part) => [(steps * (part + 0.5)) / losses.length, loss]),
      })),
    ).filter(({ points }) => points.length);
  }

  // The first parts of a training are far above the others: what is above three times the span of
  // the second half of all curves is left out.
  function range(all) {
    const late = all.flatMap(({ points }) => points.slice(Math.floor(points.length / 2)));
    const losses = late.map(([, loss]) => loss);
    const low = Math.min(...losses);
    const high = Math.max(...all.flatMap(({ points }) => points.map(([, loss]) => loss)));
    return { low, high: Math.min(high, low + 3 * (Math.max(...losses) - low || high - low)) };
  }

  function lossAxis(all, left) {
    const { low, high } = range(all);
    const size = axes.step(high - low || 1, 5);
    const digits = Math.max(0, -Math.floor(Math.log10(size)));
    return axes.vertical(
      {
        type: "value",
        min: Math.floor(low / size) * size,
        max: Math.ceil(high / size) * size || size,
        interval: size,
        name: "training loss (nats per token), lower is better",
        axisLabel: { formatter: (value) => format.fixed(value, digits) },
      },
      left,
    );
  }

  function lines(all) {
    const { theme } = report;
    return all.map(({ id, place, name, points }, i) => ({
      id: "curve" + i,
      name,
      type: "line",
      data: points.map(([step, loss]) => [step, loss, id]),
      clip: true,
      z: place === 0 ? 3 : 2,
      symbolSize: 5,
      lineStyle: { color: place === 0 ? theme.series : theme.muted, width: place === 0 ? 2 : 1 },
      itemStyle: { color: place === 0 ? theme.series : theme.muted },
    }));
  }

  function option(all, width) {
    const left = 58;
    const last = Math.max(...data.finalists.map(({ steps }) => steps));
    const ticks = axes.integerTicks(0, last, Math.floor((width - left) / 90));
    const labels = axes.at(ticks, (value) => format.whole(value));
    return {
      grid: { left, right: 16, top: 40, bottom: 48, outerBoundsMode: "none" },
      xAxis: axes.horizontal({ type: "value", min: 0, max: last, ...labels, name: "steps" }),
      yAxis: lossAxis(all, left),
      series: lines(all),
    };
  }

  function legend(all) {
    const { theme } = report;
    return report.legend([
      { mark: "line", color: theme.series, text: "a training of the champion" },
      ...(all.some(({ place }) => place > 0)
        ? [{ mark: "line", color: theme.muted, text: "a training of another finalist" }]
        : []),
    ]);
  }

  report.buildLearning = function () {
    const section = report.section(
      "learning",
      "How the finalists learnt",
      "The mean training loss of each twentieth of the steps, for each final training. Where the " +
        "curves have long been flat, fewer steps would have been enough.",
    );
    const all = curves();
    if (!all.length) {
      section.append(report.empty("No final training has been recorded in this run."));
      return;
    }
    section.append(report.redrawn(() => legend(all)));
    report.addChart("learning", {
      box: report.chartBox(section),
      label: "The training losses of the finalists against the steps.",
      height: (width) => Math.min(340, Math.max(260, width * 0.45)),
      option: (width) => option(all, width),
      tip: ({ seriesName, value: [step, loss] }) =>
        el("div", { class: "card" }, `${seriesName}: ${format.fixed(loss, 3)} about step ${format.whole(step)}`),
      organismAt: ({ value }) => (value ? value[2] : null),
    });
  };
})(window.report);
