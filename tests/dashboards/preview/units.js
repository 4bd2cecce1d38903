// Values as Grafana writes them, for the units that the dashboards use.
"use strict";

const SCALES = {
  s: [[1e-3, "ms"], [1, "s"], [60, "min"], [3600, "hour"], [86400, "day"], [604800, "week"]],
  short: [[1, ""], [1e3, "K"], [1e6, "Mil"], [1e9, "Bil"]],
};
const PLURAL = ["min", "hour", "day", "week"];
const SUFFIXES = { lengthmi: "mi", lengthft: "ft", velocitymph: "mph", fahrenheit: "°F", celsius: "°C" };

function number(value, decimals) {
  if (decimals !== undefined) return value.toFixed(decimals);
  return Number(value.toPrecision(3)).toLocaleString("en", { maximumFractionDigits: 6, useGrouping: false });
}

function format(value, unit, decimals) {
  if (value === null || value === undefined || Number.isNaN(value)) return "";
  if (unit === "percentunit") return `${number(value * 100, decimals)}%`;
  if (unit.startsWith("suffix:")) return `${number(value, decimals)} ${unit.slice("suffix:".length)}`;
  if (unit in SUFFIXES) return `${number(value, decimals)} ${SUFFIXES[unit]}`;
  if (!(unit in SCALES)) return number(value, decimals);
  const fitting = SCALES[unit].filter(([factor]) => Math.abs(value) >= factor);
  const [factor, name] = fitting.length ? fitting[fitting.length - 1] : unit === "s" ? [1, "s"] : SCALES[unit][0];
  const scaled = value / factor;
  const plural = PLURAL.includes(name) && Math.abs(scaled) > 1 ? "s" : "";
  return `${number(scaled, decimals)} ${name}${plural}`.trim();
}
