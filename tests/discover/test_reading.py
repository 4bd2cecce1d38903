"""What is read of a log, from a real DuckDB file."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from metrics_exporter.compute.discovery import discover
from metrics_exporter.compute.log_facts import LogFacts, PredictorFacts, Range
from metrics_exporter.definitions import Kind, Log
from metrics_exporter.sources import WarehouseError
from tests.discover.logs import NOW, Traffic, write_log

LOGS = {"default": Log(table="predictions")}


def read(url: str, days: int = 7, **declared: Kind) -> LogFacts:
    kinds = {("eta", name): kind for name, kind in declared.items()}
    (facts,) = discover(url, LOGS, kinds, now=NOW, days=days, timeout_seconds=60)
    return facts


def features_of(url: str, **declared: Kind) -> dict[str, tuple[Kind | None, Range | None, bool]]:
    (predictor,) = read(url, **declared).predictors
    return {feature.name: (feature.kind, feature.numbers, feature.is_mixed) for feature in predictor.features}


def test_models_with_their_hours(tmp_path: Path) -> None:
    url = write_log(tmp_path / "log", Traffic("eta", "v1", [0, 3, 30], rows=2), Traffic("eta", "v2", [1], rows=5))
    facts = read(url)
    (predictor,) = facts.predictors
    first, second = predictor.models
    hour = NOW.replace(minute=0) + timedelta(hours=1)
    assert facts.end == hour
    assert first.hours == ((hour - timedelta(hours=30), 2), (hour - timedelta(hours=3), 2), (hour, 2))
    assert (first.first_seen, first.last_seen) == (hour - timedelta(hours=30), hour)
    assert first.rows() == 6
    assert first.rows(after=hour - timedelta(hours=3)) == 2
    assert second.hours == ((hour - timedelta(hours=1), 5),)
    assert predictor.results == Range(1.5, 20.0)


def test_the_longest_silence_reaches_to_the_last_full_hour(tmp_path: Path) -> None:
    url = write_log(tmp_path / "log", Traffic("eta", "v1", [4, 7, 9]))
    (model,) = read(url).predictors[0].models
    until = NOW.replace(minute=0)
    assert model.longest_silence(until) == 3  # the hours 3, 2 and 1; hour 0 isn't over
    assert model.longest_silence(until - timedelta(hours=2)) == 2  # the hours 6 and 5


def test_only_the_days_asked_for(tmp_path: Path) -> None:
    url = write_log(tmp_path / "log", Traffic("new", "v1", [2]), Traffic("old", "v1", [60]))
    assert [predictor.name for predictor in read(url, days=1).predictors] == ["new"]
    assert [predictor.name for predictor in read(url, days=3).predictors] == ["new", "old"]


def test_kinds_and_ranges(tmp_path: Path) -> None:
    features: dict[str, list[str | None]] = {
        "number": ["1", "2.5", "-3", None],
        "truth": ["true", "false"],
        "word": ["a", "b"],
        "never": [None],
    }
    url = write_log(tmp_path / "log", Traffic("eta", "v1", features=features, defaults=("replaced",)))
    assert features_of(url) == {
        "number": (Kind.NUMERIC, Range(-3, 2.5), False),
        "replaced": (None, None, False),
        "truth": (Kind.BOOLEAN, None, False),
        "word": (Kind.CATEGORICAL, None, False),
    }


@pytest.mark.parametrize(
    ("values", "kind"),
    [(["1", "2", "3", "n/a"], Kind.NUMERIC), (["a", "b", "c", "7"], Kind.CATEGORICAL)],
)
def test_numbers_among_text_are_mixed(tmp_path: Path, values: list[str | None], kind: Kind) -> None:
    url = write_log(tmp_path / "log", Traffic("eta", "v1", features={"odd": values}))
    found, _, is_mixed = features_of(url)["odd"]
    assert (found, is_mixed) == (kind, True)


def test_what_is_mixed_on_any_day_is_mixed(tmp_path: Path) -> None:
    clean, odd = {"x": ["1", "2"]}, {"x": ["1", "many"]}
    url = write_log(
        tmp_path / "log", Traffic("eta", "v1", range(24, 40), features=clean), Traffic("eta", "v1", [1], features=odd)
    )
    assert features_of(url)["x"] == (Kind.NUMERIC, Range(1, 2), True)


def test_a_declared_kind_is_taken(tmp_path: Path) -> None:
    url = write_log(tmp_path / "log", Traffic("eta", "v1", features={"postcode": ["10115", "20095"]}))
    assert features_of(url, postcode=Kind.CATEGORICAL)["postcode"] == (Kind.CATEGORICAL, None, False)


def test_features_of_all_models_together(tmp_path: Path) -> None:
    url = write_log(
        tmp_path / "log",
        Traffic("eta", "v1", features={"a": ["1"], "shared": ["1"]}),
        Traffic("eta", "v2", features={"b": ["1"], "shared": ["9"]}),
    )
    assert {name: numbers for name, (_, numbers, _) in features_of(url).items()} == {
        "a": Range(1, 1),
        "b": Range(1, 1),
        "shared": Range(1, 9),
    }


def test_results_that_are_no_numbers(tmp_path: Path) -> None:
    url = write_log(tmp_path / "log", Traffic("eta", "v1", results=(float("nan"), float("inf"))))
    predictor: PredictorFacts = read(url).predictors[0]
    assert predictor.results is None


def test_a_log_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="does not exist"):
        read(f"duckdb:{tmp_path / 'none.duckdb'}")
