"""Lines and columns of a text, counted as YAML counts them."""

from __future__ import annotations

import re

from generator.findings import Place

# What libyaml counts as the end of a line; editors that don't know the last three show one line where it sees two.
LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")


def place_at_end(file: str, text: str) -> Place:
    """The place of the character that follows `text`, which is all that the file has before it."""
    lines = LINE_BREAK.split(text)
    return Place(file, len(lines), len(lines[-1]) + 1, len(lines[-1]) + 2)
