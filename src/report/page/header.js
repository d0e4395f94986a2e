// The top of the page: the run, its result and its cost.
(function (report) {
  "use strict";

  const { el, data, format } = report;
  const { run, summary, objective, champion } = data;

  const states = {
    finished: ["finished", "finished"],
    failed: ["stopped", "failed: no champion"],
    stopped: ["stopped", "stopped before its end"],
    unfinished: ["unfinished", "unfinished: as far as it was recorded"],
  };

  function title() {
    const [kind, text] = states[run.state] || ["", run.state];
    return el(
      "div",
      { class: "title" },
      el("p", { class: "kicker" }, "MicroGPT: a living transformer"),
      el("h1", {}, "The evolution of ", el("span", { class: "run" }, run.name)),
      el("p", { class: "sub" }, el("span", { class: "badge " + kind }, text), " ", lead()),
    );
  }

  function lead() {
    const made = [format.plural(summary.organisms, "organism")];
    if (report.several) made.push(`on ${run.islands} islands`);
    const span = report.columns.generation.length
      ? `in ${format.plural(report.lastGeneration, "generation")}`
      : "";
    const when = report.isNumber(summary.started)
      ? `, started ${format.date(summary.started)}`
      : "";
    return `${run.program} bred ${made.join(" ")} ${span}${when}.`;
  }

  function genome(organism) {
    return el(
      "dl",
      { class: "genome" },
      data.genes.map((gene) =>
        el(
          "div",
          { class: "gene" },
          el("dt", {}, gene.label),
          el(
            "dd",
            {},
            format.gene(gene.name, organism.genes[gene.name]),
            el("small", {}, gene.unit || "\u00a0"),
          ),
        ),
      ),
    );
  }

  function figure(value, name, note) {
    return el(
      "div",
      { class: "figure" },
      el("dt", {}, name),
      el("dd", {}, value, note ? el("small", {}, note) : null),
    );
  }

  function trials(estimate) {
    return `mean of ${format.plural(estimate.count, "training")}`;
  }

  // The final trainings give a better estimate than the search, whose best score is biased by luck.
  function scores() {
    const mean = (estimate, label, unit) =>
      estimate
        ? [figure(format.estimate(estimate), label, `${unit}, ${trials(estimate)}`)]
        : [];
    const searched = champion.mean_score
      ? mean(champion.mean_score, objective.label, objective.unit)
      : [figure(format.score(champion.score), objective.label, `${objective.unit}, in the search`)];
    const validation =
      objective.name === "held-out"
        ? []
        : mean(champion.validation, "validation loss", objective.loss_unit);
    const test = mean(champion.test, "test loss", objective.loss_unit);
    return el("dl", { class: "scores" }, [...searched, ...validation, ...test]);
  }

  // One bar each for the champion and the baselines.
  function baselines() {
    const searched = objective.name === "held-out" ? champion.score : null;
    const own = champion.validation ? champion.validation.mean : searched;
    const rows = [
      ["everything alike", objective.uniform, ""],
      ["counting pairs (bigram)", objective.bigram, ""],
      [`counting up to ${objective.ngram_order} in a row (n-gram)`, objective.ngram, ""],
      ["the champion", own, "own"],
    ].filter(([, value]) => report.isNumber(value));
    if (rows.length < 3) return null;
    const most = Math.max(...rows.map(([, value]) => value));
    return el(
      "div",
      { class: "baselines" },
      el("h3", {}, "Validation loss against the baselines"),
      el(
        "dl",
        {},
        rows.map(([name, value, kind]) => [
          el("dt", {}, name),
          el(
            "dd",
            { class: kind },
            el("span", { class: "bar", style: `--share:${value / most}` }),
            el("span", { class: "value" }, format.score(value)),
          ),
        ]),
      ),
    );
  }

  const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
  report.capital = capital;

  function spoken() {
    const own = (data.generations || []).filter(
      (row) =>
        row.names &&
        row.names.length &&
        report.isNumber(row.best_id) &&
        report.original(row.best_id) === report.original(champion.id),
    );
    if (!own.length) return null;
    const names = [...new Set(own.flatMap((row) => row.names))].slice(0, 12);
    return el(
      "div",
      { class: "spoken" },
      el("h3", {}, "It speaks"),
      el(
        "p",
        {},
        names.map((name) => [el("q", { dir: "auto" }, name), " "]),
      ),
    );
  }

  function championCard() {
    const organism = champion ? report.organism(champion.id) : null;
    if (!organism) {
      return report.empty("There is no champion: no training has succeeded yet.");
    }
    return el(
      "article",
      { class: "hero", "aria-label": "The champion" },
      el("h2", {}, "Champion: organism ", report.link(champion.id)),
      el(
        "p",
        { class: "caption" },
        capital(report.born(organism)) +
          (report.isCommand
            ? "."
            : `; ${format.whole(organism.parameters)} parameters, ${format.flops(organism.flops)} of training.`),
      ),
      scores(),
      genome(organism),
      el("div", { class: "two" }, baselines(), spoken()),
    );
  }

  function figures() {
    return el(
      "dl",
      { class: "figures" },
      figure(format.whole(summary.organisms), "organisms"),
      figure(format.whole(summary.trainings), "trainings"),
      figure(format.whole(summary.failed), "failed"),
      report.isCommand ? null : figure(format.flops(summary.flops), "computed"),
      figure(format.duration(summary.seconds), "wall time"),
      figure(format.whole(summary.workers), summary.workers === 1 ? "worker" : "workers"),
      figure(format.percent(summary.utilisation), "utilisation"),
    );
  }

  const shown = (value) =>
    value !== null && typeof value === "object" ? JSON.stringify(value) : String(value);

  function settings() {
    const facts = { ...run, ...data.settings };
    const body = el(
      "dl",
      { class: "settings" },
      Object.entries(facts).map(([name, value]) =>
        el(
          "div",
          {},
          el("dt", {}, name.replaceAll("_", " ")),
          el("dd", {}, shown(value) || format.none),
        ),
      ),
    );
    return el("details", {}, el("summary", {}, "All settings of the run"), body);
  }

  report.buildHeader = function () {
    document.title = `${run.name}: report of an evolution`;
    document.getElementById("header").append(title(), championCard(), figures(), settings());
    document
      .getElementById("footer")
      .append(
        `Written by MicroGPT ${run.version}. Everything shown is inside this file; it needs no network.`,
      );
  };
})(window.report);
