"""A declared feature that the log doesn't have."""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Finding, Rule, Severity, did_you_mean, listing, quote
from generator.spec.registry import Declarations, Entry
from generator.spec.v1 import Predictor

RULE = Rule("unseen-feature", Severity.WARNING, "A declared feature that was not in the log when it was last read")

_OTHERWISE = "remove it, or run `driftgauge discover --write` again if the log has it by now"


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each declared feature that wasn't seen; none for predictors of whose log nothing is known."""
    for entry, predictor in declared.valid_predictors():
        seen = declared.seen.get(entry.name)
        if seen is None:
            continue
        unseen = sorted(predictor.features.keys() - seen)
        if len(unseen) == len(predictor.features) > 1:
            yield _another_log(entry, unseen)
            continue
        undeclared = [name for name in seen if name not in predictor.features]
        for name in unseen:
            yield RULE.finding(
                entry.place("features", name, key=True),
                f"{quote(entry.name)} declares {quote(name)}, which the log didn't have when it was last read",
                did_you_mean(name, undeclared, _OTHERWISE),
            )


def _another_log(entry: Entry[Predictor], unseen: list[str]) -> Finding:
    """When all of them are missing, that is one mistake, and none of the names."""
    return RULE.finding(
        entry.place("features", key=True),
        f"{quote(entry.name)} declares {listing(unseen, 3)}, and the log had none of them when it was last read",
        "run `driftgauge discover --write` on the log that the predictor is in, or remove them",
    )
