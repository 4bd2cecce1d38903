"""An alert that was copied and got another id, and nothing else."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from generator.findings import Finding, Rule, Severity, quote
from generator.spec.registry import Declarations, DeclaredAlert
from generator.spec.v1 import Alert

RULE = Rule("repeated-alert", Severity.WARNING, "An alert that says the same as another one")

_NAMES = {"id", "was", "title"}
_CONDITION = [key for key in Alert.model_fields if key not in _NAMES]


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each alert that differs from an earlier one of its predictor in its names only."""
    first: dict[Hashable, DeclaredAlert] = {}
    for declared_alert in declared.alerts():
        condition = (id(declared_alert.predictor), *(getattr(declared_alert.alert, key) for key in _CONDITION))
        earlier = first.setdefault(condition, declared_alert)
        if earlier.alert.id != declared_alert.alert.id:
            yield RULE.finding(
                declared_alert.place("id"),
                f"{quote(declared_alert.alert.id)} fires whenever {quote(earlier.alert.id)} does",
                "change what it watches, or remove it",
                (earlier.place("id"),),
            )
