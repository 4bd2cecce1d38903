"""Where every key and value of a registry file stands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from generator.findings import Place

KeyPath = tuple[str | int, ...]

_BARE = re.compile(r"[A-Za-z0-9_-]+")


class Mark(Protocol):
    """A position in a file; lines and columns count from 0."""

    line: int
    column: int
    index: int


class Leaf(Protocol):
    """A scalar: its span and its text as read."""

    start_mark: Mark
    end_mark: Mark
    value: str


@dataclass(slots=True)
class Branch:
    """Where a mapping or list begins, and where its keys and values stand; a list has no keys."""

    start: Mark
    keys: dict[str | int, Leaf] = field(default_factory=dict)
    children: dict[str | int, Leaf | Branch] = field(default_factory=dict)


@dataclass(frozen=True)
class Document:
    """A registry file's plain data, and where all of it stands.

    Attributes:
        file: the path as findings show it.
        data: mappings, lists, text, numbers, booleans and None.
        root: the places; None when no line stands behind the data (Jsonnet).
    """

    file: str
    data: Any
    root: Branch | None = None

    def place(self, path: KeyPath = (), *, key: bool = False) -> Place:
        """The place of the value at `path` or, with `key`, of its key.

        A mapping or list stands where its key does, an element of a list where its first key does, and what isn't
        there where its parent stands.
        """
        if self.root is None:
            return Place(self.file, key_path=dotted(path))
        owner: Branch = self.root
        here: Place | None = None
        for part in path:
            child = owner.children.get(part)
            leaf = owner.keys.get(part) if key or isinstance(child, Branch) or _is_nothing(child) else child
            if child is None and leaf is None:
                break
            here = _span(self.file, leaf or child, child)
            if not isinstance(child, Branch):
                break
            owner = child
        return here or Place(self.file)

    def text(self, path: KeyPath) -> str | None:
        """How the scalar at `path` is written, without its quotes; None when there is no such scalar or no text."""
        node: Leaf | Branch | None = self.root
        for part in path:
            node = node.children.get(part) if isinstance(node, Branch) else None
        return node.value if node is not None and not isinstance(node, Branch) else None

    def holds_text_at(self, line: int, column: int) -> bool:
        """Whether a key or a value covers a position (from 0), so that what looks like a comment there is none."""
        if self.root is None:
            return False
        position = (line, column)
        return any(
            (leaf.start_mark.line, leaf.start_mark.column) <= position < (leaf.end_mark.line, leaf.end_mark.column)
            for leaf in _leaves(self.root)
        )


def _is_nothing(child: Leaf | None) -> bool:
    """Whether a value is there at all: one that is empty stands nowhere."""
    return child is not None and child.start_mark.index == child.end_mark.index


def _leaves(branch: Branch) -> Iterator[Leaf]:
    yield from branch.keys.values()
    for child in branch.children.values():
        if isinstance(child, Branch):
            yield from _leaves(child)
        else:
            yield child


def dotted(path: KeyPath) -> str:
    """A key path as people write it: `predictors.eta.alerts[0].above`."""
    shown = ""
    for part in path:
        if isinstance(part, int):
            shown += f"[{part}]"
        elif _BARE.fullmatch(part):
            shown += f".{part}" if shown else part
        else:
            shown += f"[{json.dumps(part)}]"
    return shown or "(the whole file)"


def leaf_place(file: str, leaf: Leaf) -> Place:
    """The place of a scalar; of one that goes over several lines, where it begins."""
    start, end = leaf.start_mark, leaf.end_mark
    width = end.column - start.column if end.line == start.line else 1
    return mark_place(file, start, width)


def mark_place(file: str, mark: Mark, width: int = 1) -> Place:
    """The place of `width` characters from a mark on."""
    return Place(file, mark.line + 1, mark.column + 1, mark.column + 1 + max(width, 1))


def _span(file: str, leaf: Leaf | Branch | None, child: Leaf | Branch | None) -> Place:
    if leaf is not None and not isinstance(leaf, Branch):
        return leaf_place(file, leaf)
    branch = leaf or child
    if isinstance(branch, Branch):
        first = next(iter(branch.keys.values()), None)
        return leaf_place(file, first) if first else mark_place(file, branch.start)
    raise TypeError("neither a scalar nor a branch")
