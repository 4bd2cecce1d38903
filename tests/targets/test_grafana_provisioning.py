"""Provisioning files, as Grafana reads them, are what Terraform would have made."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator import write
from generator.alerting.rules import rules_of
from generator.conventions import environment_variable
from generator.model import Registry
from generator.render import grafana_provisioning, render
from generator.render.grafana import build
from generator.render.grafana.objects import AlertRule, Query
from tests.output.examples import PREDICTOR, registry
from tests.targets.go_tools import grafana_reader
from tests.targets.hostile import NAMES, NASTY, hostile

LOOKED_UP = re.compile(r"\$(__\w+)?\{")  # in annotations, too

ENVIRONMENT = {
    "DRIFTGAUGE_DATA_SOURCE_UID": "prometheus-uid",
    "DRIFTGAUGE_DASHBOARDS": "/var/lib/grafana/dashboards",
    "DRIFTGAUGE_PLATFORM_CONTACT_POINT": "platform team",
    "DRIFTGAUGE_LOGISTICS_SLACK_URL": "https://hooks.example.com/$1",
    "DRIFTGAUGE_LOGISTICS_PAGERDUTY_INTEGRATION_KEY": "k$$ey",
}


def read(folder: Path, registry_: Registry) -> dict[str, Any]:
    """The alerting files by name, as Grafana reads them."""
    write.apply(folder, render(registry_, ["grafana-provisioning"]))
    files = sorted((folder / "grafana-provisioning" / "alerting").iterdir())
    environment = {**os.environ, **ENVIRONMENT, "c": "WRONG", "d": "WRONG", "HOME": "WRONG"}
    run = subprocess.run(
        [grafana_reader(), *files], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    return {Path(path).name: content for path, content in json.loads(run.stdout).items()}


def rules(files: dict[str, Any]) -> dict[str, Any]:
    """All rules by UID."""
    groups = [group for file in files.values() for group in file.get("groups", ())]
    return {rule["uid"]: rule for group in groups for rule in group["rules"]}


def data(query: Query) -> dict[str, Any]:
    """What Grafana should have of a query."""
    prometheus = query.source == "prometheus"
    source = {} if prometheus else {"datasource": {"type": query.source, "uid": query.source}}
    return {
        "refId": query.ref_id,
        "datasourceUid": "prometheus-uid" if prometheus else query.source,
        "relativeTimeRange": {"from": query.range_from, "to": query.range_to},
        "model": {"refId": query.ref_id, **source, **query.model},
    }


def expected(rule: AlertRule, receiver: str) -> dict[str, Any]:
    """What Grafana should have of a rule, but for its annotations."""
    panel = rule.annotations.get("__panelId__")
    links = {} if panel is None else {"dashboardUid": rule.annotations["__dashboardUid__"], "panelId": int(panel)}
    return {
        "uid": rule.uid,
        "title": rule.name,
        "condition": rule.condition,
        "data": [data(query) for query in rule.queries],
        "noDataState": rule.no_data_state,
        "execErrState": rule.exec_err_state,
        "for": rule.pending,
        **links,
        "labels": rule.labels,
        "notification_settings": {"receiver": receiver, "group_by": list(rule.group_by)},
    }


def said(template: str) -> str:
    """What a template says where only its quoted texts are expanded."""
    return template.replace('{{ "$" }}', "$")


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(NAMES, min_size=1, max_size=4, unique=True))
def test_rules_are_terraform_s(tmp_path: Path, names: list[str]) -> None:
    """Same UIDs, queries, states, labels, routing and annotations, whatever signs of a variable the names have."""
    example = registry(*map(hostile, names))
    found = rules(read(tmp_path, example))
    wanted: dict[str, Any] = {}
    teams = (build.predictor_root(predictor, rules_of(predictor)) for predictor in example.predictors)
    for root in (build.shared_root(example), *teams):
        receivers = {point.severity: point.name for point in root.contact_points} or {"platform": "platform team"}
        for file in root.files:
            for rule in file.group.rules if file.group else ():
                wanted[rule.uid] = expected(rule, receivers[rule.contact_point])
                annotations = found[rule.uid].pop("annotations")
                assert {name: said(text) for name, text in annotations.items()} == rule.annotations
                assert not any(LOOKED_UP.search(text) for text in annotations.values())
    assert found == wanted


def test_contact_points_have_their_secrets_from_the_environment(tmp_path: Path) -> None:
    page, notify = read(tmp_path, registry())["_contact_points_logistics.yaml"]["contactPoints"]
    assert page["name"] == "driftgauge logistics PagerDuty"
    (pagerduty,) = page["receivers"]
    assert pagerduty["type"] == "pagerduty"
    assert pagerduty["settings"] == {"integrationKey": "k$$ey", "severity": "critical", "component": "logistics-ml"}
    assert notify["name"] == "driftgauge logistics Slack"
    (slack,) = notify["receivers"]
    assert slack["type"] == "slack"
    assert slack["settings"] == {"recipient": "#ml-logistics", "token": "", "url": "https://hooks.example.com/$1"}


def test_hostile_contact_points_stay_what_they_are(tmp_path: Path) -> None:
    (file,) = (file for name, file in read(tmp_path, registry(hostile(NASTY))).items() if name.startswith("_contact"))
    page, notify = file["contactPoints"]
    assert page["receivers"][0]["settings"]["component"] == NASTY
    assert notify["receivers"][0]["settings"]["recipient"] == NASTY


def test_dashboards_are_found_by_an_environment_variable() -> None:
    content = grafana_provisioning.render(registry())["grafana-provisioning/dashboards/driftgauge.yaml"]
    (provider,) = yaml.safe_load(content)["providers"]
    assert provider["options"] == {"path": "$DRIFTGAUGE_DASHBOARDS"}
    assert provider["folder"] == "driftgauge"
    assert "folderUid" not in provider  # the rules are read first, and would have made a folder of that title


def test_folders_are_no_paths(tmp_path: Path) -> None:
    files = read(tmp_path, registry(PREDICTOR, hostile("a/b")))
    folders = {group["folder"] for file in files.values() for group in file.get("groups", ())}
    assert {"driftgauge", "logistics"} < folders
    assert not any("/" in folder for folder in folders)


def test_file_names_never_meet() -> None:
    """A predictor can't be called like the exporter's file, or a team's contact points."""
    names = ["_exporter", "exporter", "_contact_points_logistics", "contact_points_logistics"]
    files = grafana_provisioning.render(registry(PREDICTOR, *map(hostile, names)))
    assert len(files) == 1 + 1 + 5 + 5  # provider, exporter, predictors, teams


@given(st.sets(NAMES, min_size=2, max_size=6))
def test_each_team_has_variables_of_its_own(names: set[str]) -> None:
    teams = {*names, "ml-team", "ml_team", "ml__team", "ml-_team"}
    made = {environment_variable(team, what) for team in teams for what in ("slack_url", "slack_token")}
    assert len(made) == 2 * len(teams)
    assert all(name.isascii() and name.replace("_", "a").isalnum() and name.isupper() for name in made)
    assert "DRIFTGAUGE_ML_TEAM_SLACK_URL" in made
