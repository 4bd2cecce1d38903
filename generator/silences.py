"""Comments that silence a warning at one place: `# driftgauge: ignore <code> -- <reason>`.

A comment behind a value silences that line; one on a line of its own, the next line that isn't a comment.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from generator.findings import Finding, Place, Severity
from generator.findings.lines import LINE_BREAK
from generator.findings.syntax import bad_silence, unused_silence
from generator.rulebook import RULES
from generator.spec.tree import Document

# What is meant as one: the word may be another, in capitals, or without its colon.
_SILENCE = re.compile(
    r"(?:^|\s)(?P<comment># *(?P<order>driftgauge(?:: *\w+| +ignore))\b *(?P<code>[\w-]*)(?P<rest>.*))$", re.IGNORECASE
)
_ORDER = re.compile(r"driftgauge: *ignore")
_REASON = re.compile(r" *-- *(?P<reason>.*\S)")
_HINT = "driftgauge"

_WARNINGS = sorted(rule.code for rule in RULES.values() if rule.severity is Severity.WARNING)
_ERRORS = sorted(rule.code for rule in RULES.values() if rule.severity is Severity.ERROR)


@dataclass(frozen=True)
class Silence:
    """A comment at `place` that silences findings of `code` in `line`."""

    place: Place
    code: str
    line: int


def find(document: Document, text: str) -> tuple[list[Silence], list[Finding]]:
    """The silences in a file's text, and what is wrong with those that can't be."""
    if _HINT not in text.lower():
        return [], []
    lines = LINE_BREAK.split(text)
    silences: list[Silence] = []
    findings: list[Finding] = []
    for number, line in enumerate(lines, start=1):
        match = _SILENCE.search(line)
        if match is None or document.holds_text_at(number - 1, match.start("comment")):
            continue
        place = Place(document.file, number, match.start("comment") + 1, match.end("comment") + 1)
        if problem := _problem(place, match):
            findings.append(problem)
        if match["code"] in _WARNINGS:
            silences.append(Silence(place, match["code"], _silenced_line(lines, number)))
    return silences, findings


def apply(silences: Iterable[Silence], findings: Iterable[Finding]) -> list[Finding]:
    """The findings that aren't silenced, and one for each silence that is not used.

    As long as there is an error, not all warnings are known, so no silence is called unused.
    """
    by_target: defaultdict[tuple[str, int, str], list[Silence]] = defaultdict(list)
    for silence in silences:
        by_target[silence.place.file, silence.line, silence.code].append(silence)
    used: set[tuple[str, int, str]] = set()
    kept = []
    for finding in findings:
        target = (finding.place.file, finding.place.line, finding.code)
        if target in by_target and finding.severity is Severity.WARNING:
            used.add(target)
        else:
            kept.append(finding)
    if not any(finding.severity is Severity.ERROR for finding in kept):
        unused = [silence for target, group in by_target.items() if target not in used for silence in group]
        kept += [unused_silence.finding(silence.place, silence.code, _nearest(silence, kept)) for silence in unused]
    return kept


def _nearest(silence: Silence, findings: Iterable[Finding]) -> Place | None:
    """The place of the finding that a silence may have been meant for."""
    places = [finding.place for finding in findings if finding.code == silence.code]
    same_file = [place for place in places if place.file == silence.place.file]
    return min(same_file, key=lambda place: abs(place.line - silence.line), default=None)


def _problem(place: Place, comment: re.Match[str]) -> Finding | None:
    code = comment["code"]
    if not _ORDER.fullmatch(comment["order"]):
        return bad_silence.unreadable(place, code)
    if code in _ERRORS:
        return bad_silence.of_error(place, code)
    if code not in _WARNINGS:
        return bad_silence.of_unknown(place, code, _WARNINGS)
    return (
        None
        if _REASON.fullmatch(comment["rest"].rstrip())
        else bad_silence.without_reason(place, code, comment["rest"])
    )


def _silenced_line(lines: list[str], number: int) -> int:
    """The number of the line that a comment in line `number` speaks of."""
    if not lines[number - 1].lstrip().startswith("#"):
        return number
    for later, line in enumerate(lines[number:], start=number + 1):
        if line.strip() and not line.lstrip().startswith("#"):
            return later
    return number
