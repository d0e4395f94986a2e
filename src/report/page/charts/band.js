// The shaded bands of the trajectory, from one quantile of each generation to another.
(function (report) {
  "use strict";

  const { isNumber } = report;
  const { generations } = report.history;

  // A band as one polygon per unbroken stretch of generations; a lone generation becomes a bar.
  report.band = function (from, to, color, opacity) {
    const stretches = [];
    let open = null;
    for (const row of generations) {
      if (!isNumber(row[from])) open = null;
      else if (open) open.push(row);
      else stretches.push((open = [row]));
    }
    return {
      type: "custom",
      silent: true,
      clip: true,
      z: 1,
      data: stretches.map((_, i) => [stretches[i][0].generation, stretches[i][0][from], i]),
      encode: { x: 0, y: 1 },
      renderItem: (_, api) =>
        polygon(stretches[api.value(2)], from, to, api, { fill: color, opacity }),
    };
  };

  function polygon(stretch, from, to, api, style) {
    const wide = stretch.length === 1 ? [-0.3, 0.3] : [0];
    const edge = (name) =>
      stretch.flatMap((row) => wide.map((shift) => api.coord([row.generation + shift, row[name]])));
    return {
      type: "polygon",
      silent: true,
      shape: { points: [...edge(from), ...edge(to).reverse()] },
      style,
    };
  }
})(window.report);
