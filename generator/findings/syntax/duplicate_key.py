"""The same key twice in one mapping."""

from __future__ import annotations

from generator.findings import Finding, Place, Rule, Severity, quote

RULE = Rule("duplicate-key", Severity.ERROR, "A key that is there twice")


def without_dash(second: Place, first: Place, key: str) -> Finding:
    """The finding for the first key of a list's element that comes again in a line below."""
    return RULE.finding(
        second,
        f"{quote(key)} is already given in line {first.line}",
        "write `- ` before it if a new element of the list begins here; if not, keep one of the two",
        (first,),
    )


def finding(second: Place, first: Place, key: str) -> Finding:
    """The finding for a key that `first` has already."""
    return RULE.finding(
        second,
        f"{quote(key)} is already given in line {first.line}",
        "keep one of the two; a reader that isn't strict would drop the other silently",
        (first,),
    )
