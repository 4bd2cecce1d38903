"""What panels do to single series and columns: overrides, thresholds, transformations. Plain JSON of Grafana's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

CELL_GAUGE: Json = {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}
DASHED: Json = {"fill": "dash", "dash": [6, 6]}


def override(matcher: str, options: str, /, **properties: object) -> Json:
    """A field override; `__` in a property's name stands for a dot: `custom__lineStyle`."""
    listed = [{"id": name.replace("__", "."), "value": value} for name, value in properties.items()]
    return {"matcher": {"id": matcher, "options": options}, "properties": listed}


def by_name(name: str, /, **properties: object) -> Json:
    """An override of the series or column of this name."""
    return override("byName", name, **properties)


def by_regex(regex: str, /, **properties: object) -> Json:
    """An override of the series or columns whose names match a JavaScript regular expression."""
    return override("byRegexp", regex, **properties)


def fixed(color: str) -> Json:
    """A colour that stays with its series."""
    return {"mode": "fixed", "fixedColor": color}


def threshold_steps(low: float | None, high: float | None) -> list[Json]:
    """Steps that leave the good range uncoloured and paint what lies beyond the thresholds red."""
    steps: list[Json] = [{"color": "transparent" if low is None else "red"}]
    if low is not None:
        steps.append({"color": "transparent", "value": low})
    if high is not None:
        steps.append({"color": "red", "value": high})
    return steps


def matrix(row: str, column: str) -> list[Json]:
    """Transformations: labels `row` down, labels `column` across, values in the cells."""
    options = {"rowField": row, "columnField": column, "valueField": "Value", "emptyValue": "null"}
    return [{"id": "groupingToMatrix", "options": options}]


def columns(names: Mapping[str, str], *, merged: bool = False) -> list[Json]:
    """Transformations: keep these fields in this order, under these names; all others go."""
    keep = {"id": "filterFieldsByName", "options": {"include": {"names": list(names)}}}
    order = {name: index for index, name in enumerate(names)}
    organize = {"id": "organize", "options": {"indexByName": order, "renameByName": dict(names)}}
    return [*([{"id": "merge", "options": {}}] if merged else []), keep, organize]
