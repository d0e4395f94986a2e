// Which rank trained which organism, and when.
(function (report) {
  "use strict";

  const { el, data, format, axes } = report;
  const { timings } = data;
  const generationOf = (id) => {
    const row = report.rowOf.get(id);
    return row === undefined ? null : report.columns.generation[row];
  };

  const rowHeight = 18;
  const mostRows = 64;

  // The ranks in order, the lowest at the top, and the share of the run that each was busy.
  const ranks = (() => {
    const found = new Map();
    report.worked.forEach((i) => {
      const rank = timings.rank[i];
      if (!found.has(rank)) found.set(rank, { rank, host: data.hosts[timings.host[i]], busy: 0 });
      found.get(rank).busy += timings.seconds[i];
    });
    return [...found.values()].sort((a, b) => a.rank - b.rank);
  })();
  const rowOfRank = new Map(ranks.map((each, row) => [each.rank, row]));
  const end = report.worked.reduce(
    (most, i) => Math.max(most, timings.start[i] + timings.seconds[i]),
    0,
  );

  const scrolls = ranks.length > mostRows;

  // The time unit of the axis depends on the length of the run.
  const [unit, unitName] = [
    [86400, "days"],
    [3600, "hours"],
    [60, "minutes"],
    [1, "seconds"],
  ].find(([seconds]) => end >= 2 * seconds) || [1, "seconds"];

  const bar = (i) => [
    rowOfRank.get(timings.rank[i]),
    timings.start[i] / unit,
    (timings.start[i] + timings.seconds[i]) / unit,
    timings.id[i],
    i,
  ];
  const bars = () => report.worked.map(bar);
  const ofSelected = (id) =>
    report
      .timingsOf(report.original(id))
      .filter((i) => timings.rank[i] >= 0)
      .map(bar);

  function color(i) {
    if (timings.replicate[i] > 0) return report.theme.accent;
    const generation = generationOf(timings.id[i]);
    return generation === null ? report.theme.muted : report.generationColor(generation);
  }

  function rectangle(params, api, style) {
    const start = api.coord([api.value(1), api.value(0)]);
    const stop = api.coord([api.value(2), api.value(0)]);
    const height = Math.max(1, api.size([0, 1])[1] * 0.72);
    const area = params.coordSys;
    const left = Math.max(start[0], area.x);
    const right = Math.min(Math.max(stop[0] - 0.5, start[0] + 1), area.x + area.width);
    const top = start[1] - height / 2;
    if (right <= left || top + height < area.y || top > area.y + area.height) return null;
    return { type: "rect", shape: { x: left, y: top, width: right - left, height }, style };
  }

  function series() {
    return {
      id: "trainings",
      type: "custom",
      clip: true,
      progressive: 0,
      z: 2,
      data: bars(),
      emphasis: { disabled: true },
      encode: { x: [1, 2], y: 0 },
      renderItem: (params, api) => rectangle(params, api, { fill: color(api.value(4)) }),
    };
  }

  function select(id) {
    const style = { fill: "transparent", stroke: report.theme.text, lineWidth: 1.5 };
    return [
      {
        id: "selected",
        type: "custom",
        silent: true,
        clip: true,
        z: 5,
        data: ofSelected(id),
        encode: { x: [1, 2], y: 0 },
        renderItem: (params, api) => rectangle(params, api, style),
      },
    ];
  }

  const label = ({ rank, host }, narrow) =>
    narrow ? `rank ${rank}` : `rank ${rank} · ${shorten(host || "?")}`;
  const shorten = (text) => (text.length > 14 ? text.slice(0, 13) + "…" : text);

  function rankAxis(names, position) {
    const { theme } = report;
    return {
      type: "category",
      data: names,
      inverse: true,
      position,
      boundaryGap: true,
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: { color: theme.muted, fontSize: 11, hideOverlap: true, interval: "auto" },
      splitLine: { show: false },
      axisPointer: { show: false },
    };
  }

  function zooms() {
    const { theme } = report;
    const look = {
      borderColor: theme.line,
      fillerColor: theme.grid,
      textStyle: { color: theme.muted, fontSize: 11 },
      handleStyle: { color: theme.surface, borderColor: theme.muted },
      moveHandleStyle: { color: theme.line },
      backgroundColor: "transparent",
      showDataShadow: false,
      brushSelect: false,
      showDetail: false,
    };
    const list = [
      { type: "slider", xAxisIndex: 0, filterMode: "none", height: 18, bottom: 8, ...look },
      {
        type: "inside",
        xAxisIndex: 0,
        filterMode: "none",
        zoomOnMouseWheel: "ctrl",
        moveOnMouseMove: "shift",
        moveOnMouseWheel: false,
      },
    ];
    if (scrolls) {
      list.push({
        type: "slider",
        yAxisIndex: [0, 1],
        filterMode: "none",
        width: 16,
        right: 6,
        startValue: 0,
        endValue: mostRows - 1,
        ...look,
      });
    }
    return report.printing() ? [] : list;
  }

  function option(width) {
    const { theme } = report;
    const names = ranks.map((each) => label(each, width < 560));
    const left = Math.ceil(Math.max(...names.map((name) => report.textWidth(name, 11)))) + 14;
    return {
      grid: {
        left,
        right: scrolls ? 74 : 52,
        top: 26,
        bottom: report.printing() ? 44 : 78,
        outerBoundsMode: "none",
        show: true,
        backgroundColor: theme.idle,
        borderWidth: 0,
      },
      xAxis: {
        ...axes.horizontal({
          type: "value",
          min: 0,
          max: end / unit,
          name: `time since the first start (${unitName})`,
        }),
        axisLabel: {
          color: theme.muted,
          fontSize: 11,
          hideOverlap: true,
          showMaxLabel: false,
          formatter: (value) => format.trim(value, 4),
        },
        splitNumber: Math.max(3, Math.floor(width / 90)),
      },
      yAxis: [
        rankAxis(names, "left"),
        {
          ...rankAxis(
            ranks.map((each) => format.percent(end ? each.busy / end : 0)),
            "right",
          ),
          name: "busy",
          nameLocation: "start",
          nameGap: 8,
          nameTextStyle: { color: theme.muted, align: "left" },
        },
      ],
      dataZoom: zooms(),
      series: [
        series(),
        { type: "custom", yAxisIndex: 1, data: [], renderItem: () => null },
        ...select(report.shown),
      ],
    };
  }

  function tip(params) {
    const i = params.data[4];
    const kind =
      timings.replicate[i] > 0
        ? `final training ${timings.replicate[i]}`
        : "training in the search";
    return report.card(
      timings.id[i],
      el(
        "div",
        {},
        `${kind}: rank ${timings.rank[i]} on ${data.hosts[timings.host[i]]}, ` +
          `${format.duration(timings.seconds[i])} from ${format.duration(timings.start[i])}`,
      ),
    );
  }

  function height() {
    const rows = Math.min(ranks.length, mostRows) * (ranks.length <= 12 ? 26 : rowHeight) + 110;
    return report.printing() ? Math.min(rows, 780) : rows;
  }

  const legend = () =>
    el(
      "div",
      { class: "legends" },
      report.generationScale(),
      report.legend([
        { mark: "square", color: report.theme.accent, text: "final trainings" },
        { mark: "square", color: report.theme.idle, text: "idle" },
        { mark: "frame", color: report.theme.text, text: "selected organism" },
      ]),
    );

  report.buildTimeline = function () {
    const section = report.section(
      "timeline",
      "Worker timeline",
      "One row for each rank, one bar for each training; gaps are time " +
        "spent waiting, the number at the right is the share of the run in which the rank was " +
        "busy. The slider below zooms, as does the mouse wheel with Ctrl." +
        (scrolls
          ? ` Of ${format.whole(ranks.length)} ranks, ${mostRows} are shown at a time: the ` +
            "slider at the right moves on."
          : ""),
    );
    if (!ranks.length) {
      section.append(report.empty("No training has a timing yet."));
      return;
    }
    section.append(report.redrawn(legend));
    report.addChart("timeline", {
      box: report.chartBox(section),
      label: "The trainings of each rank over time.",
      height,
      option,
      select,
      tip,
      organismAt: (params) => (params.data ? params.data[3] : null),
    });
  };
})(window.report);
