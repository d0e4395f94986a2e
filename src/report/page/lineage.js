// Ancestry, with copies replaced by their originals.
(function (report) {
  "use strict";

  const { data, organism, original, better, isNumber } = report;

  // The maximum number of ancestors in one legible tree.
  const mostNodes = 220;

  // The recorded, trained parents of an organism, without repetition.
  function parentsOf(id) {
    const found = organism(id);
    if (!found) return [];
    const parents = found.parents
      .map(original)
      .filter((parent) => parent !== id && organism(parent));
    return [...new Set(parents)];
  }

  function bestParent(id) {
    let best = null;
    for (const parent of parentsOf(id)) {
      if (best === null || isBetter(parent, best)) best = parent;
    }
    return best;
  }

  function isBetter(a, b) {
    const left = organism(a).score;
    const right = organism(b).score;
    return isNumber(left) && (!isNumber(right) || better(left, right));
  }

  // From the organism back to its first ancestor, always by the better parent.
  function lineOf(id) {
    const line = [];
    for (let next = original(id); next !== null && !line.includes(next); next = bestParent(next)) {
      line.push(next);
    }
    return line;
  }

  function changes(from, to) {
    return data.genes
      .map((gene) => ({ gene, from: from.genes[gene.name], to: to.genes[gene.name] }))
      .filter((change) => change.from !== change.to);
  }

  // The improvement of the child over the parent: positive is better, whatever the objective.
  function gain(parent, child) {
    if (!isNumber(parent.score) || !isNumber(child.score)) return null;
    return report.lower ? parent.score - child.score : child.score - parent.score;
  }

  // All ancestors, backwards by generation, up to the number that can be drawn.
  function nearest(root) {
    const known = new Set([root]);
    let layer = [root];
    let depth = 0;
    while (layer.length) {
      const next = [...new Set(layer.flatMap(parentsOf))].filter((id) => !known.has(id));
      if (known.size + next.length > mostNodes && depth > 0)
        return { known, depth, complete: false };
      next.forEach((id) => known.add(id));
      layer = next;
      if (next.length) depth += 1;
    }
    return { known, depth, complete: true };
  }

  function countAncestors(root) {
    const known = new Set([root]);
    const open = [root];
    while (open.length) {
      for (const parent of parentsOf(open.pop())) {
        if (!known.has(parent)) {
          known.add(parent);
          open.push(parent);
        }
      }
    }
    return known.size - 1;
  }

  function tree(id) {
    const root = original(id);
    const { known, depth, complete } = nearest(root);
    const line = lineOf(root);
    line.forEach((each) => known.add(each));
    const edges = [];
    for (const child of known) {
      for (const parent of parentsOf(child)) {
        if (known.has(parent)) edges.push({ parent, child });
      }
    }
    return {
      root,
      line,
      edges,
      depth,
      complete,
      nodes: [...known],
      ancestors: countAncestors(root),
    };
  }

  report.lineage = { parentsOf, lineOf, changes, gain, tree };
})(window.report);
