"""Rounds: changed and broken definitions, failures and when to try again, on a real log."""

from __future__ import annotations

import shutil
import uuid
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from metrics_exporter import config
from metrics_exporter.compute.refresh import Refresher
from metrics_exporter.config import Settings
from metrics_exporter.cycle import Cycle, Update
from metrics_exporter.definitions import Definitions, DefinitionsError
from metrics_exporter.profiles.history import History
from metrics_exporter.serving.page import Page
from metrics_exporter.sources import open_warehouse
from tests.exporter.serving.builders import NOW, definitions, predictor, write_definitions, write_log

HOUR = timedelta(hours=1)
DUE = NOW.replace(hour=11, minute=10)


def _last(cycle: Cycle, now: datetime) -> Update:
    """What a round comes to."""
    *_, update = cycle.run(now)
    return update


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    write_definitions(tmp_path / "metrics", definitions(predictor()))
    write_log(tmp_path / "log.duckdb")
    options = {
        "definitions": str(tmp_path / "metrics"),
        "warehouse": f"duckdb:{tmp_path / 'log.duckdb'}",
        "history": str(tmp_path / "history"),
        "lookback_days": "1",
    }
    return config.read(options, {}, None)


@pytest.fixture
def cycle(settings: Settings) -> Cycle:
    return Cycle(settings)


def test_a_round_without_trouble_waits_for_the_next_hour(cycle: Cycle) -> None:
    update = _last(cycle, NOW)
    assert (update.failures, update.wake) == ((), DUE)
    assert update.snapshot.series > 0
    assert update.page is not None
    assert "1 thing worth a look" in update.page.text()  # the predictor that nobody registered
    assert ">Failing<" not in update.page.text()


def test_each_window_that_is_computed_or_read_is_a_sign_of_life(settings: Settings, tmp_path: Path) -> None:
    beats: list[str] = []
    for done in ("computed", "read from the history"):
        list(Cycle(settings, beat=partial(beats.append, done)).run(NOW))
        assert beats.count(done) > len(list((tmp_path / "history").rglob("*.parquet"))) > 24


def test_changed_definitions_are_taken_up_and_broken_ones_are_not(cycle: Cycle, tmp_path: Path) -> None:
    assert 'role="primary",team="logistics"' in _last(cycle, NOW).snapshot.current.text.text()
    renamed = predictor().model_copy(update={"team": "maps"})
    write_definitions(tmp_path / "metrics", definitions(renamed))
    assert 'role="primary",team="maps"' in _last(cycle, NOW).snapshot.current.text.text()

    (tmp_path / "metrics" / "catalogue.yaml").write_text("schema_version: 99\n")
    update = _last(cycle, NOW)
    assert 'role="primary",team="maps"' in update.snapshot.current.text.text()
    (failure,) = update.failures
    assert "the definitions before are kept" in failure and "schema_version is 99" in failure
    assert update.page is not None and "schema_version is 99" in update.page.text()

    write_definitions(tmp_path / "metrics", definitions(predictor()))
    assert _last(cycle, NOW).failures == ()


def test_a_definition_has_another_digest_while_what_is_measured_differs(cycle: Cycle, tmp_path: Path) -> None:
    def digest(**changes: object) -> str:
        changed = predictor().model_copy(update=changes)
        write_definitions(tmp_path / "metrics", definitions(changed))
        text = _last(cycle, NOW).snapshot.current.text.text()
        (line,) = (line for line in text.splitlines() if line.startswith("driftgauge_definition_info{"))
        return line

    first = digest()
    assert digest(title="Another") == first
    assert digest(windows=("1h",)) != first
    assert digest() == first


def test_a_broken_predictor_stays_as_it_was_while_others_change(cycle: Cycle, tmp_path: Path) -> None:
    _last(cycle, NOW)
    renamed = predictor("rides").model_copy(update={"team": "maps"})
    write_definitions(tmp_path / "metrics", definitions(renamed))
    (tmp_path / "metrics" / "predictors" / "eta.yaml").write_text("schema_version: 1\npredictor: e")
    update = _last(cycle, NOW)
    text = update.snapshot.current.text.text()
    assert 'model_id="eta_v1",role="primary",team="logistics"' in text
    assert 'model_id="rides_v1",role="primary",team="maps"' in text
    (failure,) = update.failures
    assert "predictors/eta.yaml: title: field required" in failure


def test_a_catalogue_that_can_not_be_extracted_is_as_broken_as_any(cycle: Cycle, tmp_path: Path) -> None:
    _last(cycle, NOW)
    catalogue = tmp_path / "metrics" / "catalogue.yaml"
    catalogue.write_text(catalogue.read_text().replace("statistic: mean", "statistic: predictions"))
    update = _last(cycle, NOW)
    assert "has no statistic predictions" in update.failures[0]
    assert "ml_feature_mean" in update.snapshot.current.text.text()


def test_failed_rounds_are_tried_again_later_and_later(cycle: Cycle, tmp_path: Path) -> None:
    good = _last(cycle, NOW).snapshot.current.text.text()
    shutil.move(tmp_path / "log.duckdb", tmp_path / "away.duckdb")
    now, waits = NOW + HOUR, []
    for _ in range(7):
        update = _last(cycle, now)
        waits.append((update.wake - now).total_seconds())
        now = update.wake
    assert waits == [30, 60, 120, 240, 480, 600, 600]
    assert update.failures[0].startswith("log default: ")
    assert _window_data(update.snapshot.current.text.text()) == _window_data(good)

    shutil.move(tmp_path / "away.duckdb", tmp_path / "log.duckdb")
    assert _last(cycle, now).failures == ()


def _window_data(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("ml_")]


def test_it_wakes_when_values_grow_too_old(cycle: Cycle, tmp_path: Path) -> None:
    _last(cycle, NOW)
    (tmp_path / "log.duckdb").unlink()
    update = _last(cycle, NOW + timedelta(hours=3, minutes=54, seconds=45))
    assert update.wake == NOW.replace(hour=14, minute=10)
    assert _hours(update.snapshot.current.text.text()) > 0
    assert _hours(_last(cycle, update.wake).snapshot.current.text.text()) == 0


def _hours(text: str) -> int:
    return sum(line.startswith("ml_predictions{") and 'window="1h"' in line for line in text.splitlines())


def test_a_page_that_fails_does_not_take_the_metrics_down(cycle: Cycle, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no page today")

    monkeypatch.setattr(Page, "render", fail)
    update = _last(cycle, NOW)
    assert update.page is None
    assert update.snapshot.series > 0


def test_a_page_that_is_not_complete_is_gone_on_with_at_once(cycle: Cycle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("metrics_exporter.serving.page.trails._READ_SECONDS", -1.0)
    assert _last(cycle, NOW).wake == NOW
    monkeypatch.undo()
    assert _last(cycle, NOW).wake == DUE


def test_without_definitions_there_is_no_cycle(tmp_path: Path) -> None:
    options = {"definitions": str(tmp_path), "warehouse": "duckdb:x", "history": str(tmp_path)}
    with pytest.raises(DefinitionsError):
        Cycle(config.read(options, {}, None))


def test_the_next_round_is_due_when_the_first_log_has_settled() -> None:
    two: Definitions = definitions(logs=("a", "b"))
    late = two.catalogue.logs["b"].model_copy(update={"settle_seconds": 1800})
    both = two.model_copy(
        update={"catalogue": two.catalogue.model_copy(update={"logs": {"a": two.catalogue.logs["a"], "b": late}})}
    )
    refresher = Refresher(both, open_warehouse("duckdb:nowhere"), History(f"memory://{uuid.uuid4()}"))
    assert refresher.next_due(NOW) == NOW.replace(minute=30)
    assert refresher.next_due(NOW.replace(minute=30)) == DUE
