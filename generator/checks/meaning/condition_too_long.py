"""More windows in a row than Prometheus remembers."""

from __future__ import annotations

from collections.abc import Iterator

from generator.checks.shape.bad_duration import seconds
from generator.findings import Finding, Rule, Severity
from generator.spec.derived import alert_window
from generator.spec.registry import Declarations
from metrics_exporter.windows import Window

RULE = Rule("condition-too-long", Severity.WARNING, "More windows in a row than Prometheus keeps by default")

_RETENTION_DAYS = 15  # Prometheus' default
_BASELINE_DAYS = 14  # a change is told from two of the weeks before at least


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each alert and each `max_silence` that looks back further than Prometheus' default retention."""
    for declared_alert in declared.alerts():
        alert = declared_alert.alert
        days = (alert.for_ - 1) * Window.parse(alert_window(declared_alert.spec, alert)).seconds / 86400
        compared = "" if alert.change_above is None else f", compared with {_BASELINE_DAYS} days before,"
        days += _BASELINE_DAYS if compared else 0
        if days >= _RETENTION_DAYS:
            place = declared_alert.place("for")
            yield RULE.finding(place, f"{alert.for_} windows in a row{compared} are {days:.0f} days", _advice(days))
    for entry, predictor in declared.valid_predictors():
        days = seconds(predictor.freshness.max_silence) / 86400
        if days > _RETENTION_DAYS:
            place = entry.place("freshness", "max_silence")
            yield RULE.finding(place, f"a silence of {days:.0f} days is long to look back", _advice(days))


def _advice(days: float) -> str:
    return (
        f"ask for fewer windows, or see that Prometheus keeps more than {days:.0f} days "
        f"(--storage.tsdb.retention.time, {_RETENTION_DAYS} days by default): else it never fires"
    )
