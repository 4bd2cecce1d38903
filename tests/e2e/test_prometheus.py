"""A real Prometheus, 2.42 and 3, takes everything that is generated, and finds data where there should be some."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from metrics_exporter.definitions import DEFAULT_CADENCE, PREDICTORS_FOLDER, OwnMetric
from tests import real_parts
from tests.e2e import artifacts
from tests.e2e.artifacts import DASHBOARDS, OUTPUT, RULE_FILES, PanelQuery
from tests.e2e.conftest import Stack, World
from tests.real_parts import Prometheus, PrometheusBinaries

pytestmark = pytest.mark.slow

DEFINITIONS = OUTPUT / "metrics" / PREDICTORS_FOLDER
HOURS_SHOWN = 6

# What has no data here, as it should be.
NOTHING_DROPPED = "driftgauge_dropped_series"  # a series of predictors that grew beyond the series limit
NOTHING_ABSENT = "absent_over_time("  # the exporter is scraped
# Only a model that is compared with its training set has its score: there are too few days before to compare with.
UNSCORED = {"Drift score, ranked", "Drifted features"}
SCORED = {"arrival_delay", "feature"}
EMPTY_PANELS = {  # by feature
    "departure_delay": {"Unseen ratio"},
    "late_departure": {"Unseen ratio"},
    "carrier": {
        "Distribution",
        "Distribution a week earlier",
        "Mean",
        "Standard deviation",
        "Minimum",
        "Maximum",
    },
}
FEATURE_CHOICES = [
    {"predictor": "arrival_delay", "model": "arrival_delay_v3", "feature": feature}
    for feature in ("departure_delay", "late_departure", "carrier")
]


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


def evaluated(prometheus: Prometheus) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = prometheus.api("rules")["groups"]
    done = all(rule["health"] != "unknown" for group in groups for rule in group["rules"])
    return groups if done else []


def test_every_query_of_a_terraform_rule_has_a_value(stack: Stack) -> None:
    """Grafana compares the value in a step of its own: here it stands whether or not the alert fires."""
    empty = [
        f"{file}: {expression}"
        for file, expression in artifacts.terraform_expressions()
        if not any(word in expression for word in (NOTHING_DROPPED, NOTHING_ABSENT))
        and not stack.prometheus.query(expression)
    ]
    assert empty == []


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
@pytest.mark.parametrize("window", [str(window) for window in DEFAULT_CADENCE])
def test_every_panel_has_data(stack: Stack, dashboard: Path, window: str) -> None:
    for choice in choices(dashboard):
        variables = {"window": window, **choice}
        check_choice(stack.prometheus, dashboard, variables)
        queries = artifacts.panel_queries(dashboard)
        empty = {query.panel for query in queries if not run(stack.prometheus, query, variables)}
        unscored = UNSCORED & {query.panel for query in queries} if dashboard.stem not in SCORED else set()
        assert empty == EMPTY_PANELS.get(choice.get("feature", ""), set()) | unscored


def choices(dashboard: Path) -> list[dict[str, str]]:
    return FEATURE_CHOICES if dashboard.stem == "feature" else [{}]


def check_choice(prometheus: Prometheus, dashboard: Path, variables: dict[str, str]) -> None:
    """The variables that Prometheus fills offer what is chosen, and no more of them are there."""
    queries = artifacts.query_variables(dashboard)
    assert queries.keys() == variables.keys() - {"window"}
    for name, query in queries.items():
        metric, label = artifacts.label_values(artifacts.interpolate(query, variables))
        offered = {series[label] for series in prometheus.api("series", {"match[]": metric})}
        assert variables[name] in offered, f"{dashboard.stem}: {name}"


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
def test_every_annotation_parses(stack: Stack, dashboard: Path) -> None:
    for expression in artifacts.annotation_queries(dashboard):
        stack.prometheus.query(artifacts.interpolate(expression, choices(dashboard)[0]))


def test_every_registered_predictor_has_a_definition(stack: Stack) -> None:
    found = stack.prometheus.query(OwnMetric.DEFINITION_INFO)
    assert {one["metric"]["predictor"] for one in found} == {file.stem for file in DEFINITIONS.glob("*.yaml")}


def run(prometheus: Prometheus, query: PanelQuery, variables: dict[str, str]) -> list[dict[str, Any]]:
    expression, now = artifacts.interpolate(query.expression, variables), time.time()
    if query.instant:
        return prometheus.query(expression, now)
    return prometheus.query_range(expression, now - HOURS_SHOWN * 3600, now, 300)
