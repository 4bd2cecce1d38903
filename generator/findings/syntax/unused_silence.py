"""A comment that silences a finding which isn't there."""

from __future__ import annotations

from generator.findings import Finding, Place, Rule, Severity, quote

RULE = Rule("unused-silence", Severity.WARNING, "A silence for a finding that is not there")


def finding(place: Place, code: str, nearest: Place | None) -> Finding:
    """The finding for a silence that silences nothing; `nearest` is where in the file there is such a finding."""
    advice = f"move the comment to above line {nearest.line}, where there is one" if nearest else "remove the comment"
    return RULE.finding(place, f"there is no {quote(code)} here to silence", advice)
