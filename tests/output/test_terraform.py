"""Terraform's own verdict on the generated roots: formatted, valid, planned, applied, and then nothing left to do."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator import write
from generator.alerting.rules import rules_of
from generator.conventions import address
from generator.load import load_registry
from generator.model import Alert, Model, Registry
from generator.render import render
from generator.render.terraform.hcl import Block, Json, document
from metrics_exporter.definitions import Comparison, Role
from tests.output.examples import FRESHNESS, PREDICTOR, TEAM, alert, changed, predictor, registry
from tests.real_parts import ROOT, require
from tests.terraform_stub.terraform import Terraform, terraform

# The last letter is a decomposed one: Terraform composes all strings, which PromQL has to survive.
HOSTILE = 'a "b" \\ ${c} %{d} $${e} {{ f }} \n\t§ # e\u0301'


@pytest.fixture
def generated(tmp_path: Path) -> Callable[[Registry], Path]:
    """Writes what a registry generates; the folder of the Terraform roots."""

    def generate(registry: Registry) -> Path:
        write.apply(tmp_path / "output", render(registry))
        return tmp_path / "output" / "terraform"

    return generate


@pytest.fixture
def real_registry() -> Registry:
    loaded = load_registry(ROOT / "registry").registry
    assert loaded is not None
    return loaded


def composed(text: str) -> str:
    """A text as Terraform keeps it."""
    return unicodedata.normalize("NFC", text)


def rule_changes(change: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The rules of a group that a planned change alters, before and after."""
    pairs = zip(change["before"]["rule"], change["after"]["rule"], strict=True)
    return [(before, after) for before, after in pairs if before != after]


def test_is_formatted(generated: Callable[[Registry], Path], real_registry: Registry) -> None:
    for registry_ in (real_registry, hostile_registry()):
        roots = generated(registry_)
        done = subprocess.run(
            [require("terraform"), "fmt", "-check", "-diff", "-recursive", roots],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_root_applies_and_then_has_nothing_to_do(
    generated: Callable[[Registry], Path], real_registry: Registry
) -> None:
    roots = sorted(generated(real_registry).iterdir())
    assert [root.name for root in roots] == ["_shared", "network", "operations"]
    for root in roots:
        with terraform(root) as run:
            run.run("validate")
            created = run.changes()
            assert {change["actions"][0] for change in created.values()} == {"create"}
            assert any(address.startswith("grafana_rule_group.") for address in created)
            run.apply()
            assert run.changes() == {}


def test_every_root_s_own_tests_pass(generated: Callable[[Registry], Path], real_registry: Registry) -> None:
    for registry_ in (real_registry, hostile_registry()):
        for root in generated(registry_).iterdir():
            with terraform(root) as run:
                assert "Success!" in run.run("test")


def test_a_root_s_own_tests_find_what_an_override_broke(generated: Callable[[Registry], Path]) -> None:
    root = generated(registry()) / "logistics"
    (root / "override.tf").write_text('locals {\n  contact_points = { notify = "nobody", page = "nobody" }\n}\n')
    with terraform(root) as run:
        told = run.run("test", code=1)
    assert 'run "existing_contact_points"... fail' in re.sub(r"\x1b\[\d+m", "", told)
    assert "Alerts of severity notify go to the existing contact point." in told


def test_one_threshold_is_one_changed_rule(
    generated: Callable[[Registry], Path],
) -> None:
    quiet = replace(PREDICTOR, id="quiet")
    root = generated(registry(predictor(alert(high=0.4), FRESHNESS), quiet)) / "logistics"
    with terraform(root) as run:
        run.apply()
        generated(registry(predictor(alert(high=0.5), FRESHNESS), quiet))
        changes = run.changes()
    assert list(changes) == ["grafana_dashboard.eta_prediction", "grafana_rule_group.eta_prediction"]
    ((before, after),) = rule_changes(changes["grafana_rule_group.eta_prediction"])
    assert before["uid"] == after["uid"]
    assert "0.4" in before["data"][2]["model"]
    assert "0.5" in after["data"][2]["model"]


def test_a_team_s_last_predictor_is_removed_from_grafana(generated: Callable[[Registry], Path]) -> None:
    root = generated(registry()) / "logistics"
    with terraform(root) as run:
        run.apply()
        generated(replace(registry(), predictors=()))
        removed = run.changes()
        assert {address: change["actions"] for address, change in removed.items()} == {
            f"grafana_{kind}.eta_prediction": ["delete"] for kind in ("dashboard", "rule_group")
        }
        run.apply()
        assert run.changes() == {}
        assert "Success!" in run.run("test")


@pytest.mark.parametrize(
    ("first", "was"),
    [("eta", ("eta",)), ("9 lives", ("9 lives", "eta")), ("eta", ("9 lives", "eta"))],
    ids=["once", "twice", "twice, and the first is applied nowhere"],
)
def test_a_rename_moves_and_makes_nothing_anew(
    generated: Callable[[Registry], Path], first: str, was: tuple[str, ...]
) -> None:
    before = predictor(alert(), FRESHNESS, id=first, was=was[: was.index(first)])
    renamed = predictor(alert(id="missing", was=("defaults",)), FRESHNESS, was=was)
    root = generated(registry(before)) / "logistics"
    with terraform(root) as run:
        run.apply()
        generated(registry(renamed))
        changes = run.resources()
    moved = {one["address"]: one["previous_address"] for one in changes if "previous_address" in one}
    assert moved == {
        f"grafana_{kind}.eta_prediction": f"grafana_{kind}.{address(first)}" for kind in ("dashboard", "rule_group")
    }
    assert {tuple(one["change"]["actions"]) for one in changes} == {("no-op",), ("update",)}
    (group,) = (one["change"] for one in changes if one["address"] == "grafana_rule_group.eta_prediction")
    assert [rule["uid"] for rule in group["before"]["rule"]] == [rule["uid"] for rule in group["after"]["rule"]]


def test_moved_blocks_that_have_gone_leave_nothing_to_do(generated: Callable[[Registry], Path]) -> None:
    before = predictor(id="eta")
    root = generated(registry(before)) / "logistics"
    with terraform(root) as run:
        run.apply()
        generated(registry(predictor(was=("eta",))))
        run.apply()
        generated(registry(predictor(was=("eta",), moved=False)))
        assert "moved {" not in (root / "eta_prediction.tf").read_text(encoding="utf-8")
        assert run.changes() == {}


def test_alerts_go_where_their_severity_says(generated: Callable[[Registry], Path]) -> None:
    with terraform(generated(registry()) / "logistics") as run:
        changes = run.changes()
    group = changes["grafana_rule_group.eta_prediction"]["after"]
    routed = {rule["name"]: rule["notification_settings"][0] for rule in group["rule"]}
    assert {name: settings["contact_point"] for name, settings in routed.items()} == {
        "eta_prediction: Defaults of prep_time": "driftgauge logistics Slack",
        "eta_prediction: No predictions from eta_v12": "driftgauge logistics PagerDuty",
    }
    assert all(settings["group_by"] == ["alertname", "grafana_folder", "predictor"] for settings in routed.values())
    assert changes["grafana_contact_point.slack[0]"]["after"]["slack"][0]["recipient"] == "#ml-logistics"


def test_an_existing_contact_point_needs_no_secret(generated: Callable[[Registry], Path]) -> None:
    with terraform(generated(registry()) / "logistics") as run:
        changes = run.changes(slack_contact_point="ours", slack_token=None)
    assert "grafana_contact_point.slack[0]" not in changes
    rules = changes["grafana_rule_group.eta_prediction"]["after"]["rule"]
    assert rules[0]["notification_settings"][0]["contact_point"] == "ours"


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"slack_token": None}, "Set one of slack_token and slack_url"),
        ({"slack_url": "https://hooks.example.com/secret"}, "Set one of slack_token and slack_url"),
        ({"pagerduty_integration_key": None}, "Set pagerduty_integration_key"),
    ],
)
def test_a_forgotten_secret_fails_the_plan(
    generated: Callable[[Registry], Path], variables: dict[str, str | None], message: str
) -> None:
    with terraform(generated(registry()) / "logistics") as run:
        refusal = run.refuses_to_plan(**variables)
    assert message in refusal
    assert "secret" not in refusal


def hostile_alert(**changes: Any) -> Alert:
    return alert(id=HOSTILE, title=HOSTILE, feature=HOSTILE.replace("*", ""), models=(HOSTILE,), **changes)


def hostile_registry() -> Registry:
    team = replace(TEAM, id=HOSTILE, slack_channel=HOSTILE, pagerduty_service=HOSTILE, runbook_url=HOSTILE)
    hostile = predictor(
        hostile_alert(),
        changed(hostile_alert(comparison=Comparison.OUTSIDE, low=0.1), id="outside", title="Outside"),
        changed(hostile_alert(comparison=Comparison.CHANGE_ABOVE), id="change", title="Change"),
        changed(FRESHNESS, models=(HOSTILE,)),
        id=HOSTILE,
        title=HOSTILE,
        team=team,
        models=(Model(HOSTILE, Role.PRIMARY),),
    )
    taken = [replace(PREDICTOR, id=name) for name in ("main", "versions", "variables", "override", "x_override")]
    return registry(hostile, *taken)


def test_hostile_names_reach_grafana_as_they_are(generated: Callable[[Registry], Path]) -> None:
    hostile = hostile_registry()
    team = next(team for team in hostile.teams if team.id == HOSTILE)
    (owned,) = (one for one in hostile.predictors if one.team == team)
    (root,) = (path for path in generated(hostile).iterdir() if path.name not in {"_shared", "logistics"})
    with terraform(root) as run:
        changes = run.changes()
    (group,) = (change["after"] for address, change in changes.items() if "rule_group" in address)
    assert group["name"] == composed(HOSTILE)
    for planned, rule in zip(group["rule"], rules_of(owned), strict=True):
        assert planned["name"] == composed(rule.name)
        assert planned["labels"] == {name: composed(value) for name, value in rule.labels}
        queried = json.loads(planned["data"][0]["model"])["expr"]
        assert queried == rule.value
        assert planned["annotations"]["runbook_url"] == TEAM.runbook_url
    slack = changes["grafana_contact_point.slack[0]"]["after"]["slack"][0]
    assert slack["recipient"] == composed(HOSTILE)


def test_names_that_terraform_has_a_use_for_are_nobodys_file(generated: Callable[[Registry], Path]) -> None:
    root = generated(hostile_registry()) / "logistics"
    with terraform(root) as run:
        changes = run.changes()
    dashboards = [address for address in changes if address.startswith("grafana_dashboard.")]
    assert len(dashboards) == 5
    assert not list(root.glob("*override.tf"))


def test_an_override_uses_a_folder_that_exists(generated: Callable[[Registry], Path]) -> None:
    """As the documentation has it: the rest of the root follows the folder."""
    root = generated(registry()) / "logistics"
    (root / "override.tf").write_text('resource "grafana_folder" "this" {\n  uid = "logistics-ml"\n}\n')
    with terraform(root) as run:
        changes = run.changes()
    assert changes["grafana_folder.this"]["after"]["uid"] == "logistics-ml"
    assert changes["grafana_rule_group.eta_prediction"]["after"]["folder_uid"] == "logistics-ml"


def test_what_exists_is_imported_as_the_documentation_says(generated: Callable[[Registry], Path]) -> None:
    text = (ROOT / "docs/terraform.md").read_text(encoding="utf-8")
    recipes = re.findall(r"```hcl\n(.*?)```", text[text.index("## What exists already") :], re.DOTALL)
    override, imports = (
        [recipe for recipe in recipes if recipe.startswith(kind)] for kind in ('resource "grafana_folder"', "import")
    )
    root = generated(registry()) / "logistics"
    (root / "override.tf").write_text(*override)
    (root / "imports.tf").write_text("\n".join(imports))
    with terraform(root) as run:
        changes = run.changes()
        run.apply()
        assert run.changes() == {}
        (root / "imports.tf").unlink()
        assert run.changes() == {}
        run.run("test")
    taken_over = {address: change["importing"]["id"] for address, change in changes.items() if "importing" in change}
    assert taken_over == {
        "grafana_contact_point.slack[0]": "driftgauge logistics Slack",
        "grafana_folder.this": "logistics-ml",
    }
    assert {changes[address]["actions"][0] for address in taken_over} == {"update"}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("grafana_url", "grafana.example.com", "It begins with https://."),
        ("prometheus_data_source_uid", "Prometheus (staging)", "It is the data source's UID, not its name"),
        ("prometheus_data_source_uid", "", "It is the data source's UID, not its name"),
        ("slack_contact_point", "", "It is the contact point's name, as Grafana shows it."),
    ],
)
def test_a_wrong_value_is_told_before_anything_is_planned(
    generated: Callable[[Registry], Path], name: str, value: str, message: str
) -> None:
    with terraform(generated(registry()) / "logistics") as run:
        assert message in " ".join(run.refuses_to_plan(**{name: value}).replace("│", "").split())


def test_every_variable_is_documented(generated: Callable[[Registry], Path]) -> None:
    text = (ROOT / "docs/terraform.md").read_text(encoding="utf-8")
    variables = {
        name
        for file in generated(registry()).glob("*/variables.tf")
        for name in re.findall(r'variable "(\w+)"', file.read_text(encoding="utf-8"))
    }
    assert len(variables) == 10
    assert {name for name in variables if f"`{name}`" not in text} == set()


@settings(max_examples=8, deadline=None)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"])) | st.text('$%{}"\\\n~ab', min_size=1), min_size=1, max_size=40
    )
)
def test_any_text_is_read_back_as_it_was(texts: list[str]) -> None:
    value = Json({"texts": [{"text": text, text or "-": [1, 2.5, True, 1e-9]} for text in texts]})
    root_file = document(["x"], [Block('output "texts"', {"value": value})])
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "main.tf").write_bytes(root_file)
        run = Terraform(root, {"TF_CLI_CONFIG_FILE": "/dev/null"})
        run.run("plan", "-out=plan.bin")
        shown = run.show("plan.bin")
    read = json.loads(shown["planned_values"]["outputs"]["texts"]["value"])
    assert read == {"texts": [{"text": text, text or "-": [1, 2.5, True, 1e-9]} for text in map(composed, texts)]}
