// The colours of the charts come from the style sheet, so that light, dark and print agree with it.
(function (report) {
  "use strict";

  const names = [
    "text",
    "muted",
    "line",
    "grid",
    "surface",
    "idle",
    "accent",
    "good",
    "bad",
    "series",
    "faint",
  ];

  report.readTheme = function () {
    const style = getComputedStyle(document.documentElement);
    const theme = {};
    for (const name of names) theme[name] = style.getPropertyValue("--" + name).trim();
    theme.scores = style.getPropertyValue("--scores").trim().split(/\s+/);
    theme.generations = style.getPropertyValue("--generations").trim().split(/\s+/);
    theme.categories = style.getPropertyValue("--categories").trim().split(/\s+/);
    theme.font = getComputedStyle(document.body).fontFamily;
    report.theme = theme;
    shades = new Map();
  };

  const ruler = document.createElement("canvas").getContext("2d");
  report.textWidth = function (text, size) {
    ruler.font = `${size}px ${report.theme.font}`;
    return ruler.measureText(text).width;
  };

  const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

  // The colour at a position (0..1) in a list of stops.
  report.mix = function (stops, share) {
    const place = Math.min(1, Math.max(0, share)) * (stops.length - 1);
    const at = Math.min(Math.floor(place), stops.length - 2);
    const from = channels(stops[at]);
    const to = channels(stops[at + 1]);
    const mixed = from.map((value, i) => Math.round(value + (to[i] - value) * (place - at)));
    return `rgb(${mixed.join(",")})`;
  };

  // 0 for the worst score in the range, 1 for the best.
  report.goodness = function (score) {
    const { low, high } = report.range;
    const share = (report.clamp(score) - low) / (high - low || 1);
    return report.lower ? 1 - share : share;
  };

  report.scoreColor = (score) => report.mix(report.theme.scores, report.goodness(score));

  const generations = report.columns.generation.reduce(
    ([low, high], each) => [Math.min(low, each), Math.max(high, each)],
    [Infinity, -Infinity],
  );
  report.firstGeneration = Number.isFinite(generations[0]) ? generations[0] : 1;
  report.lastGeneration = Number.isFinite(generations[1]) ? generations[1] : 1;

  report.age = (generation) =>
    report.lastGeneration === report.firstGeneration
      ? 1
      : (generation - report.firstGeneration) / (report.lastGeneration - report.firstGeneration);

  // Thousands of bars share few generations.
  let shades = new Map();
  report.generationColor = function (generation) {
    if (!shades.has(generation)) {
      shades.set(generation, report.mix(report.theme.generations, report.age(generation)));
    }
    return shades.get(generation);
  };

  report.generationScale = () =>
    report.scale(
      report.theme.generations,
      "generation " + report.firstGeneration,
      String(report.lastGeneration),
    );

  report.categoryColor = (index) => report.theme.categories[index % report.theme.categories.length];
})(window.report);
