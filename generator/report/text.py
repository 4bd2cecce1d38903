"""Findings for a person at a terminal: the offending line, what is wrong with it, and what to write instead."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from generator.findings import Finding, Place, Severity
from generator.findings.lines import LINE_BREAK

_WIDTH = 110

_RED, _YELLOW, _BLUE, _BOLD, _RESET = "\x1b[31m", "\x1b[33m", "\x1b[34m", "\x1b[1m", "\x1b[0m"
_COLOURS = {Severity.ERROR: _RED, Severity.WARNING: _YELLOW}


def render(findings: Iterable[Finding], *, colour: bool = False) -> str:
    """All findings, one below the other; with `colour`, ANSI colours."""
    writer = _Writer(colour)
    return "".join(f"{writer.finding(finding)}\n\n" for finding in findings)


@dataclass
class _Writer:
    """Writes findings; reads each file that they show a line of once."""

    colour: bool
    lines: dict[str, list[str]] = field(default_factory=dict)

    def finding(self, finding: Finding) -> str:
        kind = self._paint(_COLOURS[finding.severity] + _BOLD, f"{finding.severity}[{finding.code}]")
        margin = " " * max(len(str(place.line)) for place in (finding.place, *finding.related))
        parts = [f"{kind}{self._paint(_BOLD, f': {finding.message}')}"]
        parts += self._excerpt(finding.place, margin, _COLOURS[finding.severity])
        for place in finding.related:
            parts += self._excerpt(place, margin, _BLUE)
        equals = self._arrow(f"{margin} =")
        return "\n".join([*parts, f"{equals} help: {finding.advice}", f"{equals} see `{finding.explanation}`"])

    def _excerpt(self, place: Place, margin: str, colour: str) -> Iterator[str]:
        yield f"{margin}{self._arrow('-->')} {place}"
        line = self._line(place)
        if not line.strip():
            return
        start, end = place.column - 1, min(place.end_column - 1, len(line))
        first = max(0, start - _WIDTH // 2) if end > _WIDTH else 0
        shown = _visible(line[first : first + _WIDTH])
        before = _cells(_visible(line[first:start]))
        length = max(1, _cells(_visible(line[start : min(end, first + _WIDTH)])))
        bar = self._arrow(f"{margin} |")
        yield bar
        yield f"{self._arrow(f'{place.line:<{len(margin)}} |')} {shown}"
        yield f"{bar} {' ' * before}{self._paint(colour + _BOLD, '^' * length)}"

    def _line(self, place: Place) -> str:
        if place.line == 0:
            return ""
        if place.file not in self.lines:
            try:
                text = Path(place.file).read_bytes().decode("utf-8-sig", "replace")
            except OSError:
                text = ""
            self.lines[place.file] = LINE_BREAK.split(text)
        lines = self.lines[place.file]
        return lines[place.line - 1] if place.line <= len(lines) else ""

    def _arrow(self, text: str) -> str:
        return self._paint(_BLUE + _BOLD, text)

    def _paint(self, colour: str, text: str) -> str:
        return f"{colour}{text}{_RESET}" if self.colour else text


def _visible(line: str) -> str:
    """The line as a terminal may show it: a tab is a space, and no control character reaches the terminal."""
    return "".join(c if c.isprintable() or c == " " else " " if c == "\t" else "\ufffd" for c in line)


def _cells(text: str) -> int:
    """How wide a terminal shows a text: East Asian characters take two cells, combining ones none."""
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)
