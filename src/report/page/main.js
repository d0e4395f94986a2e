// Assembles the page, and reacts to the address, the theme, the window and the printer.
(function (report) {
  "use strict";

  const { el } = report;
  const root = document.documentElement;

  // What the charts show while nothing is selected.
  function fallback() {
    if (report.championId !== null) return report.championId;
    const [best] = report.ranking;
    return best === undefined ? null : report.columns.id[best];
  }

  report.select = function (id) {
    const known = id !== null && report.organism(id) ? id : null;
    report.selected = known;
    const before = report.shown;
    report.shown = known === null ? fallback() : known;
    report.showDetails(known);
    if (report.shown === null || report.shown === before) return;
    report.selectInCharts();
    const scored = report.isNumber(report.organism(report.original(report.shown)).score);
    if (scored || report.organism(report.shown)) report.showFamily(report.shown);
  };

  function fromAddress() {
    const match = /^#organism=(\d+)$/.exec(location.hash);
    if (match) report.select(Number(match[1]));
    else if (!location.hash || location.hash === "#") report.select(null);
  }

  function contents() {
    const titles = [...document.querySelectorAll("main > section > h2")];
    document.getElementById("contents").append(
      el("p", {}, "Contents"),
      el(
        "ol",
        {},
        titles.map((title) =>
          el("li", {}, el("a", { href: "#" + title.parentElement.id }, title.textContent)),
        ),
      ),
      el(
        "p",
        { class: "hint" },
        "Click any dot, line, bar or number of an organism to see everything about it here.",
      ),
    );
  }

  const parts = [
    "Header",
    "Speaker",
    "Trajectory",
    "Compute",
    "Learning",
    "Family",
    "Parallel",
    "Importance",
    "Slices",
    "Pair",
    "Pareto",
    "Timeline",
    "Names",
    "Finalists",
    "Ablation",
    "Top",
    "Trials",
    "Insights",
  ];

  // A part that fails must not affect the others.
  function attempt(what, act) {
    try {
      act();
    } catch (error) {
      report.errors.push(`${what}: ${error.message}`);
      console.error(`${what}: ${error.stack}`);
    }
  }

  function build() {
    report.readTheme();
    report.shown = fallback();
    const left = report.isCommand ? ["Speaker", "Compute", "Learning", "Pareto", "Names"] : [];
    for (const part of parts.filter((each) => !left.includes(each))) attempt(part, report["build" + part]);
    contents();
  }

  function draw() {
    for (const name of report.chartNames()) {
      if (name === "family") attempt(name, () => report.showFamily(report.shown));
      else attempt(name, () => report.drawChart(name));
    }
  }

  // Ready means painted: ECharts paints in the next frame, so that two frames later all is visible.
  function announce() {
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        report.ready = true;
      }),
    );
  }

  function recolour() {
    report.readTheme();
    report.redrawKeys();
    draw();
  }

  function setPrinting(on) {
    root.classList.toggle("printing", on);
    recolour();
    for (const chart of Object.values(report.charts)) chart.getZr().flush();
  }

  let pending = 0;
  function resized() {
    if (pending || root.classList.contains("printing")) return;
    pending = requestAnimationFrame(() => {
      pending = 0;
      report.refit();
    });
  }

  function listen() {
    window.addEventListener("hashchange", fromAddress);
    window.addEventListener("resize", resized);
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
    window.addEventListener("beforeprint", () => setPrinting(true));
    window.addEventListener("afterprint", () => setPrinting(false));
  }

  build();
  draw();
  listen();
  fromAddress();
  announce();
})(window.report);
