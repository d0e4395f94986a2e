// The common part of all charts: creation, redrawing for size or theme, hovering and selection.
(function (report) {
  "use strict";

  const { el } = report;
  const specs = {};

  // spec: {box, label, option(width), height(width), organismAt(params), tip(params), select(id), trigger}
  // option() makes the whole picture; select() only what changes with the selected organism.
  report.addChart = function (name, spec) {
    spec.box.classList.add("chart");
    spec.box.setAttribute("role", "img");
    specs[name] = { name, ...spec };
  };

  report.chartNames = () => Object.keys(specs);

  const width = (box) => Math.max(200, box.clientWidth);

  function resizeBox(spec) {
    if (spec.height) spec.box.style.height = Math.round(spec.height(width(spec.box))) + "px";
  }

  function create(spec) {
    const chart = window.echarts.init(spec.box, null, { renderer: "canvas" });
    chart.on("click", (params) => choose(spec, params));
    report.charts[spec.name] = chart;
    return chart;
  }

  function choose(spec, params) {
    const id = spec.organismAt ? spec.organismAt(params) : null;
    if (id !== null && id !== undefined) location.hash = "organism=" + id;
  }

  report.drawChart = function (name) {
    const spec = specs[name];
    resizeBox(spec);
    const chart = report.charts[name] || create(spec);
    chart.resize({ silent: true });
    chart.setOption(complete(spec), { notMerge: true });
    spec.drawnWidth = width(spec.box);
  };

  report.drawAll = function () {
    for (const name of Object.keys(specs)) report.drawChart(name);
  };

  // Redrawn only if the width has changed.
  report.refit = function () {
    for (const spec of Object.values(specs)) {
      if (report.charts[spec.name] && spec.drawnWidth !== width(spec.box))
        report.drawChart(spec.name);
    }
  };

  const outOfSight = (spec) => {
    const { top, bottom } = spec.box.getBoundingClientRect();
    return bottom < 0 || top > window.innerHeight;
  };

  // Visible charts show the selection at once; the others follow one by one, so that selecting
  // among ten thousand organisms responds immediately.
  let waiting = [];
  let timer = 0;
  report.selectInCharts = function () {
    waiting = Object.values(specs).filter((spec) => spec.select && report.charts[spec.name]);
    waiting.filter((spec) => !outOfSight(spec)).forEach(mark);
    waiting = waiting.filter(outOfSight);
    clearTimeout(timer);
    timer = setTimeout(markNext, 30);
  };

  const mark = (spec) => report.charts[spec.name].setOption({ series: spec.select(report.shown) });

  function markNext() {
    if (!waiting.length) return;
    mark(waiting.shift());
    timer = setTimeout(markNext, 15);
  }

  function complete(spec) {
    const { theme } = report;
    return {
      animation: false,
      textStyle: { fontFamily: theme.font, color: theme.text, fontSize: 12 },
      aria: { enabled: true, label: { description: spec.label } },
      tooltip: tooltip(spec),
      ...spec.option(width(spec.box)),
    };
  }

  function tooltip(spec) {
    const { theme } = report;
    return {
      trigger: spec.trigger || "item",
      confine: true,
      transitionDuration: 0,
      hideDelay: 60,
      padding: 0,
      borderWidth: 0,
      backgroundColor: "transparent",
      textStyle: { color: theme.text, fontFamily: theme.font, fontSize: 12 },
      extraCssText: "box-shadow:none;",
      axisPointer: { lineStyle: { color: theme.muted, type: "solid" }, animation: false },
      formatter: (params) => tip(spec, params),
    };
  }

  function tip(spec, params) {
    if (spec.tip) return spec.tip(params) || "";
    const id = spec.organismAt(params);
    return id === null || id === undefined ? "" : report.card(id);
  }

  report.printing = () => document.documentElement.classList.contains("printing");

  // All organisms as grey dots, behind what a chart is about.
  report.dots = function (points) {
    const many = points.length > 2000;
    return {
      id: "organisms",
      type: "scatter",
      data: points,
      z: 2,
      symbolSize: many ? 3 : 5,
      large: many,
      largeThreshold: 0,
      progressive: 0,
      itemStyle: { color: report.theme.muted, opacity: many ? 0.22 : 0.4 },
    };
  };

  // The mark of the selected organism, the same in every chart.
  report.ring = (id, points, size = 14) => ({
    id,
    type: "scatter",
    data: points,
    symbol: "circle",
    symbolSize: size,
    z: 10,
    silent: true,
    itemStyle: { color: "transparent", borderColor: report.theme.accent, borderWidth: 3 },
  });

  // Legends show colours too, and are rebuilt when the theme changes.
  const redrawn = [];
  report.redrawn = function (make) {
    const box = el("div", {}, make());
    redrawn.push(() => box.replaceChildren(make()));
    return box;
  };
  report.redrawKeys = () => redrawn.forEach((each) => each());

  report.beyondNote = function () {
    const { beyond } = report.range;
    if (!beyond) return "";
    return (
      ` ${report.format.plural(beyond, "organism")} far outside the range ` +
      `${beyond === 1 ? "is" : "are"} drawn at its edge.`
    );
  };

  report.chartBox = (parent) => {
    const box = el("div", {});
    parent.append(box);
    return box;
  };
})(window.report);
