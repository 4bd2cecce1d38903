"""Two names that differ in case or punctuation only."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial

from generator.findings import Finding, Place, Rule, Severity, quote
from generator.spec.registry import Declarations, Entry
from generator.spec.v1 import Predictor

RULE = Rule("confusable-names", Severity.WARNING, "Two names that differ in case or punctuation only")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each team, predictor, or feature or alert of a predictor, that a person takes for another one."""
    teams = {entry.name: entry.place for entry in reversed(declared.teams)}
    yield from _confusable("team", reversed(teams), lambda name: teams[name]())
    predictors = {entry.name: entry.place for entry in reversed(declared.predictors)}
    yield from _confusable("predictor", reversed(predictors), lambda name: predictors[name]())
    for entry, predictor in declared.valid_predictors():
        yield from _confusable("feature", predictor.features, partial(_feature_place, entry))
        numbers = dict(zip((alert.id for alert in predictor.alerts), entry.alert_numbers, strict=True))
        yield from _confusable("alert", numbers, partial(_alert_place, entry, numbers))


def _feature_place(entry: Entry[Predictor], name: str) -> Place:
    return entry.place("features", name, key=True)


def _alert_place(entry: Entry[Predictor], numbers: dict[str, int], name: str) -> Place:
    return entry.place("alerts", numbers[name], "id")


def _confusable(what: str, names: Iterable[str], place: Callable[[str], Place]) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for name in names:
        other = first.setdefault(_skeleton(name), name)
        if other != name:
            yield RULE.finding(
                place(name),
                f"the {what} {quote(name)} differs from {quote(other)} in case or punctuation only",
                "if both are meant, people will take one for the other; if not, write it as at the first place",
                (place(other),),
            )


@lru_cache(maxsize=4096)
def _skeleton(name: str) -> str:
    """The name's letters and digits, whatever their case and form; the name itself when it has none."""
    letters = "".join(c for c in unicodedata.normalize("NFKC", name).casefold() if c.isalnum())
    return letters or name
