"""Prometheus, Alertmanager and Terraform beside the demo: what is said when something is wrong with them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo import terraform as terraform_module
from demo.processes import DemoError, Processes
from demo.prometheus import Companion, run_alertmanager, run_prometheus
from demo.report import Check, Outcome
from demo.terraform import check_terraform
from tests.demo.site import serving
from tests.real_parts import require
from tests.terraform_stub.provider import attached


@pytest.fixture
def trial(generated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone to spoil, as working directory."""
    folder = tmp_path / "trial"
    shutil.copytree(generated, folder, ignore=shutil.ignore_patterns(".cache"))
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    require("terraform")
    with attached() as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield


def _terraform(folder: Path) -> dict[str, Check]:
    return {check.name: check for check in check_terraform(folder)}


@pytest.mark.usefixtures("provider")
def test_a_root_that_cannot_be_planned_is_named(trial: Path, tmp_path: Path) -> None:
    with (trial / "output/terraform/network/main.tf").open("a", encoding="utf-8") as file:
        file.write('\nresource "grafana_folder" "untitled" {\n}\n')
    checks = _terraform(tmp_path / "scratch")
    assert checks["terraform fmt"].outcome is Outcome.OK
    assert checks["terraform plan"].outcome is Outcome.FAILED
    assert checks["terraform plan"].detail.startswith("network: ")
    assert not list((trial / "output").rglob(".terraform*"))


@pytest.mark.usefixtures("provider")
def test_a_file_that_is_not_formatted_is_named(trial: Path, tmp_path: Path) -> None:
    with (trial / "output/terraform/network/main.tf").open("a", encoding="utf-8") as file:
        file.write('locals {\n      indented="oddly"\n}\n')
    check = _terraform(tmp_path / "scratch")["terraform fmt"]
    assert (check.outcome, check.detail) == (Outcome.FAILED, "not formatted: output/terraform/network/main.tf")


@pytest.mark.usefixtures("trial")
def test_without_the_provider_there_is_no_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require("terraform")
    monkeypatch.delenv("TF_REATTACH_PROVIDERS", raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    check = _terraform(tmp_path / "scratch")["terraform plan"]
    assert check.outcome is Outcome.SKIPPED
    assert "provider can't be installed from here" in check.detail


@pytest.mark.usefixtures("trial", "provider")
def test_a_terraform_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terraform_module, "_SECONDS", 0.001)
    check = _terraform(tmp_path / "scratch")["terraform fmt"]
    assert check.outcome is Outcome.FAILED
    assert check.detail.startswith("no end within ")


@pytest.mark.usefixtures("trial")
def test_prometheus_without_promtool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binaries = tmp_path / "bin"
    binaries.mkdir()
    (binaries / "prometheus").symlink_to(require("prometheus2"))
    monkeypatch.setenv("PATH", str(binaries))
    with serving() as exporter, Processes(tmp_path / "run") as processes:
        checks, prometheus = run_prometheus(processes, tmp_path / "run", exporter.url, None)
    assert [(check.name, check.outcome) for check in checks] == [
        ("prometheus", Outcome.FAILED),  # this exporter has no daily window
        ("rules", Outcome.OK),
        ("promtool", Outcome.SKIPPED),
    ]
    assert prometheus
    assert str(prometheus.takes_up).startswith("curl -X POST http://127.0.0.1:")


def test_prometheus_without_rules(trial: Path, tmp_path: Path) -> None:
    require("prometheus2")
    shutil.rmtree(trial / "output/prometheus/rules")
    nobody = Companion("Alertmanager", "http://127.0.0.1:9")
    with serving() as exporter, Processes(tmp_path / "run") as processes:
        checks, _ = run_prometheus(processes, tmp_path / "run", exporter.url, nobody)
    details = {check.name: check.detail for check in checks if check.outcome is Outcome.FAILED}
    assert details["rules"] == "no rules from output/prometheus/rules"


@pytest.mark.parametrize(
    ("text", "problem"), [(None, "is missing; run `driftgauge generate`"), ("- a list\n", "is not as generated")]
)
def test_alertmanager_without_its_example(trial: Path, tmp_path: Path, text: str | None, problem: str) -> None:
    require("alertmanager")
    example = trial / "output/prometheus/alertmanager.example.yaml"
    example.unlink()
    if text:
        example.write_text(text, encoding="utf-8")
    with Processes(tmp_path / "run") as processes, pytest.raises(DemoError, match=problem):
        run_alertmanager(processes, tmp_path / "run")


def test_alertmanager_has_the_generated_routes_and_messages_nobody(trial: Path, tmp_path: Path) -> None:
    require("alertmanager")
    with Processes(tmp_path / "run") as processes:
        check, companion = run_alertmanager(processes, tmp_path / "run")
    assert check.outcome is Outcome.OK
    assert companion
    config = (tmp_path / "run" / "alertmanager.yml").read_text(encoding="utf-8")
    assert "network page" in config
    assert "_configs" not in config
    assert os.fspath(trial) not in config
