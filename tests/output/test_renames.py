"""What a rename in the registry leaves as it was: whatever people and systems know a predictor or an alert by."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from generator import conventions
from generator.alerting.rules import rules_of
from generator.load import load_registry, load_repository
from generator.model import Predictor
from generator.render import render
from tests.output.examples import FRESHNESS, alert, predictor, registry

BEFORE = predictor(alert(), FRESHNESS, id="eta")
AFTER = predictor(alert(id="missing", was=("first", "defaults")), FRESHNESS, was=("eta", "delivery"))


def dashboard(drawn: Predictor) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(render(registry(drawn))[conventions.predictor_dashboard_file(drawn.id)])
    return content


def test_uids_are_those_of_the_first_id() -> None:
    assert dashboard(BEFORE)["uid"] == dashboard(AFTER)["uid"] == rules_of(AFTER)[0].dashboard_uid
    assert rules_of(AFTER)[0].uid == conventions.rule_uid("eta", "first")
    assert rules_of(AFTER)[0].panel_id == conventions.alert_panel_id("first")
    assert conventions.alert_panel_id("first") in {panel["id"] for panel in dashboard(AFTER)["panels"]}


def test_the_fleet_leads_to_it() -> None:
    fleet = render(registry(AFTER))[conventions.FLEET_DASHBOARD_FILE].decode()
    assert f'"text": "{dashboard(BEFORE)["uid"]}"' in fleet


def test_its_panels_read_its_series_from_before() -> None:
    panels = {panel["id"]: panel for panel in dashboard(AFTER)["panels"]}
    assert 'predictor=~"eta_prediction|eta|delivery"' in panels[101]["targets"][0]["expr"]
    assert 'predictor="eta_prediction"' in rules_of(AFTER)[0].expression


@pytest.mark.parametrize(("written", "was"), [("eta", ("eta",)), ("[delivery, eta]", ("delivery", "eta"))])
def test_the_registry_says_what_it_was(tmp_path: Path, written: str, was: tuple[str, ...]) -> None:
    (tmp_path / "a.yaml").write_text(
        "version: 1\n"
        "teams: {logistics: {slack: {channel: '#ml'}}}\n"
        "predictors:\n"
        "  eta_prediction:\n"
        f"    was: {written}\n"
        "    team: logistics\n"
        "    task: regression\n"
        "    models: {primary: eta_v12}\n"
        "    alerts:\n"
        f"      - {{id: low, was: {written}, metric: predictions, below: 9, severity: notify}}\n"
    )
    loaded = load_registry(tmp_path)
    assert loaded.registry is not None, loaded.findings
    (renamed,) = loaded.registry.predictors
    assert renamed.was == was
    assert [one.was for one in renamed.alerts] == [(), was]
    assert renamed.origin == was[0]


@pytest.mark.parametrize(
    ("settings", "renamed_in", "kept"),
    [
        (None, "renamed_in: 13", True),
        ("release: 99", "", True),
        ("release: 13", "renamed_in: 13", True),
        ("release: 15", "renamed_in: 13", True),
        ("release: 16", "renamed_in: 13", False),
        ("{release: 16, keep_moved: 4}", "renamed_in: 13", True),
        ("{release: 14, keep_moved: 1}", "renamed_in: 13", False),
    ],
)
def test_moved_blocks_stay_for_the_stated_releases(
    tmp_path: Path, settings: str | None, renamed_in: str, *, kept: bool
) -> None:
    folder = tmp_path / "registry"
    folder.mkdir()
    (folder / "a.yaml").write_text(
        "version: 1\n"
        "teams: {logistics: {slack: {channel: '#ml'}}}\n"
        "predictors:\n"
        "  eta_prediction:\n"
        "    was: eta\n"
        f"    {renamed_in}\n"
        "    team: logistics\n"
        "    task: regression\n"
        "    models: {primary: eta_v12}\n"
    )
    if settings is not None:
        (tmp_path / "driftgauge.yaml").write_text(f"{settings}\n")
    loaded = load_repository(folder)
    assert loaded.registry is not None, loaded.findings
    files = render(loaded.registry)
    assert (b"moved {" in files["terraform/logistics/eta_prediction.tf"]) is kept
    uid = conventions.predictor_dashboard_uid("eta")
    assert json.loads(files[conventions.predictor_dashboard_file("eta_prediction")])["uid"] == uid
