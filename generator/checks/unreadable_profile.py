"""A training profile that can't be read."""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Finding, Rule, Severity, quote
from generator.spec.registry import Declarations

RULE = Rule("unreadable-profile", Severity.ERROR, "A training profile that can't be read")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each file that is named as a profile and is none."""
    for named in declared.training_profiles():
        if named.facts is not None and named.facts.problem is not None:
            yield RULE.finding(
                named.place,
                f"{quote(named.path)} {named.facts.problem}",
                "make it anew with `driftgauge profile`",
            )
