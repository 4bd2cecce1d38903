"""An alert on drift in windows too short to be compared."""

from __future__ import annotations

from collections.abc import Iterator

from generator.catalogue import BY_NAME
from generator.findings import Finding, Rule, Severity, quote
from generator.spec.derived import alert_window, days, metric_name
from generator.spec.registry import Declarations
from metrics_exporter.windows import DAY, Window

RULE = Rule("window-too-short", Severity.ERROR, "An alert on drift in windows shorter than a day")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each alert on a metric of days whose window is shorter."""
    for declared_alert in declared.alerts():
        alert, spec = declared_alert.alert, declared_alert.spec
        metric, window = BY_NAME.get(metric_name(alert)), alert_window(spec, alert)
        if metric is None or not metric.of_days or Window.parse(window).length >= DAY:
            continue
        fit = days(spec)
        yield RULE.finding(
            declared_alert.place("metric" if alert.window is None else "window"),
            f"{quote(alert.metric)} is only told of windows of a day or longer, and these are of {quote(window)}",
            f"write {quote(f'window: {fit[0]}')}" if fit else "add `1d` to the predictor's `cadence`",
        )
