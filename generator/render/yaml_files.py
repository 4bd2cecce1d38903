"""YAML files that people read: a first line that marks them, keys in the order given, short leaves on one line."""

from __future__ import annotations

import re
from functools import lru_cache
from math import inf
from typing import Any

import yaml
from yaml.events import (
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from generator.conventions import generated_mark

_WIDTH = 1_000_000  # never fold: libyaml and PyYAML do it differently
_LEAF_WIDTH = 80

_Dumper: type[yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # libyaml: ten times faster
_representer = yaml.representer.SafeRepresenter()
_resolver = yaml.resolver.Resolver()
_STR = yaml.resolver.BaseResolver.DEFAULT_SCALAR_TAG

# Text to PyYAML, and without quotes a boolean or a number to YAML 1.2, or to Go's readers.
_NOT_TEXT_ELSEWHERE = re.compile(r"[yYnN]|[-+]?(0[oO]?[0-7_]+|0[xX][\da-fA-F_]+|\.?\d[\d_]*(\.[\d_]*)?([eE][-+]?\d+)?)")


class OneALine(list[Any]):
    """A list whose elements stand on a line each, however short they are."""


def yaml_file(path: str, content: Any, about: str) -> bytes:
    """A generated YAML file.

    Args:
        path: relative to the output folder.
        content: dicts, lists and scalars.
        about: what the file is, for the person who opens it; lines of a comment.
    """
    head = "".join(f"# {line}\n" for line in (generated_mark(path), *about.splitlines()))
    events = (StreamStartEvent(), DocumentStartEvent(), *_events(content), DocumentEndEvent(), StreamEndEvent())
    body = yaml.emit(events, Dumper=_Dumper, allow_unicode=True, width=_WIDTH)
    return f"{head}\n{body}".encode()


def _events(value: Any) -> list[Event]:
    """What libyaml is told to write: to make events takes a third of the time that PyYAML takes to make nodes."""
    if isinstance(value, dict):
        inside = [event for pair in value.items() for part in pair for event in _events(part)]
        flow = _leaf_width(inside) <= _LEAF_WIDTH
        return [MappingStartEvent(None, None, True, flow_style=flow), *inside, MappingEndEvent()]
    if isinstance(value, list):
        inside = [event for item in value for event in _events(item)]
        flow = _leaf_width(inside) < inf and not isinstance(value, OneALine)
        return [SequenceStartEvent(None, None, True, flow_style=flow), *inside, SequenceEndEvent()]
    return [_scalar(value)]


def _leaf_width(events: list[Event]) -> float:
    """How many characters scalars have together; infinite where one of them needs lines of its own, or is none."""
    width = 0
    for event in events:
        if not isinstance(event, ScalarEvent) or event.style:
            return inf
        width += len(event.value)
    return width


@lru_cache(4096, typed=True)
def _scalar(value: str | float | bool | None) -> ScalarEvent:
    """Text of several lines as a block, and in quotes what would be no text without."""
    if not isinstance(value, str):
        return ScalarEvent(None, None, (True, False), _representer.represent_data(value).value)
    style = "|" if "\n" in value else "'" if _NOT_TEXT_ELSEWHERE.fullmatch(value) else None
    plain = _resolver.resolve(yaml.ScalarNode, value, (True, False)) == _STR  # type: ignore[no-untyped-call]
    return ScalarEvent(None, None, (plain, True), value, style=style)
