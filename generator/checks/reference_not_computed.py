"""A training reference, which nothing is compared with in this version."""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Finding, Rule, Severity
from generator.spec.registry import Declarations
from generator.spec.v1 import TrainingReference

RULE = Rule("reference-not-computed", Severity.WARNING, "A training reference, which nothing is compared with yet")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each training reference."""
    for entry, predictor in declared.valid_predictors():
        if isinstance(predictor.reference, TrainingReference):
            yield RULE.finding(
                entry.place("reference", key=True),
                "the exporter of this version reads no training profiles, so nothing is compared with the reference",
                "write `kind: trailing`, or keep it for the version that does, with "
                f"`# driftgauge: ignore {RULE.code} -- …`",
            )
