"""An alert on windows that its predictor doesn't have."""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Finding, Rule, Severity, listing, quote
from generator.spec.registry import Declarations
from metrics_exporter.windows import Window

RULE = Rule("window-not-in-cadence", Severity.ERROR, "An alert's window that the predictor's cadence hasn't")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each alert whose window isn't computed."""
    for declared_alert in declared.alerts():
        window, cadence = declared_alert.alert.window, declared_alert.spec.cadence
        if window is not None and Window.parse(window) not in map(Window.parse, cadence):
            yield RULE.finding(
                declared_alert.place("window"),
                f"the cadence of {quote(declared_alert.predictor.name)} has no {quote(window)}, "
                "so this alert has nothing to watch",
                f"use one of {listing(cadence)}, or add {quote(window)} to the predictor's `cadence`",
            )
