"""What people load into Grafana and Prometheus, read back from the committed output."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.real_parts import ROOT

OUTPUT = ROOT / "output"
RULE_FILES = sorted((OUTPUT / "prometheus" / "rules").glob("*.yaml"))
DASHBOARDS = sorted((OUTPUT / "dashboards").rglob("*.json"))

_VARIABLE = re.compile(r"\$\{(\w+)(?::\w+)?\}|\$(\w+)|\[\[(\w+)\]\]")
_BUILT_IN = {"__range": "6h", "__rate_interval": "5m", "__interval": "5m"}
_HCL_EXPRESSION = re.compile(r'^\s*"?expr"?\s*[=:]\s*("(?:[^"\\]|\\.)*")', re.MULTILINE)


@dataclass(frozen=True)
class PanelQuery:
    """A query of a panel; `instant` ones are tables of the values now, the others lines over time."""

    dashboard: str
    panel: str
    ref: str
    expression: str
    instant: bool

    def __str__(self) -> str:
        return f"{self.dashboard}: {self.panel}: {self.ref}"


def panel_queries(dashboard: Path) -> list[PanelQuery]:
    """All queries of all panels of a dashboard, rows opened."""
    content = json.loads(dashboard.read_text(encoding="utf-8"))
    name = dashboard.relative_to(OUTPUT / "dashboards").with_suffix("").as_posix()
    return [
        PanelQuery(name, panel["title"], target["refId"], target["expr"], target.get("instant", False))
        for panel in _panels(content["panels"])
        for target in panel.get("targets", [])
    ]


def query_variables(dashboard: Path) -> dict[str, str]:
    """The dashboard's variables that Prometheus fills, in order, with their queries."""
    content = json.loads(dashboard.read_text(encoding="utf-8"))
    variables = content["templating"]["list"]
    return {one["name"]: one["query"]["query"] for one in variables if one["type"] == "query"}


def label_values(query: str) -> tuple[str, str]:
    """The selector and the label of a variable's query, `label_values(selector, label)`."""
    match = re.fullmatch(r"label_values\((.+), *(\w+)\)", query, re.DOTALL)
    assert match, query
    return match[1], match[2]


def annotation_queries(dashboard: Path) -> list[str]:
    """The expressions of the dashboard's own annotations."""
    content = json.loads(dashboard.read_text(encoding="utf-8"))
    return [one["target"]["expr"] for one in content["annotations"]["list"]]


def interpolate(text: str, variables: Mapping[str, str]) -> str:
    """Put values where Grafana would; a variable without a value is an error."""
    values = {**_BUILT_IN, **variables}
    return _VARIABLE.sub(lambda match: values[match[1] or match[2] or match[3]], text)


def prometheus_rules() -> list[tuple[str, dict[str, Any]]]:
    """All generated Prometheus rules, each with its file's name."""
    return [
        (file.name, rule)
        for file in RULE_FILES
        for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
    ]


def terraform_expressions() -> list[tuple[str, str]]:
    """The PromQL of every query of every generated Grafana rule, each with its file's name."""
    return [
        (file.relative_to(OUTPUT).as_posix(), _hcl_string(match[1]))
        for file in sorted((OUTPUT / "terraform").rglob("*.tf"))
        for match in _HCL_EXPRESSION.finditer(file.read_text(encoding="utf-8"))
    ]


def _hcl_string(literal: str) -> str:
    text: str = json.loads(literal)
    return text.replace("$${", "${").replace("%%{", "%{")


def _panels(panels: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for panel in panels:
        yield panel
        yield from _panels(panel.get("panels", []))
