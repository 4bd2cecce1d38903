"""“Smart” quotes, which are no quotes to YAML but letters of the value."""

from __future__ import annotations

import re

from generator.findings import Rule, Severity, quote

RULE = Rule("smart-quotes", Severity.ERROR, "Typographic quotes, which YAML takes for letters")

_QUOTED = re.compile(r"[“”„«»‘’‚‹›](?P<text>[^“”„«»‘’‚‹›]*)[“”„«»‘’‚‹›]?")


def recognise(text: str) -> tuple[str, str] | None:
    """Message and advice, when the unquoted `text` stands in typographic quotes."""
    if not (found := _QUOTED.fullmatch(text)):
        return None
    return f"the quotes of {quote(text)} are typographic ones, which are a part of the text", f'write "{found["text"]}"'
