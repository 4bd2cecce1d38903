"""Two alerts of a predictor, or predictors of a team, with the same title, which Grafana refuses half-way through."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from generator.findings import Finding, Place, Rule, Severity, quote
from generator.spec.derived import alert_title, freshness_title, model_ids
from generator.spec.registry import Declarations

RULE = Rule("duplicate-title", Severity.ERROR, "The title of another alert of the predictor, or predictor of the team")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each alert with the title of another one of its predictor, and each predictor of its team."""
    yield from _alerts(declared)
    yield from _predictors(declared)


def _predictors(declared: Declarations) -> Iterator[Finding]:
    taken: dict[tuple[str, str], tuple[Callable[[], Place], str]] = {}
    for entry, predictor in declared.valid_predictors():
        title = predictor.title or entry.name
        place = partial(entry.place, "title") if predictor.title else entry.place
        earlier, name = taken.setdefault((predictor.team, title), (place, entry.name))
        if name != entry.name:
            yield RULE.finding(
                place(),
                f"another predictor of the team {quote(predictor.team)} is called {quote(title)}",
                "give each a title of its own; Grafana refuses two dashboards of one name in a folder",
                (earlier(),),
            )


def _alerts(declared: Declarations) -> Iterator[Finding]:
    taken: dict[tuple[int, str], tuple[Callable[[], Place], str]] = {}
    for entry, predictor in declared.valid_predictors():
        for model_id in model_ids(predictor):
            taken[id(entry), freshness_title(model_id)] = (partial(entry.place, "models"), "")
    for predictor_entry, _, number, alert in declared.alerts():
        title = alert_title(alert)
        place = partial(predictor_entry.place, "alerts", number, "title" if alert.title else "id")
        earlier, alert_id = taken.setdefault((id(predictor_entry), title), (place, alert.id))
        if earlier is not place and alert_id != alert.id:
            yield RULE.finding(
                place(),
                f"another alert of {quote(predictor_entry.name)} is called {quote(title)}",
                "give each of a predictor's alerts a title of its own; Grafana refuses two rules of one name",
                (earlier(),),
            )
