"""A predictor of a log that no file declares."""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Finding, Rule, Severity, did_you_mean, quote
from generator.spec.derived import DEFAULT_LOG
from generator.spec.registry import Declarations

RULE = Rule("unknown-log", Severity.ERROR, "A log that no file declares")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each predictor whose log isn't in any file; none while a file couldn't be read."""
    if not declared.complete:
        return
    known = sorted({entry.name for entry in declared.logs} | {DEFAULT_LOG})
    for entry, predictor in declared.valid_predictors():
        if predictor.log not in known:
            yield RULE.finding(
                entry.place("log"),
                f"no file declares the log {quote(predictor.log)}",
                did_you_mean(predictor.log, known, "add the log under `logs:`"),
            )
