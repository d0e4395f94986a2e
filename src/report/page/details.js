// Everything about the selected organism, next to the page or, on a phone, at the bottom.
(function (report) {
  "use strict";

  const { el, data, format, lineage } = report;
  const mostChildren = 24;

  const part = (title, ...content) => el("section", {}, el("h3", {}, title), content);

  function parentItem(id, child) {
    const parent = report.organism(id);
    if (!parent) return el("li", {}, `${id}, which is not on record`);
    const changes = lineage.changes(parent, child);
    return el(
      "li",
      {},
      report.link(id),
      ` ${parent.origin}, ${format.score(parent.score)}`,
      el("div", { class: "change" }, report.changesText(changes)),
      child.copy
        ? null
        : el(
            "div",
            { class: "change" },
            `the child is ${report.gainText(lineage.gain(parent, child))}`,
          ),
    );
  }

  function parents(organism) {
    if (!organism.parents.length)
      return part("Parents", el("p", {}, "None: it was not bred from other organisms."));
    return part(
      organism.copy ? "Copy of" : "Parents",
      el(
        "ul",
        { class: "plain" },
        organism.parents.map((id) => parentItem(id, organism)),
      ),
    );
  }

  function children(organism) {
    const ids = report.childrenOf(organism.id);
    if (!ids.length) return part("Children", el("p", {}, "None."));
    const more = ids.length - mostChildren;
    return part(
      `Children (${format.whole(ids.length)})`,
      el(
        "p",
        { class: "ids" },
        ids.slice(0, mostChildren).map((id) => [report.link(id), " "]),
        more > 0 ? `and ${format.whole(more)} more` : null,
      ),
    );
  }

  function trainingItem(row) {
    const { timings } = data;
    const kind = timings.replicate[row] > 0 ? `final ${timings.replicate[row]}` : "search";
    if (timings.rank[row] < 0) return el("li", {}, `${kind}: taken from the cache`);
    return el(
      "li",
      {},
      `${kind}: ${format.duration(timings.seconds[row])} on rank ${timings.rank[row]} ` +
        `(${data.hosts[timings.host[row]]})`,
    );
  }

  function trainings(organism) {
    const rows = report.timingsOf(organism.id);
    if (organism.copy) return part("Training", el("p", {}, "A copy is not trained again."));
    if (!rows.length) return part("Training", el("p", {}, "No timing on record."));
    return part("Training", el("ul", { class: "plain" }, rows.map(trainingItem)));
  }

  function score(organism) {
    if (organism.failure !== null || !report.isNumber(organism.score)) {
      return el(
        "p",
        { class: "failure" },
        el("strong", {}, "The training failed: "),
        organism.failure || "no reason on record",
      );
    }
    return el(
      "p",
      { class: "big" },
      format.score(organism.score),
      el("small", {}, `${data.objective.label}, ${data.objective.unit}`),
    );
  }

  function close() {
    history.replaceState(null, "", location.pathname + location.search);
    report.select(null);
  }
  report.closeDetails = close;

  function content(organism) {
    const champion = report.isChampion(organism.id)
      ? el("span", { class: "badge finished" }, "champion")
      : null;
    return [
      el(
        "button",
        { type: "button", class: "close", "aria-label": "Close the details", onclick: close },
        "×",
      ),
      el("h2", {}, `Organism ${organism.id} `, champion),
      el("p", { class: "caption" }, report.capital(report.born(organism))),
      score(organism),
      report.pairs([
        ...report.genePairs(organism),
        ...report.costPairs(organism),
      ]),
      parents(organism),
      children(organism),
      trainings(organism),
    ];
  }

  report.showDetails = function (id) {
    const panel = document.getElementById("details");
    const organism = id === null ? null : report.organism(id);
    panel.hidden = !organism;
    document.body.classList.toggle("with-details", Boolean(organism));
    panel.replaceChildren(...(organism ? content(organism) : []));
    panel.scrollTop = 0;
  };

  window.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && report.selected !== null) close();
  });
})(window.report);
