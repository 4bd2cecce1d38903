"""Where every key and value of a registry file stands."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple

from generator.findings import Place

KeyPath = tuple[str | int, ...]

# What stands for a value that is missing in YAML: nothing takes it for one that may be left out.
NOTHING: Final = object()

_BARE = re.compile(r"[A-Za-z0-9_-]+")


class Leaf(NamedTuple):
    """A scalar: where it begins and ends, counted from 0, and its text as read."""

    line: int
    column: int
    end_line: int
    end_column: int
    text: str


@dataclass(slots=True)
class Branch:
    """Where a mapping or list begins, and where its keys and values stand; a list has no keys."""

    line: int
    column: int
    keys: dict[str | int, Leaf] = field(default_factory=dict)
    children: dict[str | int, Leaf | Branch] = field(default_factory=dict)


@dataclass(frozen=True)
class Document:
    """A registry file's plain data, and where all of it stands.

    Attributes:
        file: the path as findings show it.
        data: mappings, lists, text, numbers, booleans and None.
        find_places: of all of it; None when no line stands behind the data (Jsonnet).
    """

    file: str
    data: Any
    find_places: Callable[[], Branch | None] = lambda: None

    @cached_property
    def root(self) -> Branch | None:
        """The places: they take more time and memory than the data, and only what is wrong needs one."""
        return self.find_places()

    def place(self, path: KeyPath = (), *, key: bool = False) -> Place:
        """The place of the value at `path` or, with `key`, of its key.

        A mapping or list stands where its key does, an element of a list where its first key does, and what isn't
        there where its parent stands.
        """
        if self.root is None:
            return Place(self.file, key_path=dotted(path))
        owner: Branch = self.root
        here: Leaf | Branch | None = None
        for part in path:
            child = owner.children.get(part)
            leaf = owner.keys.get(part) if key or isinstance(child, Branch) or _is_nothing(child) else child
            here = leaf or child or here
            if not isinstance(child, Branch):
                break
            owner = child
        return Place(self.file) if here is None else _span(self.file, here)

    def text(self, path: KeyPath) -> str | None:
        """How the scalar at `path` is written, without its quotes; None when there is no such scalar or no text."""
        node: Leaf | Branch | None = self.root
        for part in path:
            node = node.children.get(part) if isinstance(node, Branch) else None
        return node.text if isinstance(node, Leaf) else None

    def holds_text_at(self, line: int, column: int) -> bool:
        """Whether a key or a value covers a position (from 0), so that what looks like a comment there is none."""
        if self.root is None:
            return False
        return any(leaf[:2] <= (line, column) < leaf[2:4] for leaf in _leaves(self.root))


def _is_nothing(child: Leaf | None) -> bool:
    """Whether there is no value at all after a key: nothing stands nowhere."""
    return child is not None and child[:2] == child[2:4]


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
    width = leaf.end_column - leaf.column if leaf.end_line == leaf.line else 1
    return place_at(file, leaf.line, leaf.column, width)


def place_at(file: str, line: int, column: int, width: int = 1) -> Place:
    """The place of `width` characters, at least one, from a position on that counts from 0."""
    return Place(file, line + 1, column + 1, column + 1 + max(width, 1))


def _span(file: str, node: Leaf | Branch) -> Place:
    if isinstance(node, Leaf):
        return leaf_place(file, node)
    first = next(iter(node.keys.values()), None)
    return leaf_place(file, first) if first else place_at(file, node.line, node.column)
