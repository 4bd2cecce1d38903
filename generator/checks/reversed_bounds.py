"""A lower bound above its upper one."""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Finding, Place, Rule, Severity
from generator.spec.registry import Declarations
from generator.spec.v1 import Bounds, Outside

RULE = Rule("reversed-bounds", Severity.ERROR, "A `min` that is not below its `max`")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each `expect` and `outside` with a `min` that isn't below its `max`."""
    for entry, predictor in declared.valid_predictors():
        for name, feature in predictor.features.items():
            if feature.expect and _are_reversed(feature.expect):
                yield _finding(entry.place("features", name, "expect", "min"), feature.expect)
    for declared_alert in declared.alerts():
        if (outside := declared_alert.alert.outside) and _are_reversed(outside):
            yield _finding(declared_alert.place("outside", "min"), outside)


def _are_reversed(bounds: Bounds | Outside) -> bool:
    return bounds.min is not None and bounds.max is not None and bounds.min >= bounds.max


def _finding(place: Place, bounds: Bounds | Outside) -> Finding:
    message = f"`min` {bounds.min:g} is not below `max` {bounds.max:g}"
    return RULE.finding(place, message, "swap them, or mend the wrong one")
