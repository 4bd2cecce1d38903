"""Dashboards → JSON: without what Grafana has no use for, and the same bytes for the same dashboard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

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

_LAYOUT = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE  # a change is a changed line


def encoded(content: Mapping[str, Any]) -> bytes:
    """The file of a dashboard: keys sorted, a line a value."""
    return orjson.dumps(content, option=_LAYOUT)


def pruned(value: Any) -> Any:
    """Objects of grafanalib as plain JSON values, without nulls, empty ones, and what Grafana has no use for."""
    if hasattr(value, "to_json_data"):
        value = value.to_json_data()
    if isinstance(value, dict):
        parts = ((key, pruned(item)) for key, item in value.items() if key not in _OBSOLETE)
        return {key: item for key, item in parts if item or _is_given(key, item)}
    if isinstance(value, list | tuple):
        return [pruned(item) for item in value]
    return value


def filled(frame: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The frame with these values in it, but for those that are null or empty."""
    result = dict(frame)
    for key, item in own.items():
        if item or _is_given(key, item):
            result[key] = filled(frame.get(key, {}), item) if isinstance(item, dict) else item
    return result


def _is_given(key: str, item: object) -> bool:
    """Whether it is not left out: neither null nor empty."""
    return item not in _EMPTY or key in _REQUIRED
