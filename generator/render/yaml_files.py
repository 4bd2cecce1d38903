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


# What has no text of its own is the same event wherever it stands.
_BLOCK_MAPPING, _FLOW_MAPPING = (MappingStartEvent(None, None, True, flow_style=flow) for flow in (False, True))
_BLOCK_SEQUENCE, _FLOW_SEQUENCE = (SequenceStartEvent(None, None, True, flow_style=flow) for flow in (False, True))
_MAPPING_END, _SEQUENCE_END = MappingEndEvent(), SequenceEndEvent()


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
    events: list[Event] = [StreamStartEvent(), DocumentStartEvent()]
    _add(content, events)
    events += (DocumentEndEvent(), StreamEndEvent())
    body = yaml.emit(events, Dumper=_Dumper, allow_unicode=True, width=_WIDTH)
    return f"{head}\n{body}".encode()


def _add(value: Any, events: list[Event]) -> float:
    """Add what libyaml is told to write: to make events takes a third of the time that PyYAML takes to make nodes.

    The answer is how many characters the value takes as a leaf; infinite where it needs lines of its own, or is none.
    """
    start = len(events)
    if isinstance(value, dict):
        events.append(_BLOCK_MAPPING)
        width = 0.0
        for key, item in value.items():
            name, name_width = _scalar(key)
            events.append(name)
            width += name_width + _add(item, events)
        if width <= _LEAF_WIDTH:
            events[start] = _FLOW_MAPPING
        events.append(_MAPPING_END)
        return inf
    if isinstance(value, list):
        events.append(_BLOCK_SEQUENCE)
        if sum([_add(item, events) for item in value]) < inf and not isinstance(value, OneALine):
            events[start] = _FLOW_SEQUENCE
        events.append(_SEQUENCE_END)
        return inf
    scalar, scalar_width = _scalar(value)
    events.append(scalar)
    return scalar_width


@lru_cache(4096, typed=True)
def _scalar(value: str | float | bool | None) -> tuple[ScalarEvent, float]:
    """Text of several lines as a block, and in quotes what would be no text without; with its width as a leaf."""
    if not isinstance(value, str):
        written = _representer.represent_data(value).value
        return ScalarEvent(None, None, (True, False), written), len(written)
    style = "|" if "\n" in value else "'" if _NOT_TEXT_ELSEWHERE.fullmatch(value) else None
    plain = _resolver.resolve(yaml.ScalarNode, value, (True, False)) == _STR  # type: ignore[no-untyped-call]
    return ScalarEvent(None, None, (plain, True), value, style=style), inf if style else len(value)
