"""YAML text → plain data, and where every key and value stands.

It reads libyaml's events in one pass instead of composing nodes: ten times faster on a large registry, nothing to
expand (so no bomb), and every scalar's style is at hand to tell YAML's traps from what was meant. Where nothing is
odd, `quick_reader` does without the places.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import yaml

from generator.findings import Finding, Place, quote, scalars
from generator.findings.lines import LINE_BREAK
from generator.findings.syntax import (
    colon,
    duplicate_key,
    empty_file,
    hash_comment,
    missing_value,
    several_documents,
    too_large,
    yaml_anchor,
    yaml_key,
    yaml_syntax,
    yaml_tag,
)
from generator.spec import quick_reader, yaml_problems
from generator.spec.tree import NOTHING, Branch, Document, Leaf, leaf_place, place_at

_EventReader = quick_reader.EventReader


class _Stop(Exception):  # noqa: N818 - it is a way out of the loop, not an error
    """Reading can't go on; the finding says why."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding


class _Frame:
    """A mapping or list that is being read; `key` is the mapping's key that waits for its value."""

    __slots__ = ("branch", "data", "key", "mapping")

    def __init__(self, line: int, column: int, mapping: bool) -> None:
        self.mapping = mapping
        self.data: Any = {} if mapping else []
        self.branch = Branch(line, column)
        self.key: str | None = None


def read(
    file: str, text: str, quickly: Callable[[str], Any] = quick_reader.read
) -> tuple[Document | None, list[Finding]]:
    """The document in `text`, None when it is not YAML, and what is wrong with it so far.

    `quickly` does what `quick_reader.read` does, which it may know a shorter way for.
    """
    data = quickly(text)
    if data is not quick_reader.ODD:
        return Document(file, data, lambda: _Reader(file, text).read()), []
    reader = _Reader(file, text)
    root = reader.read()
    return (None if root is None else Document(file, reader.data, lambda: root)), reader.findings


class _Reader:
    """One pass over a file's events."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self.findings: list[Finding] = []
        self.frames: list[_Frame] = []
        self.data: Any = None
        self.root: Branch | None = None
        self.unquoted: dict[str, scalars.Scalar] = {}
        self.quoted: Leaf | None = None  # the last text in quotes that goes over several lines

    def read(self) -> Branch | None:
        """The places, None when it is not YAML; the data is in `data`."""
        try:
            self._events()
        except _Stop as stop:
            self.findings.append(stop.finding)
            return None
        except yaml.MarkedYAMLError as error:
            self._refused(yaml_problems.explain(self.file, self.text, self._lines, error, self.quoted))
            return None
        except yaml.YAMLError as error:
            self.findings.append(yaml_syntax.finding(Place(self.file), " ".join(str(error).split())))
            return None
        if self.root is None:
            self.findings.append(empty_file.finding(Place(self.file)))
        return self.root

    def _refused(self, finding: Finding) -> None:
        """Add why reading ends; what was found just before is a consequence of it, or the same."""
        if any(found.code == finding.code for found in self.findings):
            return
        near = range(finding.place.line - 2, finding.place.line + 1)
        kept = [one for one in self.findings if one.code != missing_value.RULE.code or one.place.line not in near]
        self.findings = [*kept, finding]

    def _events(self) -> None:
        source = _EventReader(self.text)
        take = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._start,
            yaml.SequenceStartEvent: self._start,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }
        try:
            for _ in range(too_large.MAX_EVENTS):
                if (event := source.get_event()) is None:
                    return
                if handler := take.get(type(event)):
                    handler(event)
            raise _Stop(too_large.too_many(self._at(event)))
        finally:
            source.dispose()

    def _document(self, event: Any) -> None:
        if self.root is not None:
            raise _Stop(several_documents.finding(self._at(event, 3)))

    def _scalar(self, event: Any) -> None:
        if event.anchor or event.tag:
            self._refuse_properties(event)
        start, end = event.start_mark, event.end_mark
        leaf = Leaf(start.line, start.column, end.line, end.column, event.value)
        if start.line != end.line:
            self._several_lines(leaf, event.style)
        self._leaf(leaf, event.implicit[0])

    def _several_lines(self, leaf: Leaf, style: str | None) -> None:
        if style in {"'", '"'}:
            self.quoted = leaf
        elif not style and (finding := yaml_problems.swallowed_element(self.file, self._lines, leaf)):
            self.findings.append(finding)

    def _alias(self, event: Any) -> None:
        if not (self.frames and self.frames[-1].key == yaml_anchor.MERGE_KEY):  # that one has its finding
            self.findings.append(yaml_anchor.finding(self._at(event, len(event.anchor) + 1), f"*{event.anchor}"))
        # Read on, so that the rest of the file is looked at, too.
        start, end = event.start_mark, event.end_mark
        leaf = Leaf(start.line, start.column, end.line, end.column, event.anchor)
        if self._awaits_key():
            self._key(self.frames[-1], leaf, unquoted=False)
        else:
            self._add(NOTHING, leaf)

    def _leaf(self, leaf: Leaf, unquoted: bool) -> None:
        if self._awaits_key():
            self._key(self.frames[-1], leaf, unquoted)
        else:
            self._add(self._value(leaf) if unquoted else leaf.text, leaf)

    def _awaits_key(self) -> bool:
        return bool(self.frames) and self.frames[-1].mapping and self.frames[-1].key is None

    def _key(self, frame: _Frame, leaf: Leaf, unquoted: bool) -> None:
        key = leaf.text
        if unquoted:
            self._unquoted_key(leaf)
        frame.key = key
        if first := frame.branch.keys.get(key):
            self._again(frame, key, leaf, first)
        else:
            frame.branch.keys[key] = leaf

    def _again(self, frame: _Frame, key: str, leaf: Leaf, first: Leaf) -> None:
        """A key for the second time; where the first key of a list's element comes again below, a dash is missing."""
        place, first_place = leaf_place(self.file, leaf), leaf_place(self.file, first)
        in_list = len(self.frames) > 1 and not self.frames[-2].mapping
        if not in_list or leaf.line == first.line or next(iter(frame.branch.keys)) != key:
            self.findings.append(duplicate_key.finding(place, first_place, key))
            return
        self.findings.append(duplicate_key.without_dash(place, first_place, key))
        frame.key = None
        self._end(None)
        self.frames.append(_Frame(leaf.line, leaf.column, mapping=True))
        self._key(self.frames[-1], leaf, unquoted=False)

    def _unquoted_key(self, leaf: Leaf) -> None:
        if leaf.text == yaml_anchor.MERGE_KEY:
            self.findings.append(yaml_anchor.finding(leaf_place(self.file, leaf), leaf.text))
        elif self._unquoted(leaf) is None:
            self.findings.append(missing_value.no_name(leaf_place(self.file, leaf)))

    def _add(self, value: Any, node: Leaf | Branch) -> None:
        if not self.frames:
            self.data, self.root = value, node if isinstance(node, Branch) else Branch(node.line, node.column)
            return
        frame = self.frames[-1]
        if frame.key is not None:
            # The first of two equal keys counts, so that what follows speaks of the one that was there before.
            if frame.key not in frame.data:
                frame.data[frame.key] = value
                frame.branch.children[frame.key] = node
            frame.key = None
        else:
            frame.branch.children[len(frame.data)] = node
            frame.data.append(value)
        if len(frame.data) > too_large.MAX_ENTRIES:
            raise _Stop(too_large.too_long(place_at(self.file, frame.branch.line, frame.branch.column)))

    def _start(self, event: Any) -> None:
        if event.anchor or event.tag:
            self._refuse_properties(event)
        if len(self.frames) == too_large.MAX_DEPTH:
            raise _Stop(too_large.too_deep(self._at(event)))
        if self._awaits_key():
            raise _Stop(yaml_key.finding(self._at(event)))
        start = event.start_mark
        self.frames.append(_Frame(start.line, start.column, isinstance(event, yaml.MappingStartEvent)))

    def _end(self, _: Any) -> None:
        frame = self.frames.pop()
        self._add(frame.data, frame.branch)

    def _refuse_properties(self, event: Any) -> None:
        if event.anchor:
            self.findings.append(yaml_anchor.finding(self._at(event, len(event.anchor) + 1), f"&{event.anchor}"))
        if event.tag:
            self.findings.append(yaml_tag.finding(self._at(event), event.tag))

    def _unquoted(self, leaf: Leaf) -> scalars.Value:
        found = self.unquoted.get(leaf.text)
        if found is None:
            found = self.unquoted[leaf.text] = scalars.resolve(leaf.text)
        if found.trap:
            place = leaf_place(self.file, leaf)
            self.findings.append(found.trap.rule.finding(place, found.trap.message, found.trap.advice))
        return found.value

    def _value(self, leaf: Leaf) -> Any:
        value = self._unquoted(leaf)
        if value is not None or not self.frames:
            return value
        if parted := self._parted(self.frames[-1]):
            return scalars.resolve(parted).value
        self.findings.append(self._nothing(self.frames[-1], leaf))
        return NOTHING

    def _parted(self, frame: _Frame) -> str | None:
        """The value in a `{key:value}`, which YAML reads as a key alone; the frame's key is without it from now on."""
        glued = colon.parts(frame.key) if frame.key is not None else None
        leaf = frame.branch.keys[frame.key] if frame.key is not None else None
        if not (glued and glued.value and leaf) or glued.key in frame.branch.keys:
            return None
        self.findings.append(colon.finding(leaf_place(self.file, leaf), glued.key))
        frame.branch.keys[glued.key] = leaf
        frame.key = glued.key
        return glued.value.strip("'\"")

    def _nothing(self, frame: _Frame, leaf: Leaf) -> Finding:
        before = frame.branch.keys[frame.key] if frame.key is not None else leaf
        what = quote(frame.key) if frame.key is not None else "the list element"
        place = leaf_place(self.file, leaf if leaf.text else before)
        rest = self._lines[before.end_line][before.end_column :].lstrip().removeprefix(":").removeprefix("-")
        return hash_comment.find(place, what, rest) or missing_value.finding(place, what)

    def _at(self, event: Any, width: int = 1) -> Place:
        return place_at(self.file, event.start_mark.line, event.start_mark.column, width)

    @cached_property
    def _lines(self) -> list[str]:
        return LINE_BREAK.split(self.text)
