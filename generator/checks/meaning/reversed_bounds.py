"""A lower bound above its upper one."""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Finding, Place, Rule, Severity
from generator.spec.registry import Declarations

RULE = Rule("reversed-bounds", Severity.ERROR, "A `min` that is not below its `max`")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each `expect` and `outside` with a `min` that isn't below its `max`."""
    for entry, predictor in declared.valid_predictors():
        for name, feature in predictor.features.items():
            if feature.expect and feature.expect.min is not None and feature.expect.max is not None:
                path = ("features", name, "expect", "min")
                yield from _check(entry.place(*path), feature.expect.min, feature.expect.max)
    for declared_alert in declared.alerts():
        if outside := declared_alert.alert.outside:
            yield from _check(declared_alert.place("outside", "min"), outside.min, outside.max)


def _check(place: Place, low: float, high: float) -> Iterator[Finding]:
    if low >= high:
        yield RULE.finding(place, f"`min` {low:g} is not below `max` {high:g}", "swap them, or mend the wrong one")
