// Draws `dashboard` with uPlot, laid out on Grafana's grid: 24 columns, 30 px a line and 8 px between.
"use strict";

const COLORS = { blue: "#5794f2", orange: "#ff9830", purple: "#b877d9", green: "#73bf69", yellow: "#fade2a",
  red: "#f2495c", gray: "#8e8e9e", text: "#ccccdc" };
const PALETTE = ["#73bf69", "#fade2a", "#5794f2", "#ff9830", "#f2495c", "#b877d9", "#8ab8ff", "#c4162a", "#96d98d", "#ffa6b0"];
const CALCS = {
  lastNotNull: ["Last *", (values) => values[values.length - 1]],
  min: ["Min", (values) => Math.min(...values)],
  max: ["Max", (values) => Math.max(...values)],
};

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function none(panel) {
  return element("div", { className: "none", textContent: panel.fieldConfig.defaults.noValue });
}

function color(series, index) {
  const fixed = series.config.color && series.config.color.fixedColor;
  return COLORS[fixed] || PALETTE[index % PALETTE.length];
}

function threshold(value, steps) {
  return steps.filter((step) => step.value === undefined || value >= step.value).pop().color;
}

const DRAW = {
  row: (panel) => element("div", { className: "content", textContent: `⌄ ${panel.title}` }),
  text: (panel) => element("div", { className: "content", innerHTML: marked.parse(panel.options.content) }),
  alertlist: drawAlerts,
  stat: drawStats,
  table: drawTable,
  timeseries: drawSeries,
};

function drawAlerts(panel) {
  if (!panel.alerts.length) return element("div", { className: "none", textContent: "No alerts matching filters" });
  return element("div", { className: "content" }, ...panel.alerts.map((alert) => {
    const state = element("b", { className: alert.state, textContent: alert.state === "firing" ? "Firing" : "Pending" });
    return element("div", { className: "alert" }, alert.name, element("small", {}, state, ` for ${format(alert.seconds, "s")}`));
  }));
}

function drawStats(panel) {
  if (!panel.series.length) return none(panel);
  const stats = panel.series.map((series) => {
    const value = series.points[series.points.length - 1][1];
    const named = panel.options.textMode === "name";
    const shown = named ? series.name : format(value, series.config.unit, series.config.decimals);
    const many = panel.series.length > 1 ? [element("small", { textContent: series.name })] : [];
    const stat = element("div", { className: "stat", textContent: shown }, ...many);
    stat.style.color = COLORS[threshold(value, series.config.thresholds.steps)];
    return stat;
  });
  return element("div", { className: "stats" }, ...stats);
}

function drawTable(panel) {
  if (!panel.rows.length) return none(panel);
  const columns = panel.columns.filter((column) => !column.config.custom.hidden);
  const head = element("tr", {}, ...columns.map((column) =>
    element("th", {
      textContent: column.config.displayName || column.name,
      className: panel.rows.some((row) => typeof row[column.field] === "number") ? "" : "text",
    })));
  const body = panel.rows.map((row) => element("tr", {}, ...columns.map((column) => cell(row[column.field], column.config))));
  const table = element("table", { className: "fixed" }, columnWidths(columns, panel), head, ...body);
  return element("div", { className: "content" }, table);
}

// As Grafana gives them: what a column asks for; the others share the rest, each with its least.
function columnWidths(columns, panel) {
  const room = panelWidth(panel) - 26;
  const asked = columns.map((column) => column.config.custom.width || 0);
  const others = asked.filter((width) => !width).length;
  const share = (room - asked.reduce((sum, width) => sum + width, 0)) / others;
  const widths = columns.map((column, index) => asked[index] || Math.max(share, column.config.custom.minWidth || 150));
  return element("colgroup", {}, ...widths.map((width) => {
    const column = element("col");
    column.style.width = `${width}px`;
    return column;
  }));
}

function panelWidth(panel) {
  return innerWidth <= 768 ? innerWidth - 16 : ((innerWidth - 16) * panel.gridPos.w) / 24;
}

function cell(value, config) {
  const text = typeof value === "number" ? format(value, config.unit, config.decimals) : value || "";
  const shown = config.links && config.links.length ? element("a", { textContent: text }) : document.createTextNode(text);
  const made = element("td", { className: typeof value === "number" ? "" : "text" });
  if (config.custom.cellOptions && typeof value === "number") {
    const bar = element("span");
    bar.style.width = `${Math.max(0, Math.min(1, (value - config.min) / (config.max - config.min))) * 100}%`;
    made.append(element("span", { className: "gauge" }, bar));
  }
  made.append(shown);
  return made;
}

function drawSeries(panel) {
  if (!panel.series.length) return none(panel);
  const chart = element("div", { className: "chart" });
  const content = element("div", { className: "content" }, chart, element("div", { className: "legend" }, legend(panel)));
  requestAnimationFrame(() => plot(panel, chart));
  return content;
}

function legend(panel) {
  if (panel.options.legend.displayMode === "list") return legendList(panel);
  const calcs = panel.options.legend.calcs;
  const head = element("tr", {}, element("th", { textContent: "Name" }),
    ...calcs.map((calc) => element("th", { textContent: CALCS[calc][0] })));
  const rows = sorted(panel).map(({ series, index }) => {
    const mark = element("b");
    mark.style.background = color(series, index);
    const values = series.points.map((point) => point[1]);
    return element("tr", {}, element("td", {}, mark, series.name), ...calcs.map((calc) =>
      element("td", { textContent: format(CALCS[calc][1](values), series.config.unit) })));
  });
  return element("table", {}, head, ...rows);
}

function sorted(panel) {
  const { sortBy, sortDesc } = panel.options.legend;
  const rows = panel.series.map((series, index) => ({ series, index }));
  if (!sortBy) return rows;
  const [, calculate] = Object.values(CALCS).find(([title]) => title === sortBy);
  const value = ({ series }) => calculate(series.points.map((point) => point[1])) * (sortDesc ? -1 : 1);
  return rows.sort((one, other) => value(one) - value(other));
}

function legendList(panel) {
  const items = panel.series.map((series, index) => {
    const mark = element("b");
    mark.style.background = color(series, index);
    const last = series.points[series.points.length - 1][1];
    return element("span", {}, mark, `${series.name}  Last *: ${format(last, series.config.unit)}`);
  });
  return element("div", { className: "list" }, ...items);
}

function plot(panel, chart) {
  const times = panel.times;
  const columns = panel.series.map((series) => {
    const values = new Map(series.points);
    return times.map((time) => (values.has(time) ? values.get(time) : null));
  });
  const defaults = panel.fieldConfig.defaults;
  const names = panel.series.map((series) => series.name);
  new uPlot({
    width: chart.clientWidth,
    height: chart.clientHeight,
    legend: { show: false },
    tzDate: (time) => uPlot.tzDate(new Date(time * 1e3), "UTC"),
    scales: { x: { min: dashboard.range[0], max: dashboard.range[1] }, y: { range: (_, low, high) => limits(low, high, defaults) } },
    axes: [{ ...axis(), size: 30, space: 60, values: (_, times) => times.map(clock) }, { ...axis(), size: 84, values: (_, ticks) => ticks.map((tick) => format(tick, defaults.unit) || "0") }],
    series: [{}, ...panel.series.map((series, index) => line(series, color(series, index)))],
    bands: panel.series.flatMap((series, index) => band(series, index, names)),
    hooks: {
      drawClear: defaults.custom.thresholdsStyle.mode === "off" ? [] : [(chart) => areas(chart, defaults.thresholds.steps)],
      draw: [marks],
    },
  }, [times, ...columns], chart);
}

function axis() {
  return { stroke: "#8e8e9e", grid: { stroke: "#24262c", width: 1 }, ticks: { stroke: "#24262c", width: 1 }, font: "11px Arial" };
}

// Grafana's: the values and a tenth more, as far as the soft limits at least, never beyond the hard ones.
function limits(low, high, defaults) {
  const { axisSoftMin: softLow, axisSoftMax: softHigh } = defaults.custom;
  const room = (high - low || Math.abs(high) || 1) * 0.1;
  const least = softLow !== undefined && low >= softLow ? softLow : low - room;
  const most = softHigh !== undefined && high <= softHigh ? softHigh : high + room;
  return [defaults.min === undefined ? least : defaults.min, defaults.max === undefined ? most : defaults.max];
}

function clock(time) {
  const at = new Date(time * 1e3).toISOString();
  return time % 86400 ? at.slice(11, 16) : `${at.slice(5, 7)}/${at.slice(8, 10)}`;
}

function marks(chart) {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.lineWidth = 1;
  ctx.setLineDash([4, 4]);
  dashboard.marks.forEach((mark) => {
    const left = chart.valToPos(mark.at, "x", true);
    ctx.strokeStyle = ctx.fillStyle = COLORS[mark.color];
    ctx.beginPath();
    ctx.moveTo(left, bbox.top);
    ctx.lineTo(left, bbox.top + bbox.height);
    ctx.stroke();
    ctx.beginPath();
    ctx.moveTo(left - 5, bbox.top + bbox.height + 6);
    ctx.lineTo(left + 5, bbox.top + bbox.height + 6);
    ctx.lineTo(left, bbox.top + bbox.height);
    ctx.fill();
  });
  ctx.restore();
}

function line(series, stroke) {
  const custom = series.config.custom;
  const width = custom.lineWidth === undefined ? 1 : custom.lineWidth;
  return { stroke, width, points: { show: false }, dash: custom.lineStyle ? custom.lineStyle.dash : undefined,
    paths: uPlot.paths.stepped({ align: 1 }) };
}

function band(series, index, names) {
  const below = names.indexOf(series.config.custom.fillBelowTo);
  const opacity = Math.round((series.config.custom.fillOpacity || 0) * 2.55).toString(16).padStart(2, "0");
  return below < 0 ? [] : [{ series: [index + 1, below + 1], fill: color(series, index) + opacity }];
}

function areas(chart, steps) {
  const { ctx, bbox } = chart;
  ctx.save();
  steps.forEach((step, index) => {
    const next = steps[index + 1];
    const bottom = step.value === undefined ? chart.scales.y.min : step.value;
    const top = next ? next.value : chart.scales.y.max;
    const [from, to] = [top, bottom].map((value) => Math.max(bbox.top, Math.min(bbox.top + bbox.height, chart.valToPos(value, "y", true))));
    ctx.fillStyle = step.color === "red" ? "#f2495c22" : "transparent";
    ctx.fillRect(bbox.left, from, bbox.width, to - from);
    if (step.value === undefined) return;
    ctx.strokeStyle = COLORS.red;
    ctx.setLineDash([10, 10]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, chart.valToPos(step.value, "y", true));
    ctx.lineTo(bbox.left + bbox.width, chart.valToPos(step.value, "y", true));
    ctx.stroke();
  });
  ctx.restore();
}

function place(panel, narrow, width) {
  const { x, y, w, h } = panel.gridPos;
  const section = element("section");
  const column = width / 24;
  Object.assign(section.style, { height: `${h * 38}px` });
  if (!narrow) Object.assign(section.style, { left: `${x * column}px`, top: `${y * 38}px`, width: `${w * column}px` });
  const heading = panel.type === "row" ? [] : [element("h2", { textContent: panel.title }, element("i", { textContent: "(i)" }))];
  const box = element("div", { className: panel.type === "row" ? "box row" : "box" }, ...heading, DRAW[panel.type](panel));
  section.append(box);
  return section;
}

function draw() {
  const named = dashboard.templating.list.filter((variable) => variable.name in dashboard.chosen);
  const variables = named.map((variable) => `${variable.label}: ${dashboard.chosen[variable.name]}`).join("  \u00b7  ");
  const main = element("main");
  document.body.append(element("h1", { textContent: dashboard.title }, element("small", { textContent: variables })), main);
  const narrow = innerWidth <= 768;
  const height = Math.max(...dashboard.panels.map((panel) => panel.gridPos.y + panel.gridPos.h)) * 38;
  if (!narrow) main.style.height = `${height}px`;
  main.append(...dashboard.panels.map((panel) => place(panel, narrow, main.clientWidth)));
  requestAnimationFrame(() => requestAnimationFrame(() => { window.drawn = true; }));
}

draw();
