"""What git leaves in a file that two branches have changed."""

from __future__ import annotations

import re
from dataclasses import replace

from generator.findings import Finding, Rule, Severity
from generator.findings.lines import place_at_end

RULE = Rule("merge-conflict", Severity.ERROR, "A merge conflict that nobody has resolved")

_WIDTH = 7
_MARK = re.compile(rf"^<{{{_WIDTH}}} ", re.MULTILINE)


def find(file: str, text: str) -> Finding | None:
    """The finding for the first `<<<<<<<` that begins a line, None when there is none."""
    if not (found := _MARK.search(text)):
        return None
    start = place_at_end(file, text[: found.start()])
    return RULE.finding(
        replace(start, end_column=start.column + _WIDTH),
        "here begins a merge conflict that nobody has resolved",
        "keep what is right of the two sides, and delete the lines that begin with `<<<<<<<`, `=======` and `>>>>>>>`",
    )
