"""A large registry: only what has changed is rendered, and nothing but time depends on what is remembered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from generator import incremental, memory, write
from generator.model import Predictor, Registry
from generator.render import DEFAULT_TARGETS, render
from tests.output.examples import PREDICTOR, alert, predictor, registry

OTHER = replace(PREDICTOR, id="other")
CHANGED = predictor(alert(high=0.7))


class Runs:
    """Runs of `generate` on one output folder; `run` yields the ids of the predictors that it rendered."""

    def __init__(self, folder: Path) -> None:
        self.output = folder / "output"
        self.caches = folder / "caches"

    def run(self, wanted: Registry, targets: Sequence[str] = DEFAULT_TARGETS) -> list[str]:
        rendered: list[str] = []

        def progress(predictors: Sequence[Predictor]) -> Sequence[Predictor]:
            rendered.extend(one.id for one in predictors)
            return predictors

        done = incremental.render(wanted, targets, self.output, progress)
        plan = write.apply(self.output, done.files, kept=done.kept)
        assert plan.unchanged >= len(done.kept)
        assert write.plan(self.output, render(wanted, targets)).is_current
        return rendered

    @property
    def memory(self) -> Path:
        (file,) = self.caches.rglob("*.json")
        return file


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    monkeypatch.setattr(incremental, "LEAST_PREDICTORS", 1)
    runs = Runs(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(runs.caches))
    return runs


def test_only_what_has_changed_is_rendered(runs: Runs) -> None:
    assert runs.run(registry(PREDICTOR, OTHER)) == ["eta_prediction", "other"]
    assert runs.run(registry(PREDICTOR, OTHER)) == []
    assert runs.run(registry(CHANGED, OTHER)) == ["eta_prediction"]
    assert runs.run(registry(CHANGED)) == []


def test_other_targets_are_rendered(runs: Runs) -> None:
    runs.run(registry(PREDICTOR))
    assert runs.run(registry(PREDICTOR), ["mixin"]) == ["eta_prediction"]


def test_other_code_renders_all_of_it(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    runs.run(registry(PREDICTOR))
    monkeypatch.setattr(memory, "version", lambda name: f"newer {name}")
    assert runs.run(registry(PREDICTOR)) == ["eta_prediction"]


def edited(runs: Runs) -> None:
    file = runs.output / "prometheus/rules/eta_prediction.yaml"
    file.write_bytes(file.read_bytes() + b"# a person was here\n")


def removed(runs: Runs) -> None:
    (runs.output / "prometheus/rules/eta_prediction.yaml").unlink()


def forgotten(runs: Runs) -> None:
    runs.memory.unlink()


def cut_off(runs: Runs) -> None:
    runs.memory.write_bytes(runs.memory.read_bytes()[:-9])


def emptied(runs: Runs) -> None:
    runs.memory.write_bytes(b"")


def no_text(runs: Runs) -> None:
    runs.memory.write_bytes(b"\xff\xfe\n{}")


@pytest.mark.parametrize("spoil", [edited, removed, forgotten, cut_off, emptied, no_text])
def test_what_is_not_as_it_was_is_rendered(runs: Runs, spoil: Callable[[Runs], None]) -> None:
    runs.run(registry(PREDICTOR))
    spoil(runs)
    assert runs.run(registry(PREDICTOR)) == ["eta_prediction"]
    assert runs.run(registry(PREDICTOR)) == []


def test_a_link_in_a_file_s_place_is_no_such_file(runs: Runs) -> None:
    runs.run(registry(PREDICTOR))
    file = runs.output / "prometheus/rules/eta_prediction.yaml"
    file.rename(runs.output / "elsewhere")
    file.symlink_to(runs.output / "elsewhere")
    with pytest.raises(write.WriteError, match="is a symbolic link"):
        runs.run(registry(PREDICTOR))


def test_a_home_that_can_t_be_written_to_costs_time_alone(runs: Runs) -> None:
    runs.caches.write_text("in the way", encoding="utf-8")
    assert runs.run(registry(PREDICTOR)) == ["eta_prediction"]
    assert runs.run(registry(PREDICTOR)) == ["eta_prediction"]


def test_of_a_small_registry_nothing_is_remembered(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incremental, "LEAST_PREDICTORS", 2)
    assert runs.run(registry(PREDICTOR)) == ["eta_prediction"]
    assert not runs.caches.exists()
