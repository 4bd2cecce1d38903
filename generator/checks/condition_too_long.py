"""More windows in a row than the exporter looks back for."""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Finding, Rule, Severity
from generator.findings.shape.bad_duration import seconds
from generator.spec.derived import alert_window
from generator.spec.registry import Declarations
from metrics_exporter.windows import Window

RULE = Rule("condition-too-long", Severity.WARNING, "More windows in a row than the exporter looks back for")

_LOOK_BACK_DAYS = 28  # the exporter's default


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each alert and each `max_silence` that looks back further than the exporter does by default."""
    for declared_alert in declared.alerts():
        alert = declared_alert.alert
        days = alert.for_ * Window.parse(alert_window(declared_alert.spec, alert)).seconds / 86400
        if days > _LOOK_BACK_DAYS:
            yield RULE.finding(
                declared_alert.place("for"), f"{alert.for_} windows in a row are {days:.0f} days", _advice(days)
            )
    for entry, predictor in declared.valid_predictors():
        days = seconds(predictor.freshness.max_silence) / 86400
        if days > _LOOK_BACK_DAYS:
            place = entry.place("freshness", "max_silence")
            yield RULE.finding(place, f"a silence of {days:.0f} days is long to look back", _advice(days))


def _advice(days: float) -> str:
    return (
        f"ask for less, or set `lookback_days` of the exporter to more than {days:.0f} "
        f"({_LOOK_BACK_DAYS} by default): else it never fires"
    )
