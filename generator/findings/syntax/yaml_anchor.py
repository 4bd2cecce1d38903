"""Anchors, aliases and merge keys: what is written at one place then means something at another."""

from __future__ import annotations

from generator.findings import Finding, Place, Rule, Severity, quote

RULE = Rule("yaml-anchor", Severity.ERROR, "An anchor, alias or merge key")
MERGE_KEY = "<<"


def finding(place: Place, mark: str) -> Finding:
    """The finding for `&name`, `*name` or `<<`."""
    return RULE.finding(
        place,
        f"{quote(mark)}: anchors, aliases and merge keys aren't read in a registry",
        'write the value out, use a *.jsonnet file for what repeats, or quote it ("*" is every feature)',
    )
