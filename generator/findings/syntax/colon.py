"""`team:logistics`: without a space after it, or full-width, a colon is a letter like any other."""

from __future__ import annotations

import re
from typing import NamedTuple

from generator.findings import Finding, Place, Rule, Severity, quote

RULE = Rule("colon", Severity.ERROR, "A colon that makes no key: without a space after it, or a full-width one")

# An address (https://…) and a second colon are no slips.
_GLUED = re.compile(r"(?P<key>[\w.-]+) ?(?P<colon>[:：])(?P<blank>\s*)(?P<value>[^\s:/].*)?")
_INDENTATION = re.compile(r" *(?:- +)?")


class Glued(NamedTuple):
    """A key and its value with a colon between them that doesn't part them."""

    key: str
    value: str


def parts(text: str) -> Glued | None:
    """The key and the value in the `text` of a scalar, None when no such colon is in it."""
    found = _GLUED.fullmatch(text)
    return Glued(found["key"], (found["value"] or "").strip()) if found else None


def find(file: str, number: int, line: str) -> Finding | None:
    """The finding for a line (counted from 1) that would be a `key: value` but for its colon."""
    start = _INDENTATION.match(line).end()  # type: ignore[union-attr] # it matches nothing, too
    found = _GLUED.match(line, start)
    if not found or (found["colon"] == ":" and (found["blank"] or not found["value"])):
        return None
    return finding(Place(file, number, found.start("colon") + 1, found.end("colon") + 1), found["key"], found["colon"])


def finding(place: Place, key: str, colon: str = ":") -> Finding:
    """The finding for a `colon` that doesn't make a key of what is before it."""
    what = "is a full-width one" if colon != ":" else "has no space after it"
    return RULE.finding(
        place, f"the colon after {quote(key)} {what}, so this is no key", f"write `{key}: ` and its value"
    )
