"""An alert on the shadows of a predictor that has none."""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Finding, Rule, Severity, quote
from generator.spec.registry import Declarations

RULE = Rule("no-shadow", Severity.ERROR, "An alert on shadows where there are none")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each alert that watches no model."""
    for declared_alert in declared.alerts():
        if declared_alert.alert.models == "shadows" and not declared_alert.spec.models.shadows:
            yield RULE.finding(
                declared_alert.place("models"),
                f"{quote(declared_alert.predictor.name)} has no shadow models, so this alert watches nothing",
                "write `all` (the primary model, and shadows when there are any), or add `shadows:` to the models",
            )
