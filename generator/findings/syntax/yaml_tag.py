"""`!tag`: YAML's way to name a type, which a registry has no use for."""

from __future__ import annotations

from generator.findings import Finding, Place, Rule, Severity, quote

RULE = Rule("yaml-tag", Severity.ERROR, "A YAML tag")


def finding(place: Place, tag: str) -> Finding:
    """The finding for a value with a tag."""
    shown = tag.replace("tag:yaml.org,2002:", "!!")
    return RULE.finding(
        place,
        f"{quote(shown)}: tags aren't read in a registry",
        "remove the tag; quote the value if it begins with an exclamation mark",
    )
