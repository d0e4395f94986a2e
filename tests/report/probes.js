// What the checks ask of the page; evaluated in it after it is ready.
window.probe = (function () {
  "use strict";

  const charts = () => Object.entries(report.charts);

  function marks(chart) {
    return chart
      .getModel()
      .getSeries()
      .reduce((sum, series) => sum + series.getData().count(), 0);
  }

  // The share of the canvas that differs from its background.
  function painted(chart) {
    let most = 0;
    for (const canvas of chart.getDom().querySelectorAll("canvas")) {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let i = 3; i < data.length; i += 4) count += data[i] > 16;
      most = Math.max(most, count / (data.length / 4));
    }
    return most;
  }

  const named = (holds) =>
    charts()
      .filter(([, chart]) => holds(chart))
      .map(([name]) => name);

  // A chart that paints in several frames shows only the first of them on paper: ECharts gives what
  // it paints later a canvas of its own.
  const late = () =>
    named(
      (chart) => painted(chart) < 0.004 || chart.getDom().querySelectorAll("canvas").length > 1,
    );

  const tooLarge = (width, height) =>
    named((chart) => chart.getWidth() > width || chart.getHeight() > height);

  const intersect = (a, b) =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;

  function pairs(boxes) {
    const found = [];
    for (let i = 0; i < boxes.length; i += 1) {
      for (let j = i + 1; j < boxes.length; j += 1) {
        if (intersect(boxes[i], boxes[j])) found.push(`"${boxes[i].text}" and "${boxes[j].text}"`);
      }
    }
    return found;
  }

  function textBox(shape) {
    const rect = shape.getBoundingRect().clone();
    rect.applyTransform(shape.transform || [1, 0, 0, 1, 0, 0]);
    return {
      left: rect.x,
      top: rect.y,
      right: rect.x + rect.width,
      bottom: rect.y + rect.height,
      text: shape.style.text,
    };
  }

  function chartTexts(chart) {
    return chart
      .getZr()
      .storage.getDisplayList(true)
      .filter((shape) => shape.type === "tspan" && shape.style.text?.trim() && !shape.invisible)
      .map(textBox);
  }

  const overlapsInCharts = () =>
    charts().flatMap(([name, chart]) => pairs(chartTexts(chart)).map((pair) => `${name}: ${pair}`));

  const cutInCharts = () =>
    charts().flatMap(([name, chart]) =>
      chartTexts(chart)
        .filter(
          (box) =>
            box.left < -1 ||
            box.top < -1 ||
            box.right > chart.getWidth() + 1 ||
            box.bottom > chart.getHeight() + 1,
        )
        .map((box) => `${name}: "${box.text}" is cut off`),
    );

  // The rectangles of all text of the page that is not inside a chart.
  function domTexts(root) {
    const boxes = [];
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      if (
        !node.textContent.trim() ||
        node.parentElement.closest(".chart, script, noscript, .descent")
      )
        continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      for (const rect of range.getClientRects()) {
        if (rect.width > 1 && rect.height > 1 && visible(node.parentElement)) {
          boxes.push({
            left: rect.left,
            top: rect.top + 2,
            right: rect.right,
            bottom: rect.bottom - 2,
            text: node.textContent.trim().slice(0, 40),
          });
        }
      }
    }
    return boxes;
  }

  const visible = (element) =>
    element.checkVisibility() &&
    !element.closest("thead:not(.table thead)") &&
    getComputedStyle(element.closest("thead") || element).position !== "absolute";

  const overlapsInPage = () =>
    [...document.querySelectorAll("header, main > section, footer")].flatMap((root) =>
      pairs(domTexts(root)).map((pair) => `${root.id}: ${pair}`),
    );

  // Elements that only markup in the data could have made.
  function foreign() {
    const strange = document.querySelectorAll(
      "main b, main i, main img, main script, main iframe, main style, main object, #details b, #details i, #details img, #details script",
    );
    return [...strange].map((element) => element.outerHTML.slice(0, 80));
  }

  // Where a mark of a series is on the screen: the first that nothing else covers is up to the caller.
  function place(name, seriesId, index) {
    const chart = report.charts[name];
    const dom = chart.getDom();
    dom.scrollIntoView({ block: "center", behavior: "instant" });
    const option = chart.getOption().series.find((series) => series.id === seriesId);
    const item = option.data[index];
    const value = Array.isArray(item) ? item : item.value;
    const point = chart.convertToPixel({ seriesId }, [value[0], value[1]]);
    const rect = dom.getBoundingClientRect();
    return {
      x: rect.left + point[0],
      y: rect.top + point[1],
      id: value[2],
      count: option.data.length,
    };
  }

  const parallelAxes = () => report.charts.parallel.getOption().parallelAxis.length;

  // From where to where to drag along the last axis of the parallel coordinates.
  function brushArea() {
    const chart = report.charts.parallel;
    chart.getDom().scrollIntoView({ block: "center", behavior: "instant" });
    const rect = chart.getDom().getBoundingClientRect();
    const { axis } = chart.getModel().getComponent("parallelAxis", parallelAxes() - 1);
    const system = chart.getModel().getComponent("parallel").coordinateSystem;
    const [start, end] = axis.getExtent();
    const at = (share) => {
      const point = system.axisCoordToPoint(
        start + (end - start) * share,
        `dim${parallelAxes() - 1}`,
      );
      return [rect.left + point[0], rect.top + point[1]];
    };
    return { from: at(0.02), to: at(0.3) };
  }

  function placeInParallel(index, between) {
    const chart = report.charts.parallel;
    const dom = chart.getDom();
    dom.scrollIntoView({ block: "center", behavior: "instant" });
    const series = chart
      .getModel()
      .getSeries()
      .find((each) => each.id === "organisms");
    const points = series.getData().getItemGraphicEl(index).shape.points;
    const rect = dom.getBoundingClientRect();
    const mid = (axis) => points[between][axis] * 0.6 + points[between + 1][axis] * 0.4;
    return { x: rect.left + mid(0), y: rect.top + mid(1) };
  }

  // The longest bar of those that are in view without scrolling the ranks.
  function placeInTimeline() {
    const chart = report.charts.timeline;
    const dom = chart.getDom();
    const data = chart
      .getOption()
      .series.find((series) => series.id === "trainings")
      .data.filter((bar) => bar[0] < 40)
      .reduce((long, bar) => (bar[2] - bar[1] > long[2] - long[1] ? bar : long));
    const point = chart.convertToPixel({ seriesId: "trainings" }, [
      (data[1] + data[2]) / 2,
      data[0],
    ]);
    window.scrollTo(
      0,
      dom.getBoundingClientRect().top + window.scrollY + point[1] - window.innerHeight / 2,
    );
    const rect = dom.getBoundingClientRect();
    return { x: rect.left + point[0], y: rect.top + point[1], id: data[3] };
  }

  function tooltip(name) {
    const cards = [...report.charts[name].getDom().querySelectorAll(".card")];
    const shown = cards.filter((card) => {
      const style = getComputedStyle(card.parentElement);
      return style.visibility !== "hidden" && style.opacity !== "0" && style.display !== "none";
    });
    return shown.map((card) => card.innerText).join("\n");
  }

  const textsOf = (name) => chartTexts(report.charts[name]).map((box) => box.text);

  // The dots of a slice: where they are sideways, and the value that is meant.
  const dots = (gene) =>
    report.charts["slice-" + gene]
      .getOption()
      .series.filter((series) => series.id.startsWith("organisms-"))
      .flatMap((series) => series.data)
      .map(([x, , id]) => ({ x, value: report.organism(id).genes[gene] }));

  const lines = (selector) =>
    [...document.querySelectorAll(selector)].map((each) =>
      each.innerText.replace(/\s+/g, " ").trim(),
    );

  // The column of a table that has this title.
  function cells(selector, title) {
    const heads = [...document.querySelectorAll(`${selector} thead th`)];
    const at = heads.findIndex((each) => each.textContent === title);
    return [...document.querySelectorAll(`${selector} tbody tr`)].map(
      (row) => row.children[at].textContent,
    );
  }

  // What is drawn in each row of the ablation: the ends of bar and interval, with 0 at `zero`.
  function drawn() {
    const ends = (row, kind) => {
      const rect = row.querySelector(`.worth ${kind}`)?.getBoundingClientRect();
      return rect ? [rect.left, rect.right] : null;
    };
    return [...document.querySelectorAll("#ablation tbody tr")].map((row) => ({
      zero: ends(row, ".zero")?.[0],
      bar: ends(row, ".bar"),
      interval: ends(row, ".interval"),
      box: ends(row, ""),
    }));
  }

  // Tables without a heading for each column and each row.
  const headless = () =>
    [...document.querySelectorAll("#importance table, #ablation table")]
      .filter(
        (table) =>
          [...table.querySelectorAll("thead th")].some(
            (each) => each.scope !== "col" || !each.textContent,
          ) ||
          table.querySelectorAll("tbody tr").length !==
            table.querySelectorAll("tbody th[scope=row]").length,
      )
      .map((table) => table.outerHTML.slice(0, 80));

  // Text of 16 px has 13 px on paper, and so much less room is needed there.
  const wideTables = (most) =>
    [...document.querySelectorAll("main table")]
      .map((table) => [table.closest("section").id, table.getBoundingClientRect().width * (13 / 16)])
      .filter(([, wide]) => wide > most)
      .map(([name, wide]) => `${name}: ${wide} px`);

  const background = () => getComputedStyle(document.body).backgroundColor;
  const labelColor = (name) => chartsLabel(report.charts[name]);
  const chartsLabel = (chart) =>
    String(
      chart
        .getZr()
        .storage.getDisplayList(true)
        .find((shape) => shape.type === "tspan").style.fill,
    );

  const overflow = () =>
    document.documentElement.scrollWidth - document.documentElement.clientWidth;

  return {
    marks,
    painted,
    late,
    tooLarge,
    brushArea,
    parallelAxes,
    textsOf,
    dots,
    lines,
    cells,
    drawn,
    headless,
    wideTables,
    overlapsInCharts,
    cutInCharts,
    overlapsInPage,
    foreign,
    place,
    placeInParallel,
    placeInTimeline,
    tooltip,
    background,
    labelColor,
    overflow,
  };
})();
