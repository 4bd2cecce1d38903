"""A real Prometheus, 2.42 and 3, takes everything that is generated, and finds data where there should be some."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml

from tests import real_parts
from tests.e2e import artifacts
from tests.e2e.artifacts import DASHBOARDS, OUTPUT, RULE_FILES, PanelQuery
from tests.e2e.conftest import Stack, World
from tests.real_parts import Prometheus, PrometheusBinaries

pytestmark = pytest.mark.slow

HOURS_SHOWN = 6
WINDOWS = ("1h", "1d")
FEATURES = {"numeric": "departure_delay", "categorical": "carrier"}

# (dashboard, panel): why it may be without data here.
MAY_BE_EMPTY: dict[tuple[str, str], str] = {}


def test_there_is_something_to_check() -> None:
    assert {file.stem for file in DASHBOARDS} >= {"fleet", "feature", "arrival_delay", "cancellation"}
    assert {file.stem for file in RULE_FILES} >= {"_exporter", "arrival_delay", "cancellation"}
    assert artifacts.terraform_expressions()


def test_promtool_accepts_the_metrics(prometheus_binaries: PrometheusBinaries, world: World) -> None:
    text = real_parts.get(f"{world.exporter}/metrics", {"Accept": "text/plain"}).decode()
    prometheus_binaries.check("check", "metrics", stdin=text)


def test_promtool_accepts_rules_and_configuration(prometheus_binaries: PrometheusBinaries, tmp_path: Path) -> None:
    prometheus_binaries.check("check", "rules", *RULE_FILES)
    prometheus_binaries.check("check", "config", OUTPUT / "prometheus" / "scrape.example.yaml")


def test_every_rule_evaluates(stack: Stack) -> None:
    groups = real_parts.wait_until("evaluation of all rules", lambda: evaluated(stack.prometheus))
    for group in groups:
        for rule in group["rules"]:
            assert rule["health"] == "ok", f"{rule['name']}: {rule.get('lastError')}"
    assert sum(len(group["rules"]) for group in groups) == len(artifacts.prometheus_rules())


def evaluated(prometheus: Prometheus) -> list[dict]:
    groups: list[dict] = prometheus.api("rules")["groups"]
    done = all(rule["health"] != "unknown" for group in groups for rule in group["rules"])
    return groups if done else []


def test_every_query_of_a_terraform_rule_has_a_value(stack: Stack) -> None:
    """Grafana compares the value in a step of its own: here it stands whether or not the alert fires."""
    empty = [
        f"{file}: {expression}"
        for file, expression in artifacts.terraform_expressions()
        if not stack.prometheus.query(expression)
    ]
    assert empty == []


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
@pytest.mark.parametrize("window", WINDOWS)
def test_every_panel_has_data(stack: Stack, dashboard: Path, window: str) -> None:
    empty: dict[str, set[str]] = {}
    for variables in choices(stack.prometheus, dashboard, window):
        for query in artifacts.panel_queries(dashboard):
            expression = artifacts.interpolate(query.expression, variables)
            empty.setdefault(str(query), set())
            if not run(stack.prometheus, query, expression):
                empty[str(query)].add(str(variables))
    print(yaml.safe_dump({k: sorted(v) for k, v in empty.items() if v}))


def choices(prometheus: Prometheus, dashboard: Path, window: str) -> list[dict[str, str]]:
    variables = {"window": window, "datasource": "prometheus"}
    return [variables]


def run(prometheus: Prometheus, query: PanelQuery, expression: str) -> list[dict]:
    now = time.time()
    if query.instant:
        return prometheus.query(expression, now)
    return prometheus.query_range(expression, now - HOURS_SHOWN * 3600, now, 300)
