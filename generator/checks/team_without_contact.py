"""A team that can't be told anything."""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Finding, Rule, Severity, quote
from generator.spec.registry import Declarations

RULE = Rule("team-without-contact", Severity.ERROR, "A team with neither Slack nor PagerDuty")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each team without any contact: every model has a freshness alert, which has to go somewhere."""
    for entry in declared.teams:
        if entry.value is not None and not (entry.value.slack or entry.value.pagerduty):
            yield RULE.finding(
                entry.place(),
                f"the team {quote(entry.name)} has no contact, so its alerts go nowhere",
                'add `slack: {channel: "#…"}` or `pagerduty: {service: …}`',
            )
