"""Choosing targets: in `driftgauge.yaml`, or on the command line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from generator import write
from generator.cli import main
from generator.render import DEFAULT_TARGETS, TARGETS, render
from tests.output.examples import PREDICTOR, alert, predictor, registry
from tests.real_parts import DRIFTGAUGE, ROOT

ALWAYS = {"metrics", "dashboards"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a copy of the project's registry."""
    shutil.copytree(ROOT / "registry", tmp_path / "registry")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def generate(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["generate", *arguments], catch_exceptions=False)


def made(folder: Path) -> set[str]:
    return {path.name for path in (folder / "output").iterdir()}


def say(folder: Path, text: str) -> None:
    (folder / "driftgauge.yaml").write_text(text, encoding="utf-8")


def test_without_a_file_terraform_and_prometheus(folder: Path) -> None:
    assert generate().exit_code == 0
    assert made(folder) == {*ALWAYS, *DEFAULT_TARGETS} == {*ALWAYS, "terraform", "prometheus"}


@pytest.mark.parametrize("version", ["", "version: 1\n"])
def test_the_file_chooses(folder: Path, version: str) -> None:
    say(folder, f"{version}targets: [kubernetes, mixin]\n")
    assert generate().exit_code == 0
    assert made(folder) == {*ALWAYS, "kubernetes", "mixin"}


def test_none_are_definitions_and_dashboards_alone(folder: Path) -> None:
    say(folder, "targets: []\n")
    done = generate()
    assert "0 alert rules, 11 thresholds in dashboards only" in done.stdout
    assert done.exit_code == 0
    assert made(folder) == ALWAYS


def test_the_command_line_overrides_the_file(folder: Path) -> None:
    say(folder, "targets: [kubernetes]\n")
    assert generate("--target", "mixin", "--target", "grafana-provisioning").exit_code == 0
    assert made(folder) == {*ALWAYS, "mixin", "grafana-provisioning"}
    assert "grafana-provisioning" in generate("--target", "helm").stderr


def test_a_target_that_is_switched_off_leaves_nothing(folder: Path) -> None:
    say(folder, f"targets: [{', '.join(TARGETS)}]\n")
    assert generate().exit_code == 0
    assert made(folder) == ALWAYS | set(TARGETS)
    own = folder / "output/kubernetes/mine.yaml"
    own.write_text("kind: ConfigMap\n")
    say(folder, "targets: [prometheus]\n")
    stale = generate("--check")
    assert stale.exit_code == 3
    assert "orphaned: output/mixin/mixin.libsonnet" in stale.stdout
    assert "orphaned: output/grafana-provisioning/alerting/_exporter.yaml" in stale.stdout
    assert generate().exit_code == 0
    assert made(folder) == {*ALWAYS, "prometheus", "kubernetes"}
    assert list((folder / "output/kubernetes").iterdir()) == [own]


@pytest.mark.parametrize("name", TARGETS)
def test_what_a_target_makes_is_found_again(name: str, tmp_path: Path) -> None:
    """It is below a folder, and has a suffix, that are looked through for orphans."""
    files = TARGETS[name](registry())
    write.apply(tmp_path, files)
    assert {change.path for change in write.plan(tmp_path, {}).orphaned} == set(files)


def test_check_knows_all_targets(folder: Path) -> None:
    say(folder, f"targets: [{', '.join(TARGETS)}]\n")
    assert generate().exit_code == 0
    assert generate("--check").exit_code == 0
    (folder / "output/mixin/alerts/cancellation.libsonnet").unlink()
    done = generate("--check")
    assert done.exit_code == 3
    assert "missing: output/mixin/alerts/cancellation.libsonnet" in done.stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("targets: [terraform, kubernets]\n", ["driftgauge.yaml:1:22", "no target `kubernets`", "mean `kubernetes`?"]),
        ("target: [mixin]\n", ["driftgauge.yaml:1:1", "`target` is no key here", "did you mean `targets`?"]),
        ("targets: mixin\n", ["driftgauge.yaml:1:10", "list"]),
        ("- mixin\n", ["driftgauge.yaml", "a mapping (`key: value`) belongs here"]),
        (
            "version: 2\ntargets: [mixin]\n",
            ["driftgauge.yaml:1:10", "`2` of the settings", "upgrade driftgauge"],
        ),
        ("version: one\n", ["driftgauge.yaml:1:10", "write `version: 1`"]),
        ("version: true\n", ["driftgauge.yaml:1:10", "write `version: 1`"]),
        ("targets: [mixin\n", ["driftgauge.yaml:"]),
        ("targets: [mixin]\ntargets: [terraform]\n", ["driftgauge.yaml:2:1", "driftgauge.yaml:1:1"]),
        ("# nothing yet\n", ["driftgauge.yaml", "remove the file"]),
        ("release: -1\n", ["driftgauge.yaml:1:10", "0 or more"]),
        ("release: v13\n", ["driftgauge.yaml:1:10", "whole number"]),
        ("keep_moved: 0\n", ["driftgauge.yaml:1:13", "1 or more"]),
    ],
)
def test_what_is_wrong_with_it_has_its_place_and_fix(folder: Path, text: str, said: list[str]) -> None:
    say(folder, text)
    done = generate()
    assert done.exit_code == 1
    assert "nothing was written" in done.stderr
    assert not (folder / "output").exists()
    for words in said:
        assert words in done.stderr


def test_validate_finds_it_too(folder: Path) -> None:
    say(folder, "targets: [mixin, terrafrom]\n")
    done = CliRunner().invoke(main, ["validate"])
    assert done.exit_code == 1
    assert "driftgauge.yaml:1:18" in done.stdout
    assert "did you mean `terraform`?" in done.stdout
    assert "1 error in 1 file" in done.stderr


def test_a_file_that_can_t_be_read_is_no_default(folder: Path) -> None:
    (folder / "driftgauge.yaml").symlink_to("gone.yaml")
    done = generate()
    assert done.exit_code == 1
    assert "driftgauge.yaml" in done.stderr


def test_it_lies_beside_the_registry_wherever_one_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    say(folder, "targets: [mixin]\n")
    monkeypatch.chdir(folder / "registry")
    assert generate(".", "--output", "../output").exit_code == 0
    assert made(folder) == {*ALWAYS, "mixin"}


def test_one_predictor_s_change_touches_its_own_files_alone() -> None:
    other = replace(PREDICTOR, id="other")
    before = render(registry(PREDICTOR, other), TARGETS)
    changed = predictor(alert(high=0.7, consecutive=5, min_samples=9), title="New title", features=())
    after = render(registry(changed, other), TARGETS)
    differing = {path for path in before | after if before.get(path) != after.get(path)}
    assert differing == {
        "dashboards/predictors/eta_prediction.json",
        "grafana-provisioning/alerting/eta_prediction.yaml",
        "kubernetes/dashboards/predictors/eta_prediction.yaml",
        "kubernetes/rules/predictors/eta_prediction.yaml",
        "metrics/predictors/eta_prediction.yaml",
        "mixin/alerts/eta_prediction.libsonnet",
        "prometheus/rules/eta_prediction.yaml",
        "terraform/logistics/eta_prediction.tf",
    }


def test_the_same_bytes_whatever_the_hash_seed(folder: Path) -> None:
    say(folder, f"targets: [{', '.join(TARGETS)}]\n")
    outputs = []
    for seed in ("1", "2"):
        output = folder / f"output {seed}"
        subprocess.run(
            [sys.executable, DRIFTGAUGE, "generate", "--output", output],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            timeout=60,
        )
        files = [path for path in output.rglob("*") if path.is_file()]
        outputs.append({path.relative_to(output): path.read_bytes() for path in files})
    assert outputs[0] == outputs[1]
