// Why trainings failed: the reasons, most frequent first, and the organisms concerned.
(function (report) {
  "use strict";

  const { el, data, format } = report;
  const mostIds = 20;

  function reasons() {
    const groups = new Map();
    for (const [id, reason] of Object.entries(data.failures || {})) {
      if (!groups.has(reason)) groups.set(reason, []);
      groups.get(reason).push(Number(id));
    }
    return [...groups]
      .map(([reason, ids]) => ({ reason, ids }))
      .sort((a, b) => b.ids.length - a.ids.length);
  }

  function links(ids) {
    const more = ids.length - mostIds;
    return [
      ids.slice(0, mostIds).map((id) => [report.link(id), " "]),
      more > 0 ? `and ${format.whole(more)} more` : null,
    ];
  }

  report.failureList = function () {
    const rows = reasons();
    if (!rows.length) return "";
    const count = rows.reduce((sum, row) => sum + row.ids.length, 0);
    return el(
      "details",
      { class: "failures" },
      el("summary", {}, `Why ${format.plural(count, "training")} failed`),
      el(
        "ul",
        {},
        rows.map((row) =>
          el(
            "li",
            {},
            row.reason,
            el(
              "div",
              { class: "ids" },
              `${format.plural(row.ids.length, "training")}: `,
              links(row.ids),
            ),
          ),
        ),
      ),
    );
  };
})(window.report);
