"""Someone is paged, and nothing tells them what to do."""

from __future__ import annotations

from collections.abc import Iterator

from generator.findings import Finding, Rule, Severity, quote
from generator.spec.registry import Declarations

RULE = Rule("page-without-runbook", Severity.WARNING, "An alert that pages, without a runbook")


def check(declared: Declarations) -> Iterator[Finding]:
    """A finding for each alert of severity `page` of which neither itself nor its team names a runbook."""
    for declared_alert in declared.alerts():
        alert, team = declared_alert.alert, declared.team(declared_alert.spec.team)
        if team and alert.severity == "page" and not (alert.runbook_url or team.runbook_url):
            yield RULE.finding(
                declared_alert.place("severity"),
                f"{quote(alert.id)} pages someone, and names no runbook to follow",
                f"add `runbook_url:` to the alert or to the team {quote(declared_alert.spec.team)}",
            )
