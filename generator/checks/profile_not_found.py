"""A training reference whose profile isn't there."""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Finding, Rule, Severity, quote
from generator.spec.registry import Declarations

RULE = Rule("profile-not-found", Severity.WARNING, "A training reference whose profile is not there")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each profile that isn't a file below the registry folder that can be read."""
    for named in declared.training_profiles():
        if named.facts is None:
            yield RULE.finding(
                named.place,
                f"there is no file {quote(named.path)} below {quote(declared.folder.as_posix())}",
                "make it with `driftgauge profile`, or write its path from the registry folder; until then, drift is "
                "measured against the weeks before",
            )
