// Values as Grafana writes them, for the units that the dashboards use.
"use strict";

const SCALES = {
  s: [[1, "s"], [60, "min"], [3600, "hours"], [86400, "days"], [604800, "weeks"]],
  m: [[1, "min"], [60, "hours"], [1440, "days"]],
  short: [[1, ""], [1e3, "K"], [1e6, "Mil"], [1e9, "Bil"]],
};
const SUFFIXES = { lengthmi: " mi", lengthft: " ft", velocitymph: " mph", fahrenheit: " °F", celsius: " °C" };

function number(value) {
  return Number(value.toPrecision(3)).toLocaleString("en", { maximumFractionDigits: 6 });
}

function format(value, unit) {
  if (value === null || value === undefined || Number.isNaN(value)) return "";
  if (unit === "percentunit") return `${number(value * 100)}%`;
  if (unit.startsWith("suffix:")) return number(value) + unit.slice("suffix:".length);
  if (unit in SUFFIXES) return number(value) + SUFFIXES[unit];
  if (!(unit in SCALES)) return String(Number(value.toFixed(3)));
  const fitting = SCALES[unit].filter(([factor]) => Math.abs(value) >= factor);
  const [factor, name] = fitting.length ? fitting[fitting.length - 1] : SCALES[unit][0];
  return `${number(value / factor)} ${name}`.trim();
}
