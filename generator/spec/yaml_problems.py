"""What libyaml refuses → a finding about what a person has written, at the place where that is.

libyaml says where it could not go on, which often is a line below the mistake.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from generator.findings import Finding, Place, quote
from generator.findings.syntax import colon, hash_comment, merge_conflict, odd_space, tab, too_large, yaml_syntax
from generator.spec.tree import Leaf, leaf_place, place_at

_HASH_IN_FLOW = re.compile(r"(?<![^\s{,:])(?P<key>[^\s{,:]+):\s+(?=#\S)")  # from a word's start, or it takes ages
_KEY = re.compile(r" *(?:- +)*(?P<key>[^\s:#](?:[^:#]*[^\s:#])?) *:(?: |$)")
_ELEMENT = re.compile(r" *(?P<dash>-) ")
_WORDS = re.compile(r"\s*(?:- +)*(?P<words>[^\s#](?:[^#]*[^\s#])?)")


def explain(file: str, text: str, lines: list[str], error: yaml.MarkedYAMLError, quoted: Leaf | None) -> Finding:
    """The finding for what libyaml says of a text, which has these lines.

    `quoted` is the last text in quotes over several lines, None without one.
    """
    if finding := merge_conflict.find(file, text):
        return finding
    problem = str(error.problem)
    context = _position(error.context_mark, lines)
    at = _position(error.problem_mark, lines) or context
    if at is None:
        return yaml_syntax.finding(Place(file), problem)
    if "nesting depth" in problem:  # libyaml has a limit of its own, and may look ahead so far before ours is reached
        return too_large.too_deep(place_at(file, *at))
    if context and ("expected ':'" in problem or "end of stream" in problem):
        at = context  # a key without a colon and quotes without an end: the mistake is where they begin
    return _Refusal(file, lines, problem, at, context, quoted).finding()


def swallowed_element(file: str, lines: list[str], scalar: Leaf) -> Finding | None:
    """The finding for a list element that is indented too deep, and so belongs to the text of the one above."""
    for number in range(scalar.line + 1, scalar.end_line + 1):
        if element := _ELEMENT.match(lines[number]):
            return yaml_syntax.swallowed(place_at(file, number, element.start("dash")))
    return None


def _position(mark: yaml.Mark | None, lines: list[str]) -> tuple[int, int] | None:
    """Line and column of a mark, both from 0."""
    if mark is None:
        return None
    if mark.line >= len(lines):  # libyaml counts one line more than there is when the last one doesn't end
        return len(lines) - 1, len(lines[-1])
    return mark.line, mark.column


@dataclass(frozen=True)
class _Refusal:
    """What libyaml could not read, and where; positions are lines and columns from 0."""

    file: str
    lines: list[str]
    problem: str
    at: tuple[int, int]
    context: tuple[int, int] | None
    quoted: Leaf | None

    def finding(self) -> Finding:
        """The finding of the first mistake that it may be."""
        place = place_at(self.file, *self.at)
        return (
            self._swallowed_brace()
            or tab.find(place, self.lines[self.at[0]])
            or self._slip()
            or self._late_quotes()
            or self._misfit(place)
            or yaml_syntax.finding(place, self.problem, self._open_bracket())
        )

    def _swallowed_brace(self) -> Finding | None:
        """A `{key: #word}`, whose comment takes the closing brace with it."""
        number = (self.context or self.at)[0]
        if not (found := _HASH_IN_FLOW.search(self.lines[number])):
            return None
        place = Place(self.file, number + 1, found.start() + 1, found.end("key") + 1)
        return hash_comment.find(place, quote(found["key"]), self.lines[number][found.end() :])

    def _slip(self) -> Finding | None:
        """A space or colon that only looks like one, in the line itself or in the one above."""
        without_key = "expected ':'" in self.problem or "mapping values" in self.problem
        for number in (self.at[0], self._above()):
            if number is None:
                continue
            if found := odd_space.find(self.file, number + 1, self.lines[number]):
                return found
            if without_key and (found := colon.find(self.file, number + 1, self.lines[number])):
                return found
        return None

    def _above(self) -> int | None:
        """The number of the next line above with something in it."""
        return next((number for number in range(self.at[0] - 1, -1, -1) if _WORDS.match(self.lines[number])), None)

    def _late_quotes(self) -> Finding | None:
        """Quotes that close just before what doesn't fit."""
        if self.quoted is None or self.at[0] - self.quoted.end_line not in {0, 1}:
            return None
        end = place_at(self.file, self.quoted.end_line, self.quoted.end_column - 1)
        return yaml_syntax.closed_late(leaf_place(self.file, self.quoted), end)

    def _misfit(self, place: Place) -> Finding | None:
        """A line that doesn't follow from the one above, or a value that goes on after its end."""
        line = self.lines[self.at[0]]
        if "expected key" in self.problem and line[: self.at[1]].strip():
            return yaml_syntax.goes_on(place)
        key, above = _KEY.match(line), self._above()
        if "mapping values" not in self.problem or above is None or key is None or key.end() <= self.at[1]:
            return None
        words = _WORDS.match(self.lines[above])
        start, end = words.span("words") if words else (0, 0)
        place_above = place_at(self.file, above, start, end - start)
        if _KEY.match(self.lines[above]) is None:
            return yaml_syntax.no_key(place_above)
        return yaml_syntax.too_deep(place_at(self.file, self.at[0], key.start("key"), len(key["key"])), place_above)

    def _open_bracket(self) -> tuple[Place, ...]:
        """The bracket that is still open, where it is in another line."""
        if "expected ','" not in self.problem or self.context is None or self.context[0] == self.at[0]:
            return ()
        return (place_at(self.file, *self.context),)
