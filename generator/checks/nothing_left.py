"""Days that are left out, and leave nothing to compare with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from generator.findings import Finding, Rule, Severity
from generator.spec.registry import Declarations
from generator.spec.v1 import Predictor, TrailingReference
from metrics_exporter.definitions import LEAST_DAYS, TRAILING_WEEKS

RULE = Rule("nothing-left", Severity.WARNING, "Excluded days that leave no reference")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each exclusion after which there are too few days to compare with."""
    for entry, predictor in declared.valid_predictors():
        most = 7 * _weeks(predictor) - LEAST_DAYS
        for number, each in enumerate(predictor.exclude):
            days = (date.fromisoformat(each.to or each.from_) - date.fromisoformat(each.from_)) // timedelta(1) + 1
            if days > most:
                yield RULE.finding(
                    entry.place("exclude", number),
                    f"{days} days are left out of the {_weeks(predictor)} weeks that a day is compared with, which "
                    f"leaves fewer than {LEAST_DAYS}: for a while there is no drift",
                    "leave out fewer days, or compare with more weeks: `reference: {kind: trailing, weeks: 8}`",
                )


def _weeks(predictor: Predictor) -> int:
    return predictor.reference.weeks if isinstance(predictor.reference, TrailingReference) else TRAILING_WEEKS
