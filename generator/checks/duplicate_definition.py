"""A log, team or predictor that two files declare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from generator.findings import Finding, Rule, Severity, quote
from generator.spec.registry import Declarations, Entry

RULE = Rule("duplicate-definition", Severity.ERROR, "A log, team or predictor that two files declare")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each declaration after the first, which names the first one's place."""
    yield from _check("log", declared.logs)
    yield from _check("team", declared.teams)
    yield from _check("predictor", declared.predictors)


def _check(what: str, entries: Iterable[Entry[Any]]) -> Iterator[Finding]:
    first: dict[str, Entry[Any]] = {}
    for entry in entries:
        if (earlier := first.setdefault(entry.name, entry)) is not entry:
            yield RULE.finding(
                entry.place(),
                f"the {what} {quote(entry.name)} is already declared at {earlier.place()}",
                "keep one of the two, with everything that belongs to it",
                (earlier.place(),),
            )
