"""A declared feature that the log doesn't have."""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Finding, Rule, Severity, did_you_mean, quote
from generator.spec.registry import Declarations

RULE = Rule("unseen-feature", Severity.WARNING, "A declared feature that was not in the log when it was last read")

_OTHERWISE = "remove it, or run `driftgauge discover --write` again if the log has it by now"


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each declared feature that wasn't seen; none for predictors of whose log nothing is known."""
    for entry, predictor in declared.valid_predictors():
        seen = declared.seen.get(entry.name)
        if seen is None:
            continue
        unseen = predictor.features.keys() - seen
        undeclared = [name for name in seen if name not in predictor.features]
        for name in sorted(unseen):
            yield RULE.finding(
                entry.place("features", name, key=True),
                f"{quote(entry.name)} declares {quote(name)}, which the log didn't have when it was last read",
                did_you_mean(name, undeclared, _OTHERWISE),
            )
