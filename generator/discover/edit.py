"""Adding to a YAML file that people wrote: text goes in at the places where it belongs, and nothing else changes.

A round trip through a YAML library keeps comments, but not how lines are wrapped, aligned and indented; a review of
what `discover` adds should show what it adds.
"""

from __future__ import annotations

import copy
from operator import itemgetter
from typing import Any

import yaml

from generator.discover.propose import Additions
from generator.spec import yaml_reader
from generator.yaml_text import scalar

_NodeLoader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class NotEditableError(Exception):
    """The additions can't be put into the file by a program."""


def add(text: str, additions: Additions) -> str:
    """The text of a registry file with the additions.

    Args:
        text: the file, without findings of its own.
        additions: to a predictor that it declares.

    Raises:
        NotEditableError: the file is written in a way that leaves no place for them.
    """
    before = yaml_reader.read("", text)[0]
    edited = _Editor(text).apply(additions)
    after = yaml_reader.read("", edited)[0]
    if before is None or after is None or after.data != _expected(before.data, additions):
        raise NotEditableError
    return edited


def _expected(data: Any, additions: Additions) -> Any:
    wanted = copy.deepcopy(data)
    predictor = wanted["predictors"][additions.predictor]
    if additions.shadows:
        predictor["models"].setdefault("shadows", []).extend(additions.shadows)
    for name, kind in additions.kinds:
        predictor.setdefault("features", {}).setdefault(name, {})["kind"] = str(kind)
    return wanted


class _Editor:
    """A file's text and its nodes; the nodes know where in the text they begin and end."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.newline = "\r\n" if "\r\n" in text else "\n"
        self.insertions: list[tuple[int, str]] = []

    def apply(self, additions: Additions) -> str:
        root = yaml.compose(self.text, Loader=_NodeLoader)
        predictor = _at(_at(root, "predictors"), additions.predictor)
        if additions.shadows:
            self._add_shadows(_at(predictor, "models"), additions.shadows)
        if additions.kinds:
            self._add_kinds(predictor, additions.kinds)
        edited = self.text
        in_order = sorted(self.insertions, key=itemgetter(0))
        for index, inserted in reversed(in_order):  # from the end, so that places stay right
            edited = edited[:index] + inserted + edited[index:]
        return edited

    def _add_shadows(self, models: yaml.MappingNode, ids: tuple[str, ...]) -> None:
        items = [scalar(id_) for id_ in ids]
        shadows = _find(models, "shadows")
        if shadows is None:
            self._into_mapping(models, [f"shadows: [{', '.join(items)}]"])
        elif isinstance(shadows, yaml.SequenceNode):
            self._into(shadows, items, "- ")
        else:
            raise NotEditableError

    def _add_kinds(self, predictor: yaml.MappingNode, kinds: tuple[tuple[str, Any], ...]) -> None:
        features = _find(predictor, "features")
        new = []
        for name, kind in kinds:
            declared = _find(features, name) if isinstance(features, yaml.MappingNode) else None
            if isinstance(declared, yaml.MappingNode):
                self._into_mapping(declared, [f"kind: {kind}"])
            else:
                new.append(f"{scalar(name)}: {{kind: {kind}}}")
        if new and features is None:
            self._into_mapping(predictor, [f"features: {{{', '.join(new)}}}"])
        elif new:
            self._into_mapping(_mapping(features), new)

    def _into_mapping(self, node: yaml.MappingNode, entries: list[str]) -> None:
        self._into(node, entries, "")

    def _into(self, node: yaml.CollectionNode, entries: list[str], bullet: str) -> None:
        """Put entries behind the last one of a mapping or list."""
        last = _last(node)
        if node.flow_style:
            if last is None:
                self._insert(node.start_mark.index + 1, ", ".join(entries))
            else:
                self._insert(last.end_mark.index, "".join(f", {entry}" for entry in entries))
            return
        index = self._line_end(_end(node))
        lead = "" if self.text[:index].endswith(("\n", "\r")) else self.newline
        indent = " " * node.start_mark.column
        lines = "".join(f"{indent}{bullet}{entry}{self.newline}" for entry in entries)
        self._insert(index, lead + lines)

    def _line_end(self, index: int) -> int:
        """Where the next line begins."""
        if self.text[:index].endswith("\n"):
            return index
        found = self.text.find("\n", index)
        return len(self.text) if found < 0 else found + 1

    def _insert(self, index: int, text: str) -> None:
        self.insertions.append((index, text))


def _at(node: yaml.Node | None, key: str) -> yaml.MappingNode:
    return _mapping(_find(_mapping(node), key))


def _mapping(node: yaml.Node | None) -> yaml.MappingNode:
    if not isinstance(node, yaml.MappingNode):
        raise NotEditableError
    return node


def _find(node: yaml.MappingNode, key: str) -> yaml.Node | None:
    return next((value for name, value in node.value if name.value == key), None)


def _last(node: yaml.CollectionNode) -> yaml.Node | None:
    if not node.value:
        return None
    last = node.value[-1]
    found: yaml.Node = last[1] if isinstance(last, tuple) else last
    return found


def _end(node: yaml.Node) -> int:
    """Where a node's own text ends; what follows a block collection (comments, blank lines) isn't its own."""
    last = _last(node) if isinstance(node, yaml.CollectionNode) and not node.flow_style else None
    end: int = node.end_mark.index if last is None else _end(last)
    return end
