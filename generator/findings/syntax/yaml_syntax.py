"""What isn't YAML."""

from __future__ import annotations

from generator.findings import Finding, Place, Rule, Severity

RULE = Rule("yaml-syntax", Severity.ERROR, "A file that is not YAML")

# What libyaml says → what a person wants to know.
_SENTENCES = {
    "mapping values are not allowed": (
        "a second colon in the line makes a mapping inside a value",
        'quote the value ("Delivery: ETA")',
    ),
    "cannot start any token": (
        "a value can't begin with this character",
        "quote the value",
    ),
    "could not find expected ':'": (
        "this line is no `key: value`",
        "add the colon and a space after it, or indent the line if it continues the one above",
    ),
    "did not find expected key": (
        "the line doesn't fit the lines above it",
        "indent it as deep as its neighbours; close brackets and quotes",
    ),
    "did not find expected '-' indicator": (
        "the line doesn't fit the list above it",
        "indent it as deep as its neighbours; a new element of the list begins with `- `",
    ),
    "did not find expected ',' or": (
        "a bracket is not closed, or a comma is missing",
        "close the `{` or `[`, put commas between the elements, and quote what holds brackets or commas itself",
    ),
    "did not find expected node content": (
        "in brackets a value can't begin with this",
        "quote the value, or write it in brackets of its own: [a, b]",
    ),
    "block sequence entries are not allowed": (
        "a list can't begin in the line of its key",
        "begin it in the next line, or write it in brackets: [a, b]; quote a value that begins with a dash",
    ),
    "did not find expected comment or line break": (
        "`>` and `|` without quotes begin a text of several lines",
        "write the value without it, or quote the value",
    ),
    "found unexpected end of stream": (
        "the quotes that open here are never closed",
        "close them where the value ends",
    ),
    "unknown escape character": (
        "in double quotes a backslash begins an escape, and there is none like this",
        "write the backslash twice, or use single quotes",
    ),
    "hexdecimal number": (
        "in double quotes `\\x`, `\\u` and `\\U` are followed by the number of a character",
        "write the backslash twice, or use single quotes",
    ),
    "did not find expected alphabetic or numeric": (
        "`*` and `&` without quotes mean alias and anchor",
        'quote the value: "*"',
    ),
    "did not find expected <document start>": (
        "the line doesn't fit the lines above it",
        "begin it in the first column with a `key: value`, or indent it below the key it belongs to",
    ),
    "directive": (
        "a line that begins with `%` speaks to the YAML reader",
        "remove the line, or begin it with `#` if it is a comment",
    ),
}


def finding(place: Place, problem: str, related: tuple[Place, ...] = ()) -> Finding:
    """The finding for what libyaml couldn't read."""
    for said, (message, advice) in _SENTENCES.items():
        if said in problem:
            return RULE.finding(place, message, advice, related)
    return RULE.finding(place, f"this is not YAML: {problem}", "mend the line, or the one above it", related)


def no_key(place: Place) -> Finding:
    """The finding for a line with neither a colon nor a dash, below which there is more."""
    return finding(place, "could not find expected ':'")


def too_deep(place: Place, above: Place) -> Finding:
    """The finding for a key that is indented deeper than the key `above`, which has its value already."""
    return RULE.finding(
        place,
        f"the line is indented by {place.column - 1} and the one above by {above.column - 1}, "
        "which has its value already",
        "indent both alike, or leave the value above out if this is a part of it",
        (above,),
    )


def swallowed(place: Place) -> Finding:
    """The finding for a list element that is a part of the text above it."""
    return RULE.finding(
        place,
        "the line is indented deeper than the one above, so it is a part of its text and no list element",
        "indent it as deep as the other elements; quote the text above if both lines are one",
    )


def goes_on(place: Place) -> Finding:
    """The finding for what follows after a value's closing quote or bracket."""
    return RULE.finding(
        place,
        "the value is closed already, and here it goes on",
        "quote the whole value; between single quotes, a quote is written twice: 'the courier''s'",
    )


def closed_late(place: Place, end: Place) -> Finding:
    """The finding for quotes that open at `place` and close lines below, so that something doesn't fit there."""
    return RULE.finding(
        place, f"the quotes that open here close in line {end.line} only", "close them where the value ends", (end,)
    )
