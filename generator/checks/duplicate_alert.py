"""Two alerts of a predictor with the same id, or one with an id that driftgauge makes itself."""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Finding, Rule, Severity, quote
from generator.spec.derived import FRESHNESS_PREFIX
from generator.spec.registry import Declarations, DeclaredAlert

RULE = Rule("duplicate-alert", Severity.ERROR, "An alert id that the predictor has already")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each alert whose id is taken."""
    first: dict[tuple[int, str], DeclaredAlert] = {}
    for declared_alert in declared.alerts():
        alert_id = declared_alert.alert.id
        earlier = first.setdefault((id(declared_alert.predictor), alert_id), declared_alert)
        if earlier is not declared_alert:
            yield RULE.finding(
                declared_alert.place("id"),
                f"the predictor {quote(declared_alert.predictor.name)} has an alert {quote(alert_id)} already",
                "give each of its alerts an id of its own; the rule's address derives from it",
                (earlier.place("id"),),
            )
        elif alert_id.startswith(FRESHNESS_PREFIX):
            yield RULE.finding(
                declared_alert.place("id"),
                f"ids that begin with {quote(FRESHNESS_PREFIX)} are those of the alert that every model gets",
                "choose another id; `freshness:` of the predictor sets when and where silence is an alert",
            )
