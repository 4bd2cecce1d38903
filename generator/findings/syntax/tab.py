"""A tab where YAML wants spaces."""

from __future__ import annotations

from generator.findings import Finding, Place, Rule, Severity

RULE = Rule("tab", Severity.ERROR, "A tab in the indentation")


def find(place: Place, line: str) -> Finding | None:
    """The finding for a line that YAML refuses at a tab, or whose indentation has one."""
    indentation = line[: len(line) - len(line.lstrip())]
    if "\t" in indentation:
        column = indentation.index("\t") + 1
    elif line[place.column - 1 : place.column] == "\t":
        column = place.column
    else:
        return None
    return RULE.finding(
        Place(place.file, place.line, column, column + 1),
        "the line is indented with a tab, which YAML doesn't allow",
        "indent with spaces (two a level); set your editor to insert spaces for tabs in YAML",
    )
