// Axes with names, units and ticks at round numbers.
(function (report) {
  "use strict";

  const { data, format } = report;

  function step(span, count) {
    const rough = span / Math.max(1, count);
    const power = 10 ** Math.floor(Math.log10(rough));
    const factor = [1, 2, 2.5, 5, 10].find((each) => each * power >= rough * 0.999);
    return factor * power;
  }

  function ticks(low, high, count) {
    if (!(high > low)) return [low];
    const size = step(high - low, count);
    const result = [];
    for (let i = Math.ceil(low / size - 1e-9); i * size <= high + size * 1e-9; i += 1) {
      result.push(Number((i * size).toPrecision(12)));
    }
    return result;
  }

  const integerTicks = (low, high, count) =>
    [...new Set(ticks(low, high, Math.min(count, high - low)).map(Math.round))].filter(
      (tick) => tick >= low && tick <= high,
    );

  function logTicks(low, high, count) {
    for (const steps of [[1, 2, 5], [1, 3], [1]]) {
      const result = [];
      for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1) {
        for (const each of steps) {
          const tick = Number((each * 10 ** power).toPrecision(6));
          if (tick >= low * 0.999 && tick <= high * 1.001) result.push(tick);
        }
      }
      if (result.length && (result.length <= count || steps.length === 1)) return result;
    }
    return [Number(Math.sqrt(low * high).toPrecision(2))]; // no power of ten is near
  }

  const title = (label, unit) => (unit ? `${label} (${unit})` : label);

  function base() {
    const { theme } = report;
    return {
      nameTextStyle: { color: theme.muted, fontSize: 12 },
      axisLine: { show: false, onZero: false, lineStyle: { color: theme.line } },
      axisTick: { show: false },
      axisLabel: { color: theme.muted, fontSize: 11, hideOverlap: true },
      splitLine: { show: true, lineStyle: { color: theme.grid } },
    };
  }

  // The name of a vertical axis is above it, flush left, where it is horizontal and easy to read.
  function vertical(axis, left) {
    const made = base();
    return {
      ...made,
      ...axis,
      nameLocation: "end",
      nameGap: 14,
      nameMoveOverlap: false,
      nameTruncate: {},
      nameTextStyle: {
        color: report.theme.muted,
        fontSize: 11,
        align: "left",
        padding: [0, 0, 0, -left],
      },
      axisLabel: { ...made.axisLabel, ...axis.axisLabel },
    };
  }

  function horizontal(axis) {
    const made = base();
    return {
      ...made,
      ...axis,
      nameLocation: "middle",
      nameGap: 30,
      nameMoveOverlap: false,
      nameTextStyle: { ...made.nameTextStyle, ...axis.nameTextStyle },
      axisLine: { ...made.axisLine, show: true },
      splitLine: { show: false },
      axisTick: {
        show: true,
        length: 4,
        lineStyle: { color: report.theme.line },
        ...axis.axisTick,
      },
      axisLabel: { ...made.axisLabel, ...axis.axisLabel },
    };
  }

  // A horizontal axis of what something costs.
  function costAxis(low, high, width, name) {
    const ticks = logTicks(low, high, Math.floor(width / 48));
    const labels = at(ticks, (value) => format.si(value).trim());
    return horizontal({ type: "log", min: low, max: high, ...labels, name: `${name} (logarithmic)` });
  }

  const at = (values, formatter) => ({
    axisLabel: { customValues: values, formatter },
    axisTick: { customValues: values },
  });

  // The spacing for four to eight ticks that wastes the least space.
  function snug(low, high) {
    const waste = (size) => (Math.ceil(high / size) - Math.floor(low / size)) * size - (high - low);
    const sizes = [4, 5, 6, 8].map((count) => step(high - low, count));
    return sizes.reduce((best, size) => (waste(size) < waste(best) * 0.8 ? size : best));
  }

  // The decimals needed to distinguish neighbouring ticks: 0.25 needs two.
  function decimalsOf(size) {
    const text = Number(size.toPrecision(3)).toFixed(6).replace(/0+$/, "");
    return text.length - text.indexOf(".") - 1;
  }

  const hint = report.lower ? "lower is better" : "higher is better";

  function scoreAxis(left, { low, high } = report.range, short = false) {
    const size = snug(low, high);
    const digits = decimalsOf(size);
    const min = Math.floor(low / size) * size;
    const max = Math.ceil(high / size) * size;
    return vertical(
      {
        type: "value",
        min,
        max,
        interval: size,
        name: short
          ? title(data.objective.label, data.objective.unit)
          : `${data.objective.label} (${data.objective.unit}), ${hint}`,
        axisLabel: { formatter: (value) => format.fixed(value, digits) },
      },
      left,
    );
  }

  // A column for each category, in order; its middle has the name.
  function categoryAxis({ name, categories }) {
    const labels = at([...categories.keys()], (value) => format.gene(name, value));
    return { type: "value", min: -0.5, max: categories.length - 0.5, ...labels };
  }

  // An axis for one gene: at its few values, at round numbers, or at powers of ten.
  function geneAxis(gene, values, count) {
    if (gene.categories) return categoryAxis(gene);
    const low = Math.min(...values);
    const high = Math.max(...values);
    const labels = at(geneTicks(gene, values, low, high, count), (value) =>
      format.gene(gene.name, value),
    );
    if (gene.log) return { type: "log", min: low * 0.88, max: high * 1.14, ...labels };
    const margin = (high - low || Math.abs(high) || 1) * 0.07;
    return { type: "value", min: low - margin, max: high + margin, ...labels };
  }

  function geneTicks(gene, values, low, high, count) {
    if (low === high) return [low];
    if (gene.log) return logTicks(low, high, count);
    if (values.length <= count) return values;
    return gene.integer ? integerTicks(low, high, count) : ticks(low, high, count);
  }

  report.axes = {
    step,
    ticks,
    integerTicks,
    logTicks,
    title,
    vertical,
    horizontal,
    costAxis,
    at,
    scoreAxis,
    geneAxis,
  };
})(window.report);
