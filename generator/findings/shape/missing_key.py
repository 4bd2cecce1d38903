"""A key that has to be there and isn't."""

from __future__ import annotations

from generator.findings import Finding, Place, Rule, Severity, quote

RULE = Rule("missing-key", Severity.ERROR, "A key that has to be there")


def finding(place: Place, key: str, example: str) -> Finding:
    """The finding for a mapping without `key`; `example` is what one could write."""
    return RULE.finding(place, f"{quote(key)} is missing here", f"add it, such as `{example}`")
