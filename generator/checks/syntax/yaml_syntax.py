"""What isn't YAML."""

from __future__ import annotations

from generator.findings import Finding, Place, Rule, Severity

RULE = Rule("yaml-syntax", Severity.ERROR, "A file that is not YAML")

# What libyaml says → what a person wants to know.
_SENTENCES = {
    "mapping values are not allowed": (
        "a second colon in the line makes a mapping inside a value",
        'quote the value ("Delivery: ETA"), or mend the indentation of the line',
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
        "indent it as deep as its neighbours; close brackets and quotes; quote a value that goes on after its quotes",
    ),
    "did not find expected '-' indicator": (
        "a list goes on with something that is no list element",
        "begin the line with `- `, or indent it as deep as the element above",
    ),
    "did not find expected ',' or": (
        "a bracket is not closed, or a comma is missing",
        "close the `{` or `[`, put commas between the elements, and quote what holds brackets or commas itself",
    ),
    "found unexpected end of stream": (
        "the file ends inside quotes",
        "close the quotes",
    ),
    "unknown escape character": (
        "in double quotes a backslash begins an escape, and there is none like this",
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
}


def finding(place: Place, problem: str) -> Finding:
    """The finding for what libyaml couldn't read."""
    for said, (message, advice) in _SENTENCES.items():
        if said in problem:
            return RULE.finding(place, message, advice)
    return RULE.finding(place, f"this is not YAML: {problem}", "mend the line, or the one above it")
