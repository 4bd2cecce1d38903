"""Days that are left out, and end before they begin."""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Finding, Rule, Severity
from generator.spec.registry import Declarations

RULE = Rule("reversed-days", Severity.ERROR, "Days that end before they begin")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each exclusion whose last day is before its first."""
    for entry, predictor in declared.valid_predictors():
        for number, each in enumerate(predictor.exclude):
            if each.to is not None and each.to < each.from_:
                yield RULE.finding(
                    entry.place("exclude", number, "to"),
                    f"`to` {each.to} is before `from` {each.from_}",
                    "swap them, or mend the wrong one",
                )
