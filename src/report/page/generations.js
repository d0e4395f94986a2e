// The generations for the charts: one row each, whatever the number of islands.
(function (report) {
  "use strict";

  const { data, columns, isNumber, better } = report;

  // One row per generation; islands are merged from the organisms themselves, since quantiles of
  // quantiles would be wrong.
  function rows() {
    if (!report.several) return (data.generations || []).slice();
    const groups = new Map();
    columns.id.forEach((_, row) => {
      const generation = columns.generation[row];
      if (!groups.has(generation)) groups.set(generation, []);
      groups.get(generation).push(row);
    });
    return [...groups]
      .sort((a, b) => a[0] - b[0])
      .map(([generation, members]) => merged(generation, members));
  }

  function merged(generation, members) {
    const alive = members.filter((row) => isNumber(columns.score[row]));
    const result = { generation, members: members.length, failed: members.length - alive.length };
    if (!alive.length) return { ...result, best: null, best_id: null };
    alive.sort((a, b) => columns.score[a] - columns.score[b]);
    const scores = alive.map((row) => columns.score[row]);
    const at = (p) => report.quantile(scores, p);
    const best = report.lower ? alive[0] : alive[alive.length - 1];
    return {
      ...result,
      best: columns.score[best],
      best_id: columns.id[best],
      mean: scores.reduce((sum, each) => sum + each, 0) / scores.length,
      q10: at(0.1),
      q25: at(0.25),
      median: at(0.5),
      q75: at(0.75),
      q90: at(0.9),
    };
  }

  function bestSoFar(of) {
    let best = null;
    return of.map((row) => {
      if (isNumber(row.best) && (best === null || better(row.best, best))) best = row.best;
      return [row.generation, best];
    });
  }

  const generations = rows();
  const alive = generations.filter((row) => isNumber(row.best));
  const byGeneration = new Map(generations.map((row) => [row.generation, row]));
  const mostFailed = Math.max(0, ...generations.map((row) => row.failed));

  // The same jitter for the same organism, so that two drawings agree.
  function jitter(id) {
    const mixed = Math.sin((id + 1) * 12.9898) * 43758.5453;
    return mixed - Math.floor(mixed) - 0.5;
  }
  report.jitter = jitter;

  report.history = { generations, alive, byGeneration, mostFailed, bestSoFar };
})(window.report);
