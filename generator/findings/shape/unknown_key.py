"""A key that isn't one."""

from __future__ import annotations

from collections.abc import Collection

from generator.findings import Finding, Place, Rule, Severity, did_you_mean, listing, quote

RULE = Rule("unknown-key", Severity.ERROR, "A key that the registry doesn't have")


def finding(place: Place, key: str, known: Collection[str], homes: Collection[str] = ()) -> Finding:
    """The finding for a key that is none of those that this place may have; `homes` are where it may be."""
    advice = did_you_mean(key, known)
    if homes and not advice.startswith("did"):
        advice = f"mend its indentation, since it is a key of {listing(homes)}; or {advice}"
    return RULE.finding(place, f"{quote(key)} is no key here", advice)
