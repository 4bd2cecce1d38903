"""A comment that silences a finding which isn't there."""

from __future__ import annotations

from generator.findings import Finding, Place, Rule, Severity, quote

RULE = Rule("unused-silence", Severity.WARNING, "A silence for a finding that is not there")


def finding(place: Place, code: str) -> Finding:
    """The finding for a silence that silences nothing."""
    return RULE.finding(place, f"there is no {quote(code)} here to silence", "remove the comment")
