// Elements without templates: text enters the page only as text nodes, so that no data can become
// markup.
window.report = { errors: [], charts: {}, ready: false, selected: null };

window.addEventListener("error", (event) => report.errors.push(event.message));

(function (report) {
  "use strict";

  // el("a", {href: "#x", class: "link"}, "text", otherElement, [more], null)
  report.el = function (tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name === "onclick") element.addEventListener("click", value);
      else if (value === true) element.setAttribute(name, "");
      else if (value !== null && value !== undefined && value !== false) {
        element.setAttribute(name, value);
      }
    }
    element.append(...children.flat(3).filter((child) => child !== null && child !== undefined));
    return element;
  };

  const { el } = report;

  // The frame of every section: a heading, and one sentence on how to read what follows.
  report.section = function (id, title, caption) {
    const section = document.getElementById(id);
    section.setAttribute("aria-labelledby", id + "-title");
    section.append(
      el("h2", { id: id + "-title" }, title),
      caption ? el("p", { class: "caption" }, caption) : "",
    );
    return section;
  };

  report.empty = (text) => el("p", { class: "empty" }, text);

  const classOf = ({ number, lesser }) =>
    [number && "number", lesser && "lesser"].filter(Boolean).join(" ") || null;

  // columns: [{title, number, lesser, value(row), head, sorted}]; the lesser ones are left out on
  // paper, a head takes the place of the title, sorted is "ascending" or "descending".
  report.table = function (columns, rows, label, kind) {
    const head = columns.map((column) =>
      el(
        "th",
        { scope: "col", class: classOf(column), "aria-sort": column.sorted },
        column.head || column.title,
      ),
    );
    const body = rows.map((row) =>
      el(
        "tr",
        { class: row.highlight ? "champion" : null },
        columns.map((column) =>
          el(
            "td",
            { class: classOf(column), "data-title": column.title },
            column.value(row),
          ),
        ),
      ),
    );
    return el(
      "div",
      { class: "table", tabindex: "0", role: "region", "aria-label": label },
      el(
        "table",
        { class: kind || null },
        el("thead", {}, el("tr", {}, head)),
        el("tbody", {}, body),
      ),
    );
  };

  // A table whose rows have headings; on a phone, the cells of a row flow.
  report.geneTable = function (titles, rows, label) {
    const head = titles.map((title) => el("th", { scope: "col" }, title));
    return el(
      "table",
      { class: "genes", "aria-label": label },
      el("thead", {}, el("tr", {}, head)),
      el("tbody", {}, rows),
    );
  };

  // The legend of a chart: [{mark: "line" | "dash" | "band" | "square" …, color, opacity, text}]
  report.legend = function (entries) {
    return el(
      "ul",
      { class: "legend" },
      entries.map(({ mark, color, opacity, text }) =>
        el(
          "li",
          {},
          el("span", { class: "mark " + mark, style: `color:${color};opacity:${opacity || 1}` }),
          text,
        ),
      ),
    );
  };

  // A colour scale from the lowest to the highest value.
  report.scale = (stops, low, high) =>
    el(
      "div",
      { class: "legend scale" },
      el("span", {}, low),
      el("span", { class: "ramp", style: `background:linear-gradient(90deg,${stops.join(",")})` }),
      el("span", {}, high),
    );
})(window.report);
