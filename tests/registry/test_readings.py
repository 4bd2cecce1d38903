"""A large registry: only files whose text has changed are read, and nothing but time depends on what is remembered."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from generator import memory
from generator.cli import main
from generator.spec import quick_reader, readings
from generator.spec.readings import Readings
from tests.real_parts import ROOT

PLAIN, ODD = "a: 1\n", "a: [1\n"
OTHER = 'b: [text, 0.1, true, .inf, .nan, -0.0, 1e+20, {}, "two\\nlines\\u2028of é"]\n'


class Runs:
    """Runs that read one registry; `run` tells the texts that had to be read."""

    def __init__(self, folder: Path) -> None:
        self.caches = folder / "caches"
        self.registry = folder / "registry"

    def run(self, *texts: str) -> list[str]:
        read: list[str] = []

        def noted(text: str) -> Any:
            read.append(text)
            return quick_reader.read(text)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(readings, "quick_reader", SimpleNamespace(read=noted, ODD=quick_reader.ODD))
            found = Readings(self.registry)
            assert repr([found.read(text) for text in texts]) == repr([quick_reader.read(text) for text in texts])
            found.keep()
        return read

    @property
    def memory(self) -> Path:
        (file,) = self.caches.rglob("*.json")
        return file


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    monkeypatch.setattr(readings, "LEAST_CHARACTERS", 1)
    runs = Runs(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(runs.caches))
    return runs


def test_only_text_that_has_changed_is_read(runs: Runs) -> None:
    assert runs.run(PLAIN, OTHER) == [PLAIN, OTHER]
    assert runs.run(PLAIN, OTHER) == []
    assert runs.run("a: 2\n", OTHER) == ["a: 2\n"]
    assert runs.run(PLAIN) == [PLAIN]


def test_what_is_odd_is_read_each_time(runs: Runs) -> None:
    assert runs.run(PLAIN, ODD) == [PLAIN, ODD]
    assert runs.run(PLAIN, ODD) == [ODD]


def test_other_code_reads_all_of_it(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    runs.run(PLAIN)
    monkeypatch.setattr(memory, "version", lambda name: f"newer {name}")
    assert runs.run(PLAIN) == [PLAIN]


def forgotten(file: Path) -> None:
    file.unlink()


def cut_off(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-9])


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def no_text(file: Path) -> None:
    file.write_bytes(b"\xff\xfe\n{}")


@pytest.mark.parametrize("spoil", [forgotten, cut_off, emptied, no_text])
def test_what_is_not_as_it_was_is_read(runs: Runs, spoil: Callable[[Path], None]) -> None:
    runs.run(PLAIN)
    spoil(runs.memory)
    assert runs.run(PLAIN) == [PLAIN]
    assert runs.run(PLAIN) == []


def test_a_home_that_can_t_be_written_to_costs_time_alone(runs: Runs) -> None:
    runs.caches.write_text("in the way", encoding="utf-8")
    assert runs.run(PLAIN) == [PLAIN]
    assert runs.run(PLAIN) == [PLAIN]


def test_of_a_small_registry_nothing_is_remembered(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings, "LEAST_CHARACTERS", len(PLAIN) + 1)
    runs.run(PLAIN)
    assert not runs.caches.exists()


def test_generate_remembers_and_its_judge_does_without(runs: Runs) -> None:
    shutil.copytree(ROOT / "registry", runs.registry)
    files = [file.read_text(encoding="utf-8") for file in sorted(runs.registry.glob("*.yaml"))]
    generate = ["generate", str(runs.registry), "--output", str(ROOT / "output")]
    assert CliRunner().invoke(main, [*generate, "--check"]).exit_code == 0
    assert not runs.caches.exists()
    output = ["--output", str(runs.registry.parent / "output")]
    assert CliRunner().invoke(main, [*generate, *output]).exit_code == 0
    assert runs.run(*files) == []
