"""grafanalib's objects → JSON: without what Grafana has no use for, and the same bytes for the same dashboard."""

from __future__ import annotations

import json
from json.encoder import encode_basestring
from typing import Any

LINE_WIDTH = 120

# What grafanalib writes for panels of Grafana 6, and Grafana's own defaults.
_OBSOLETE = frozenset(
    """
    __inputs axisPlacement barAlignment cacheTimeout columns editable error fontSize gnetId gradientMode height
    hideControls hideFrom hideTimeOverride maxPerRow minSpan pointSize repeatDirection rows scaleDistribution
    sharedCrosshair span style tagsQuery tagValuesQuery timeShift transparent useTags version
    """.split()  # noqa: SIM905 - thirty words, not thirty lines
)
_EMPTY: tuple[object, ...] = (None, "", [], {})
_REQUIRED = frozenset({"list", "options"})  # even when they are empty


def encoded(content: Any) -> bytes:
    """Keys sorted, nulls gone, and a line for whatever fits on one."""
    return (_lines(_plain(content)) + "\n").encode()


def _plain(value: Any) -> Any:
    """Plain JSON values, without nulls, empty ones, and what Grafana has no use for."""
    if value is None or isinstance(value, str | int | float):
        return value
    if hasattr(value, "to_json_data"):
        value = value.to_json_data()
    if isinstance(value, dict):
        kept = ((key, _plain(item)) for key, item in value.items() if key not in _OBSOLETE)
        return {key: item for key, item in kept if item not in _EMPTY or key in _REQUIRED}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _lines(value: Any, indent: str = "") -> str:
    """JSON with sorted keys, a line for whatever fits on one: short to read, and a change is a changed line."""
    inner = indent + "  "
    if isinstance(value, dict):
        opening, closing = "{", "}"
        items = [f"{encode_basestring(key)}: {_lines(item, inner)}" for key, item in sorted(value.items())]
    elif isinstance(value, list):
        opening, closing = "[", "]"
        items = [_lines(item, inner) for item in value]
    else:
        return encode_basestring(value) if isinstance(value, str) else json.dumps(value)
    flat = f"{opening}{', '.join(items)}{closing}"
    if len(indent) + len(flat) <= LINE_WIDTH and "\n" not in flat:
        return flat
    separator = f",\n{inner}"
    return f"{opening}\n{inner}{separator.join(items)}\n{indent}{closing}"
