"""A rename from an id that is in use, or in a release that is still to come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import groupby
from typing import NamedTuple

from generator.findings import Finding, Place, Rule, Severity, quote
from generator.spec.derived import earlier_ids
from generator.spec.registry import Declarations, Entry
from generator.spec.v1 import Predictor

RULE = Rule("bad-rename", Severity.ERROR, "A rename from an id that is in use, or in a release that is still to come")


class _Named(NamedTuple):
    """A predictor or alert: its id, those it had before, and where in the files they are."""

    id: str
    was: tuple[str, ...]
    id_place: Callable[[], Place]
    was_place: Callable[[], Place]


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each earlier id that another one has or had, and for each `renamed_in` that can't be right.

    Ids are compared among predictors, and among each one's alerts.
    """
    predictors = (
        _Named(entry.name, earlier_ids(spec), entry.place, partial(entry.place, "was"))
        for entry, spec in declared.valid_predictors()
    )
    yield from _check("predictor", predictors)
    for _, alerts in groupby(declared.alerts(), key=lambda one: id(one.predictor)):
        named = (
            _Named(one.alert.id, earlier_ids(one.alert), partial(one.place, "id"), partial(one.place, "was"))
            for one in alerts
        )
        yield from _check("alert", named)
    for entry, spec in declared.valid_predictors():
        yield from _check_release(entry, spec, declared.releases.current)


def _check(what: str, named: Iterable[_Named]) -> Iterator[Finding]:
    all_named = list(named)
    live = {one.id: one.id_place for one in all_named}
    had: dict[str, Callable[[], Place]] = {}
    for one in all_named:
        for old in one.was:
            if old == one.id:
                yield RULE.finding(one.was_place(), f"{quote(old)} is its id now", "name the id that it had before")
            elif taken := live.get(old) or had.get(old):
                verb = "has" if old in live else "had"
                yield RULE.finding(
                    one.was_place(),
                    f"another {what} {verb} the id {quote(old)}",
                    f"leave {quote(old)} with the one that people's links and Terraform's state mean by it",
                    (taken(),),
                )
            had.setdefault(old, one.was_place)


def _check_release(entry: Entry[Predictor], spec: Predictor, current: int | None) -> Iterator[Finding]:
    if spec.renamed_in is None:
        return
    place = entry.place("renamed_in")
    if not spec.was:
        yield RULE.finding(
            place, f"{quote(entry.name)} does not say what it was renamed from", "add `was:` with the id it had before"
        )
    elif current is not None and spec.renamed_in > current:
        yield RULE.finding(
            place,
            f"release {spec.renamed_in} is still to come: `driftgauge.yaml` says `release: {current}`",
            f"write `{current}`, or the next release there",
        )
