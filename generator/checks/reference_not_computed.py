"""A reference, which nothing is compared with in this version."""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Finding, Rule, Severity
from generator.spec.registry import Declarations

RULE = Rule("reference-not-computed", Severity.WARNING, "A reference, which nothing is compared with yet")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each reference."""
    for entry, predictor in declared.valid_predictors():
        if predictor.reference:
            yield RULE.finding(
                entry.place("reference", key=True),
                "the exporter of this version computes no drift, so nothing is compared with the reference",
                f"remove it, or keep it for the version that does, with `# driftgauge: ignore {RULE.code} -- …`",
            )
