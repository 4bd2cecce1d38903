"""A predictor of a team that no file declares."""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Finding, Rule, Severity, did_you_mean, quote
from generator.spec.registry import Declarations

RULE = Rule("unknown-team", Severity.ERROR, "A team that no file declares")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each predictor whose team isn't in any file; none while a file couldn't be read."""
    if not declared.complete:
        return
    known = sorted({entry.name for entry in declared.teams})
    for entry, predictor in declared.valid_predictors():
        if predictor.team not in known:
            yield RULE.finding(
                entry.place("team"),
                f"no file declares the team {quote(predictor.team)}",
                did_you_mean(predictor.team, known, "add the team under `teams:`"),
            )
