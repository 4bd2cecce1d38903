"""`driftgauge generate --only`, and its progress on a terminal."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from benchmarks import registry_files
from generator.cli import main
from tests.output.test_generate import contents, edit
from tests.real_parts import DRIFTGAUGE, ROOT


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a copy of the project's registry and output, both predictors' thresholds changed."""
    for part in ("registry", "output"):
        shutil.copytree(ROOT / part, tmp_path / part)
    edit(tmp_path / "registry/operations.yaml", "above: 0.4", "above: 0.45")
    edit(tmp_path / "registry/network.yaml", "max_silence: 8h", "max_silence: 9h")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def generate(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["generate", *arguments], catch_exceptions=False)


def test_only_this_predictor_s_files_are_written(folder: Path) -> None:
    before = contents(folder / "output")
    done = generate("--only", "arrival_delay")
    assert done.stdout == (
        "1 predictor of 1 team, 2 models: 1 dashboard, 5 alert rules, 1 threshold in dashboards only.\n"
        "output: 4 files written, 1 unchanged, 0 removed.\n"
    )
    after = contents(folder / "output")
    assert {Path(path).stem for path in before if before[path] != after[path]} == {"arrival_delay"}
    assert generate("--check", "--only", "arrival_delay").exit_code == 0
    assert generate("--check", "--only", "cancellation").exit_code == 3
    assert generate("--check").exit_code == 3


def test_several_and_nothing_is_removed(folder: Path) -> None:
    (folder / "registry/network.yaml").unlink()
    done = json.loads(generate("--only", "arrival_delay", "--only", "arrival_delay", "--json").stdout)
    assert done["predictors"] == 1
    assert done["files"]["removed"] == []
    assert (folder / "output/dashboards/predictors/cancellation.json").exists()


def test_an_unknown_one_is_wrong_usage(folder: Path) -> None:
    before = contents(folder)
    done = generate("--only", "arival_delay")
    assert done.exit_code == 2
    assert "there is no predictor `arival_delay`: did you mean `arrival_delay`?" in done.stderr
    assert contents(folder) == before


@pytest.mark.parametrize(("arguments", "shown"), [((), True), (("--only", "predictor_7"), False)])
def test_long_work_shows_its_progress_on_a_terminal(tmp_path: Path, arguments: tuple[str, ...], shown: bool) -> None:
    registry_files.write(tmp_path / "registry", 100)
    terminal, other_end = os.openpty()
    os.set_blocking(terminal, False)
    subprocess.run(
        [sys.executable, DRIFTGAUGE, "generate", *arguments],
        cwd=tmp_path,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "caches")},
        stdout=subprocess.PIPE,
        stderr=other_end,
        check=True,
    )
    assert (b"Rendering predictors" in said(terminal)) is shown
    os.close(other_end)
    os.close(terminal)


def said(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except BlockingIOError:
        return b""
