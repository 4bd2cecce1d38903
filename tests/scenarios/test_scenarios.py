"""Runs every scenario file below this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios import scenario

FOLDER = Path(__file__).parent
FILES = sorted(FOLDER.rglob("*.txtar"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(FOLDER).with_suffix("").as_posix())
def test_scenario(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    monkeypatch.chdir(tmp_path)
    wanted = scenario.read(path)
    actual = wanted.run(tmp_path)
    if request.config.getoption("--update-scenarios"):
        path.write_text(str(actual), encoding="utf-8")
    else:
        assert str(actual) == str(wanted)
