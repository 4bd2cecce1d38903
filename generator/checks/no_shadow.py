"""Something about the shadows of a predictor that has none."""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Finding, Rule, Severity, quote
from generator.spec.registry import Declarations
from generator.spec.v1 import PrimaryReference

RULE = Rule("no-shadow", Severity.ERROR, "Shadows are named where there are none")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each alert that watches no model, and each reference that compares none."""
    for entry, predictor in declared.valid_predictors():
        if isinstance(predictor.reference, PrimaryReference) and not predictor.models.shadows:
            yield RULE.finding(
                entry.place("reference", "kind"),
                f"{quote(entry.name)} has no shadow models that could be compared with the primary",
                "leave `reference` out, as the primary is compared with the weeks before; or add `shadows:`",
            )
    for declared_alert in declared.alerts():
        if declared_alert.alert.models == "shadows" and not declared_alert.spec.models.shadows:
            yield RULE.finding(
                declared_alert.place("models"),
                f"{quote(declared_alert.predictor.name)} has no shadow models, so this alert watches nothing",
                "write `all` (the primary model, and shadows when there are any), or add `shadows:` to the models",
            )
