"""Reading generated dashboards as Grafana and its users do: panels, expressions, variables, links."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

# Grafana's rule for what is a variable, from its template engine.
VARIABLE = re.compile(r"\$(\w+)|\[\[(\w+?)(?::(\w+))?]]|\$\{(\w+)(?:\.([^:^}]+))?(?::([^}]+))?}")
GRAFANAS_OWN = {"__range", "__interval", "__url_time_range", "__field", "__data"}
SAMPLES = {"window": "1h", "__range": "7d", "__interval": "5m"}


def parsed(files: dict[str, bytes]) -> dict[str, Json]:
    return {path: json.loads(content) for path, content in files.items()}


def data_panels(dashboard: Json) -> list[Json]:
    return [panel for panel in dashboard["panels"] if panel.get("targets")]


def variables(dashboard: Json) -> set[str]:
    return {variable["name"] for variable in dashboard["templating"]["list"]}


def used_variables(text: str) -> set[str]:
    return {match[1] or match[2] or match[4] for match in VARIABLE.finditer(text)}


def texts(value: Any) -> Iterator[str]:
    """Every text in which Grafana replaces variables: not what it compares names with (matchers, mappings, sorting)."""
    if isinstance(value, dict):
        compared = ("matcher", "sortBy", "value") if value.get("id") == "mappings" else ("matcher", "sortBy")
        for key, item in value.items():
            if key not in compared:
                yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, str):
        yield value


def expressions(dashboard: Json) -> Iterator[str]:
    """Every PromQL expression that the dashboard sends, before variables are replaced."""
    for panel in data_panels(dashboard):
        yield from (target["expr"] for target in panel["targets"])
    yield from (annotation["target"]["expr"] for annotation in dashboard["annotations"]["list"])


def interpolated(expression: str, values: dict[str, str] | None = None) -> str:
    """The expression as Grafana sends it, with sample values for its variables."""
    chosen = SAMPLES | (values or {})
    return VARIABLE.sub(lambda match: chosen.get(match[1] or match[2] or match[4], match[1] or match[4]), expression)


def urls(value: Any) -> Iterator[str]:
    """All addresses of links, wherever they are in the JSON."""
    if isinstance(value, dict):
        if isinstance(value.get("url"), str):
            yield value["url"]
        for item in value.values():
            yield from urls(item)
    elif isinstance(value, list):
        for item in value:
            yield from urls(item)
