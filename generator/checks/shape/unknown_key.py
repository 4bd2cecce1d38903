"""A key that isn't one."""

from __future__ import annotations

from collections.abc import Collection

from generator.findings import Finding, Place, Rule, Severity, did_you_mean, quote

RULE = Rule("unknown-key", Severity.ERROR, "A key that the registry doesn't have")


def finding(place: Place, key: str, known: Collection[str]) -> Finding:
    """The finding for a key that is none of those that this place may have."""
    return RULE.finding(place, f"{quote(key)} is no key here", did_you_mean(key, known))
