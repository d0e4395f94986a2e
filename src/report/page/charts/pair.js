// The score over two genes: a smoothed map, and the organisms on it.
(function (report) {
  "use strict";

  const { el, data, columns, axes, format } = report;

  const cells = 28; // of the map, each way
  const reach = 0.08; // of an organism, in parts of an axis
  const fewest = 0.35; // organisms near a cell, for it to have a colour

  // An axis as a line from 0 to 1.
  function scaleOf(gene, count) {
    const values = [...new Set(report.scored.map((row) => columns[gene.name][row]))].sort(
      (a, b) => a - b,
    );
    const axis = axes.geneAxis(gene, values, count);
    const to = axis.type === "log" ? Math.log : (x) => x;
    const from = axis.type === "log" ? Math.exp : (x) => x;
    const [low, high] = [to(axis.min), to(axis.max)];
    return {
      axis,
      jitters: Boolean(gene.categories) || gene.integer,
      place: (value) => (to(value) - low) / (high - low),
      value: (place) => from(low + place * (high - low)),
    };
  }

  // The mean score around a place, organisms nearby counting more (Nadaraya and Watson, 1964); null
  // where there is none.
  function smoothed(points, x, y) {
    let sum = 0;
    let weights = 0;
    for (const point of points) {
      const distance = ((point.x - x) ** 2 + (point.y - y) ** 2) / (2 * reach * reach);
      if (distance > 8) continue;
      const weight = Math.exp(-distance);
      sum += weight * point.score;
      weights += weight;
    }
    return weights < fewest ? null : sum / weights;
  }

  function mapOf(points, horizontal, vertical) {
    const found = [];
    for (let i = 0; i < cells; i += 1) {
      for (let j = 0; j < cells; j += 1) {
        const score = smoothed(points, (i + 0.5) / cells, (j + 0.5) / cells);
        if (score === null) continue;
        found.push([
          horizontal.value(i / cells),
          vertical.value(j / cells),
          horizontal.value((i + 1) / cells),
          vertical.value((j + 1) / cells),
          score,
        ]);
      }
    }
    return found;
  }

  const surface = (found) => ({
    id: "map",
    type: "custom",
    z: 1,
    silent: true,
    data: found,
    encode: { x: [0, 2], y: [1, 3] },
    renderItem: (params, api) => {
      const [left, bottom] = api.coord([api.value(0), api.value(1)]);
      const [right, top] = api.coord([api.value(2), api.value(3)]);
      return {
        type: "rect",
        shape: { x: left, y: top, width: right - left + 0.5, height: bottom - top + 0.5 },
        style: { fill: report.scoreColor(found[params.dataIndex][4]) },
      };
    },
  });

  // Organisms with the same values must not hide each other.
  const beside = (scale, place, id) =>
    scale.value(place + (scale.jitters ? report.jitter(id) * 0.03 : 0));

  const chosen = { first: null, second: null };

  function picture(width) {
    const left = 58;
    const first = report.geneNamed(chosen.first);
    const second = report.geneNamed(chosen.second);
    const horizontal = scaleOf(first, Math.floor((width - left) / 48));
    const vertical = scaleOf(second, 8);
    const points = report.scored.map((row) => ({
      id: columns.id[row],
      x: horizontal.place(columns[first.name][row]),
      y: vertical.place(columns[second.name][row]),
      score: report.clamp(columns.score[row]),
    }));
    const at = ({ id, x, y }) => [beside(horizontal, x, id), beside(vertical, y, id + 0.5), id];
    return { left, first, second, horizontal, vertical, points, at };
  }

  function select({ points, at }, id) {
    const found = points.find((point) => point.id === report.original(id));
    return [report.ring("selected", found ? [at(found)] : [], 12)];
  }

  let drawn = null;
  function option(width) {
    drawn = picture(width);
    const { left, first, second, horizontal, vertical, points, at } = drawn;
    const many = points.length > 2000;
    return {
      grid: { left, right: 16, top: 40, bottom: 48, outerBoundsMode: "none" },
      xAxis: axes.horizontal({ ...horizontal.axis, name: axes.title(first.label, first.unit) }),
      yAxis: axes.vertical({ ...vertical.axis, name: axes.title(second.label, second.unit) }, left),
      series: [
        surface(mapOf(points, horizontal, vertical)),
        {
          id: "organisms",
          type: "scatter",
          z: 3,
          data: points.map(at),
          symbolSize: many ? 3 : 5,
          itemStyle: {
            color: report.theme.surface,
            borderColor: report.theme.text,
            borderWidth: many ? 0.5 : 1,
            opacity: many ? 0.5 : 0.9,
          },
        },
        ...select(drawn, report.shown),
      ],
    };
  }

  function chooser(which, label) {
    const box = el(
      "select",
      { "aria-label": `The gene on the ${label} axis` },
      data.genes.map((gene) =>
        el("option", { value: gene.name, selected: gene.name === chosen[which] }, gene.label),
      ),
    );
    box.addEventListener("change", () => {
      chosen[which] = box.value;
      report.drawChart("pair");
    });
    return el("label", {}, `${label} `, box, " ");
  }

  function scale() {
    const { low, high } = report.range;
    const [worst, best] = report.lower ? [high, low] : [low, high];
    return report.scale(report.theme.scores, format.score(worst), format.score(best));
  }

  report.buildPair = function () {
    const section = report.section(
      "pair",
      "Two genes together",
      `Each dot is an organism; the colour is the mean ${data.objective.label} of those ` +
        "around. Where nothing was tried there is no colour. Evolution chose where to look, " +
        "so other genes differ from place to place, too.",
    );
    if (!report.scored.length || data.genes.length < 2) {
      section.append(report.empty("There are no two genes to compare."));
      return;
    }
    const ranking = (data.importance || []).map((row) => row.gene);
    const names = [...ranking, ...data.genes.map((gene) => gene.name)];
    [chosen.first, chosen.second] = [...new Set(names)];
    section.append(
      el("p", { class: "choice" }, chooser("first", "horizontal"), chooser("second", "vertical")),
      report.redrawn(scale),
    );
    report.addChart("pair", {
      box: report.chartBox(section),
      label: `The ${data.objective.label} over two genes.`,
      height: (width) => Math.min(460, Math.max(300, width * 0.6)),
      option,
      select: (id) => select(drawn, id),
      organismAt: (params) => (params.seriesId === "organisms" && params.data ? params.data[2] : null),
    });
  };
})(window.report);
