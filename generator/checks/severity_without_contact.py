"""A severity whose contact the team doesn't have: nobody would hear of the alert."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from generator.findings import Finding, Place, Rule, Severity, quote
from generator.spec.derived import freshness_severity
from generator.spec.registry import Declarations
from generator.spec.v1 import Team

RULE = Rule("severity-without-contact", Severity.ERROR, "A severity whose team has no such contact")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each alert, and each `freshness`, that the team can't be told of.

    A team without any contact has a finding of its own.
    """
    for declared_alert in declared.alerts():
        team = declared.team(declared_alert.spec.team)
        place = partial(declared_alert.place, "severity")
        yield from _check(team, declared_alert.spec.team, declared_alert.alert.severity, place)
    for entry, predictor in declared.valid_predictors():
        if team := declared.team(predictor.team):
            severity = freshness_severity(predictor, has_slack=team.slack is not None)
            yield from _check(team, predictor.team, severity, partial(entry.place, "freshness", "severity"))


def _check(team: Team | None, name: str, severity: str, place: Callable[[], Place]) -> Iterator[Finding]:
    if team is None or not (team.slack or team.pagerduty):
        return
    if severity == "page" and not team.pagerduty:
        yield RULE.finding(
            place(),
            f"`page` goes to PagerDuty, and the team {quote(name)} has no service there",
            f"write `notify`, or add `pagerduty: {{service: …}}` to the team {quote(name)}",
        )
    if severity == "notify" and not team.slack:
        yield RULE.finding(
            place(),
            f"`notify` goes to Slack, and the team {quote(name)} has no channel there",
            f'write `page`, or add `slack: {{channel: "#…"}}` to the team {quote(name)}',
        )
