// The data of the run for the page: rows by organism, copies resolved, one range for all scores.
(function (report) {
  "use strict";

  const data = JSON.parse(document.getElementById("data").textContent);
  const columns = data.organisms;
  const rowOf = new Map(columns.id.map((id, row) => [id, row]));
  const lower = data.objective.better === "lower";
  const copies = new Set(["elite", "migrant"].map((name) => data.origins.indexOf(name)));

  const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
  const better = (a, b) => (lower ? a < b : a > b);

  // Whether the 95 % interval of a difference leaves out 0.
  const isClear = (difference, within) => isNumber(within) && Math.abs(difference) > within;

  function organism(id) {
    const row = rowOf.get(id);
    if (row === undefined) return null;
    const genes = {};
    for (const gene of data.genes) genes[gene.name] = columns[gene.name][row];
    return {
      id,
      row,
      genes,
      island: columns.island[row],
      generation: columns.generation[row],
      origin: data.origins[columns.origin[row]],
      copy: copies.has(columns.origin[row]),
      parents: columns.parents[row] || [],
      parameters: columns.parameters[row],
      flops: columns.flops[row],
      score: columns.score[row],
      failure: (data.failures || {})[id] || null,
    };
  }

  // Elites and migrants are copies of an earlier organism: the one that was trained.
  function original(id) {
    let row = rowOf.get(id);
    while (row !== undefined && copies.has(columns.origin[row])) {
      const parent = (columns.parents[row] || [])[0];
      const next = rowOf.get(parent);
      if (next === undefined || next >= row) break;
      row = next;
    }
    return row === undefined ? id : columns.id[row];
  }

  const genes = new Map(data.genes.map((gene) => [gene.name, gene]));
  const geneNamed = (name) => genes.get(name) || { name, label: name };

  // Where there is no room for all genes: those of greatest importance, in the usual order.
  const mostGenes = 8;
  function leadingGenes() {
    const ranking = (data.importance || []).map((row) => row.gene);
    const rank = ({ name }) => (ranking.includes(name) ? ranking.indexOf(name) : ranking.length);
    const chosen = data.genes.slice().sort((a, b) => rank(a) - rank(b));
    return data.genes.filter((gene) => chosen.indexOf(gene) < mostGenes);
  }

  let children = null;
  function childrenOf(id) {
    if (!children) {
      children = new Map();
      columns.parents.forEach((parents, row) => {
        for (const parent of parents) {
          if (!children.has(parent)) children.set(parent, []);
          children.get(parent).push(columns.id[row]);
        }
      });
    }
    return children.get(id) || [];
  }

  // Results taken from the cache have no rank.
  const worked = data.timings.id.map((_, i) => i).filter((i) => data.timings.rank[i] >= 0);

  let timings = null;
  function timingsOf(id) {
    if (!timings) {
      timings = new Map();
      data.timings.id.forEach((of, row) => {
        if (!timings.has(of)) timings.set(of, []);
        timings.get(of).push(row);
      });
    }
    return timings.get(id) || [];
  }

  const quantile = (sorted, p) => {
    const place = (sorted.length - 1) * p;
    const low = Math.floor(place);
    const high = Math.min(low + 1, sorted.length - 1);
    return sorted[low] + (sorted[high] - sorted[low]) * (place - low);
  };

  const trained = columns.id.map((_, row) => row).filter((row) => !copies.has(columns.origin[row]));
  const scored = trained.filter((row) => isNumber(columns.score[row]));
  const sortedScores = scored.map((row) => columns.score[row]).sort((a, b) => a - b);
  const ranking = scored
    .slice()
    .sort((a, b) => (lower ? 1 : -1) * (columns.score[a] - columns.score[b]) || a - b);

  // Outliers must not compress the scale: the range ends a little beyond the middle nine tenths,
  // and scores outside are drawn at its edge.
  function scoreRange() {
    if (!sortedScores.length) return { low: 0, high: 1, beyond: 0 };
    let low = sortedScores[0];
    let high = sortedScores[sortedScores.length - 1];
    if (lower) high = Math.min(high, stretch(low, quantile(sortedScores, 0.9)));
    else low = Math.max(low, stretch(high, quantile(sortedScores, 0.1)));
    const margin = (high - low || Math.abs(high) * 0.01 || 0.1) * 0.04;
    const beyond = sortedScores.filter((score) => score < low || score > high).length;
    return { low: low - margin, high: high + margin, beyond };
  }

  const stretch = (best, edge) => best + (edge - best) * 1.35 + (edge === best ? 1e-3 : 0);

  const range = scoreRange();
  const clamp = (score) => Math.min(range.high, Math.max(range.low, score));

  Object.assign(report, {
    data,
    columns,
    rowOf,
    lower,
    better,
    isNumber,
    isClear,
    geneNamed,
    leadingGenes: leadingGenes(),
    organism,
    original,
    childrenOf,
    timingsOf,
    quantile,
    trained,
    scored,
    ranking,
    range,
    clamp,
    worked,
    several: (data.run.islands || 1) > 1,
    // Whether organisms are trials of a command, which has no parameters, operations or names.
    isCommand: ["minimum", "maximum"].includes(data.objective.name),
    // What a GPT and its training cost, as pairs of a label and a text.
    costPairs: ({ parameters, flops }) =>
      isNumber(parameters)
        ? [
            ["parameters", report.format.whole(parameters)],
            ["training", report.format.flops(flops)],
          ]
        : [],
    championId: data.champion ? data.champion.id : null,
    isChampion: (id) =>
      data.champion !== null && report.original(id) === report.original(data.champion.id),
  });
})(window.report);
