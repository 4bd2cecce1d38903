"""A name of a rule or folder that Grafana refuses, half-way through `terraform apply`, because it is too long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from generator.conventions import MAX_NAME_BYTES, rule_name
from generator.findings import Finding, Place, Rule, Severity
from generator.spec.derived import alert_title, freshness_title, model_ids
from generator.spec.registry import Declarations

RULE = Rule("name-too-long", Severity.ERROR, "A name of a rule or folder that is too long for Grafana")

_REPORT = "report"


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each team, model and alert of which too long a name would be made."""
    for team in declared.teams:
        yield from _check("folder", team.name, team.place, "give the team a shorter id")
    for entry, predictor in declared.valid_predictors():
        for model_id in model_ids(predictor):
            name = rule_name(entry.name, freshness_title(model_id))
            place = partial(entry.place, "models")
            yield from _check("rule", name, place, "choose a shorter id for the predictor or the model")
    for declared_alert in declared.alerts():
        if declared_alert.alert.severity != _REPORT:
            name = rule_name(declared_alert.predictor.name, alert_title(declared_alert.alert))
            key = "title" if declared_alert.alert.title else "id"
            yield from _check("rule", name, partial(declared_alert.place, key), f"shorten the alert's {key}")


def _check(what: str, name: str, place: Callable[[], Place], advice: str) -> Iterator[Finding]:
    if (length := len(name.encode())) > MAX_NAME_BYTES:
        message = f"the {what}'s name would have {length} bytes, and Grafana takes {MAX_NAME_BYTES}"
        yield RULE.finding(place(), message, advice)
