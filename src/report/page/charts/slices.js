// One small chart for each gene: the score against the gene's value.
(function (report) {
  "use strict";

  const { el, data, columns, axes, format } = report;

  // Organisms of one colour form one series, which ECharts draws in one go.
  const shades = 8;
  const manyDots = 2000;

  function distinct(gene) {
    return [...new Set(report.scored.map((row) => columns[gene.name][row]))].sort((a, b) => a - b);
  }

  const spreadGenes = data.genes.some((gene) => gene.categories)
    ? "genes with few values"
    : "whole-numbered genes";
  const fewValues = 10;
  const isCoarse = (gene, values) => gene.integer || (!gene.log && values.length <= fewValues);

  // Where values are few, organisms are jittered by a fraction of the smallest gap.
  function spread(gene, values) {
    if (gene.categories) return 0.55;
    if (!isCoarse(gene, values) || values.length < 2) return 0;
    const gaps = values.slice(1).map((value, i) => value - values[i]);
    return Math.min(...gaps, (values[values.length - 1] - values[0]) / 8) * 0.55;
  }

  function pointMaker(gene, values) {
    const width = spread(gene, values);
    return (row) => [
      columns[gene.name][row] + report.jitter(columns.id[row]) * width,
      report.clamp(columns.score[row]),
      columns.id[row],
    ];
  }

  function cloud(point) {
    const groups = Array.from({ length: shades }, () => []);
    for (const row of report.scored) {
      groups[Math.min(shades - 1, Math.floor(report.age(columns.generation[row]) * shades))].push(
        point(row),
      );
    }
    const many = report.scored.length > manyDots;
    return groups
      .map((points, i) => ({
        id: "organisms-" + i,
        type: "scatter",
        data: points,
        z: 2,
        symbolSize: many ? 3 : 5,
        large: many,
        largeThreshold: 0,
        progressive: 0,
        itemStyle: {
          color: report.mix(report.theme.generations, i / (shades - 1)),
          opacity: many ? 0.5 : 0.75,
        },
      }))
      .filter((each) => each.data.length);
  }
  report.cloud = cloud;

  function select(point, id) {
    const row = report.rowOf.get(report.original(id));
    const seen = row !== undefined && report.isNumber(columns.score[row]);
    return [report.ring("selected", seen ? [point(row)] : [], 12)];
  }

  function option(gene, values, point, width) {
    const left = 46;
    const name = axes.title(gene.label, gene.unit);
    const count = Math.max(3, Math.floor((width - left) / 44));
    return {
      grid: { left, right: 12, top: 34, bottom: 46, outerBoundsMode: "none" },
      xAxis: axes.horizontal({
        ...axes.geneAxis(gene, values, count),
        name,
        nameTextStyle: { fontSize: report.textWidth(name, 11) > width - left - 8 ? 10 : 11 },
      }),
      yAxis: axes.scoreAxis(left, report.range, true),
      series: [...cloud(point), ...select(point, report.shown)],
    };
  }

  // The card of an organism, with the gene if it would not be among those it shows.
  function tip(gene, params) {
    if (!params.data) return "";
    const id = params.data[2];
    if (report.leadingGenes.includes(gene)) return report.card(id);
    const value = format.gene(gene.name, columns[gene.name][report.rowOf.get(id)]);
    return report.card(id, el("div", {}, `${gene.label} ${value}`));
  }

  function add(grid, gene) {
    const values = distinct(gene);
    const point = pointMaker(gene, values);
    report.addChart("slice-" + gene.name, {
      box: report.chartBox(grid),
      label: `The ${data.objective.label} against the ${gene.label}.`,
      height: () => 240,
      option: (width) => option(gene, values, point, width),
      select: (id) => select(point, id),
      tip: (params) => tip(gene, params),
      organismAt: (params) => (params.data ? params.data[2] : null),
    });
  }

  report.buildSlices = function () {
    const section = report.section(
      "slices",
      "Gene by gene",
      `Each dot is one organism: its ${data.objective.label} in ${data.objective.unit} ` +
        `(vertical, ${report.lower ? "lower" : "higher"} is better) against one gene; dots ` +
        `of ${spreadGenes} are spread sideways a little so that they do not hide each ` +
        `other.${report.beyondNote()}`,
    );
    if (!report.scored.length) {
      section.append(report.empty("No training has succeeded yet, so there is nothing to slice."));
      return;
    }
    const grid = el("div", { class: "slices" });
    section.append(report.redrawn(report.generationScale), grid);
    data.genes.forEach((gene) => add(grid, gene));
  };
})(window.report);
