"""Two names of which the same file, address or UID would be made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from generator import conventions
from generator.findings import Finding, Place, Rule, Severity, quote
from generator.spec.registry import Declarations

RULE = Rule("name-collision", Severity.ERROR, "Two names that become the same file, address or UID")

Named = tuple[str, Callable[[], Place]]

_MADE: dict[str, tuple[Callable[[str], Any], ...]] = {
    "team": (conventions.stem, conventions.address, conventions.folder_uid),
    "predictor": (conventions.stem, conventions.address, conventions.predictor_dashboard_uid),
    "alert": (conventions.alert_panel_id, conventions.address),
}


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each name of which the same is made as of an earlier, different one.

    They are made with digests, so this is next to impossible; but then it must not go unseen.
    """
    yield from _collisions("team", ((entry.name, entry.place) for entry in declared.teams))
    yield from _collisions("predictor", ((entry.name, entry.place) for entry in declared.predictors))
    for entry, predictor in declared.valid_predictors():
        numbered = zip(entry.alert_numbers, predictor.alerts, strict=True)
        alerts = ((alert.id, partial(entry.place, "alerts", number, "id")) for number, alert in numbered)
        yield from _collisions("alert", alerts)


def _collisions(what: str, names: Iterable[Named]) -> Iterator[Finding]:
    first: dict[tuple[int, Any], Named] = {}
    for name, place in names:
        for index, make in enumerate(_MADE[what]):
            other, earlier = first.setdefault((index, make(name)), (name, place))
            if other != name:
                yield RULE.finding(
                    place(),
                    f"the {what} {quote(name)} gets the same {make.__name__.replace('_', ' ')} as {quote(other)}",
                    "change one of the two names by a character",
                    (earlier(),),
                )
                break
