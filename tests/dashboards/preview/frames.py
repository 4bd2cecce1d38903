"""A panel's queries → what it draws: series with their look, or a table's columns and rows, as Grafana has them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from tests.dashboards.reading import Json, interpolated
from tests.real_parts import Prometheus

POINTS = 400
STEPS = {"5m": 300, "1h": 3600}
MARKS_STEP = 300
MATCHER = re.compile(r'(\w+)(=~?)("(?:[^"\\]|\\.)*")')


def drawn(panel: Json, prometheus: Prometheus, values: dict[str, str], start: float, end: float) -> Json:
    """The panel's JSON, with `series`, `columns` and `rows`, or `alerts` beside it."""
    shown = {**panel, "title": interpolated(panel["title"], values)}
    if panel["type"] == "alertlist":
        return shown | {"alerts": list(_alerts(prometheus, panel["options"]["alertInstanceLabelFilter"]))}
    targets = [target | {"expr": interpolated(target["expr"], values)} for target in panel.get("targets", [])]
    if panel["type"] == "table":
        return shown | table(panel, {target["refId"]: prometheus.query(target["expr"], end) for target in targets})
    step = max(STEPS[panel.get("interval", "5m")], (end - start) // POINTS)
    start -= start % step  # as Grafana does
    return shown | {
        "times": list(range(int(start), int(end) + 1, int(step))),
        "series": [
            one
            for target in targets
            for one in _series(panel, target, _matrix_of(prometheus, target, start, end, step))
        ],
    }


def marks(annotation: Json, prometheus: Prometheus, values: dict[str, str], start: float, end: float) -> Iterator[Json]:
    """Where an annotation's expression begins to have a value: the moment, title and colour of each mark."""
    matrix = prometheus.query_range(interpolated(annotation["target"]["expr"], values), start, end, MARKS_STEP)
    for one in matrix:
        title = _legend(annotation["titleFormat"], one["metric"])
        times = [float(at) for at, _ in one["values"]]
        for before, at in zip([0.0, *times], times, strict=False):
            if at - before > MARKS_STEP:
                yield {"at": at, "title": title, "color": annotation["iconColor"]}


def _alerts(prometheus: Prometheus, chosen: str) -> Iterator[Json]:
    """The rules that fire now, or are about to, among those that the filter chooses; the newest first."""
    since = {
        (alert["labels"]["alertname"], alert["state"]): datetime.fromisoformat(alert["activeAt"])
        for alert in sorted(prometheus.api("alerts")["alerts"], key=lambda alert: str(alert["activeAt"]), reverse=True)
        if _fits(alert["labels"], chosen)
    }
    for (name, state), at in since.items():
        yield {"name": name, "state": state, "seconds": max(0, (datetime.now(UTC) - at).total_seconds())}


def _fits(labels: dict[str, str], chosen: str) -> bool:
    """Whether the labels match a filter of PromQL's equalities and regular expressions."""
    return all(
        re.fullmatch(json.loads(text) if kind == "=~" else re.escape(json.loads(text)), labels.get(name, ""))
        for name, kind, text in MATCHER.findall(chosen)
    )


def _matrix_of(prometheus: Prometheus, target: Json, start: float, end: float, step: float) -> list[Json]:
    if not target["instant"]:
        return prometheus.query_range(target["expr"], start, end, step)
    return [one | {"values": [one["value"]]} for one in prometheus.query(target["expr"], end)]


def _series(panel: Json, target: Json, matrix: list[Json]) -> Iterator[Json]:
    for one in matrix:
        name = _legend(target["legendFormat"], one["metric"])
        points = [[float(at), float(value)] for at, value in one["values"]]
        yield {"name": name, "points": points, "config": config(panel, name)}


def _legend(template: str, labels: dict[str, str]) -> str:
    return re.sub(r"{{(\w+)}}", lambda match: labels.get(match[1], ""), template)


def config(panel: Json, name: str) -> Json:
    """The field's options: the defaults, then every override that matches its name."""
    merged: Json = {**panel["fieldConfig"]["defaults"]}
    merged["custom"] = {**merged.get("custom", {})}
    for override in panel["fieldConfig"].get("overrides", []):
        if _matches(override["matcher"], name):
            for one in override["properties"]:
                group, _, key = one["id"].rpartition(".")
                (merged["custom"] if group == "custom" else merged)[key] = one["value"]
    return merged


def _matches(matcher: Json, name: str) -> bool:
    if matcher["id"] == "byName":
        return bool(matcher["options"] == name)
    return bool(re.search(matcher["options"].strip("/"), name))


def table(panel: Json, results: dict[str, list[Json]]) -> Json:
    """Columns and rows after the panel's transformations."""
    many = sum(1 for result in results.values() if result) > 1
    rows = [
        {**sample["metric"], f"Value #{ref}" if many else "Value": float(sample["value"][1])}
        for ref, result in results.items()
        for sample in result
    ]
    names: list[str] = list(dict.fromkeys(name for row in rows for name in row))
    titles: dict[str, str] = {}
    for transformation in panel["transformations"]:
        options = transformation["options"]
        if transformation["id"] == "merge":
            rows = _merged(rows)
        elif transformation["id"] == "groupingToMatrix":
            rows, names = _matrix(rows, options)
        elif transformation["id"] == "filterFieldsByName":
            names = [name for name in options["include"]["names"] if name in names]
        else:
            titles = options["renameByName"]
    columns = [{"name": titles.get(name, name), "field": name} for name in names]
    for column in columns:
        column["config"] = config(panel, column["name"])
    order = next(
        (name["field"] for name in columns if name["name"] == panel["options"]["sortBy"][0]["displayName"]), ""
    )
    rows.sort(key=lambda row: row.get(order, float("-inf")), reverse=True)
    return {"columns": columns, "rows": rows}


def _merged(rows: list[Json]) -> list[Json]:
    """Rows of the same predictor become one, as far as they do not contradict each other."""
    merged: list[Json] = []
    for row in rows:
        for other in merged:
            shared = row.keys() & other.keys()
            if shared and all(row[name] == other[name] for name in shared):
                other.update(row)
                break
        else:
            merged.append(dict(row))
    return merged


def _matrix(rows: list[Json], options: dict[str, str]) -> tuple[list[Json], list[str]]:
    row_field, column_field = options["rowField"], options["columnField"]
    corner = f"{row_field}\\{column_field}"
    names = [corner, *dict.fromkeys(row[column_field] for row in rows)]
    by_key: dict[str, dict[str, Any]] = {}
    for row in rows:
        by_key.setdefault(row[row_field], {corner: row[row_field]})[row[column_field]] = row[options["valueField"]]
    return list(by_key.values()), names if rows else []
