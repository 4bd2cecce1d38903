"""What is guessed from the facts, and what isn't."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from generator.discover import guesses
from metrics_exporter.compute.log_facts import FeatureFacts, LogFacts, ModelFacts, Range
from metrics_exporter.definitions import Kind

END = datetime(2026, 3, 9, 13, tzinfo=UTC)
HOUR = timedelta(hours=1)
FACTS = LogFacts("default", END - timedelta(days=7), END, ())


def model(id_: str, hours: Iterable[int] = range(48), rows: int = 10) -> ModelFacts:
    """A model with rows in the hours that lie so far back."""
    return ModelFacts(id_, tuple(sorted((END - hour * HOUR, rows) for hour in hours)))


def numeric(name: str, low: float = -5, high: float = 500) -> FeatureFacts:
    return FeatureFacts(name, Kind.NUMERIC, Range(low, high), is_mixed=False)


class TestRoles:
    def test_the_only_one(self) -> None:
        assert guesses.roles([model("v1")]) == guesses.Roles("v1", "the only model that predicts", ())

    def test_the_busiest(self) -> None:
        found = guesses.roles([model("canary", rows=1), model("served", rows=9)])
        assert (found.primary, found.shadows) == ("served", ("canary",))
        assert found.reason == "guess: it made 90% of the last day's predictions"

    def test_the_last_day_counts_more_than_the_days_before(self) -> None:
        found = guesses.roles([model("old", range(20, 160), rows=9), model("new", range(20), rows=9)])
        assert found.primary == "new"

    def test_of_equally_busy_ones_the_one_that_was_there_first(self) -> None:
        found = guesses.roles([model("a_shadow", range(30)), model("b_served", range(48))])
        assert (found.primary, found.shadows) == ("b_served", ("a_shadow",))
        assert "longest" in found.reason

    def test_of_equal_ones_the_lowest_version(self) -> None:
        found = guesses.roles([model("eta_v10"), model("eta_v9", rows=10), model("eta_v11")])
        assert (found.primary, found.shadows) == ("eta_v9", ("eta_v10", "eta_v11"))
        assert "lowest version" in found.reason

    def test_a_few_rows_more_make_no_primary(self) -> None:
        assert guesses.roles([model("v1", rows=98), model("v2", rows=100)]).primary == "v1"


def test_a_model_that_was_silent_for_a_day_is_gone() -> None:
    models = [model("gone", range(24, 48)), model("here", range(2, 48))]
    assert [m.id for m in guesses.still_predicting(models)] == ["gone", "here"]
    models = [model("gone", range(27, 48)), model("here", range(2, 48))]
    assert [m.id for m in guesses.still_predicting(models)] == ["here"]


@pytest.mark.parametrize(
    ("results", "task"),
    [
        (Range(0, 1), "binary"),
        (Range(0.2, 0.7), "binary"),
        (Range(-0.1, 0.7), "regression"),
        (Range(0, 1.01), "regression"),
        (None, "regression"),
    ],
)
def test_task(results: Range | None, task: str) -> None:
    found = guesses.task(results)
    assert found.value == task
    assert found.reason.startswith("guess")


class TestSilence:
    def test_the_default_is_left_alone_where_it_fits(self) -> None:
        assert guesses.max_silence([model("v1", (1, 2, 5, 6))], FACTS) is None

    def test_a_night_without_predictions(self) -> None:
        found = guesses.max_silence([model("v1", (*range(3), *range(9, 20)))], FACTS)
        assert found == guesses.Guess("8h", "guess: the longest silence of the last 7 days was 6 hours")

    def test_the_most_silent_model_counts(self) -> None:
        found = guesses.max_silence([model("v1"), model("v2", (0, 30))], FACTS)
        assert found is not None
        assert found.value == "31h"

    def test_a_batch_of_once_a_week(self) -> None:
        found = guesses.max_silence([model("v1", [100])], FACTS)
        assert found is not None
        assert found.value == "101h"


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("prep_minutes", "minutes"),
        ("prep-Minutes", "minutes"),
        ("latency_ms", "milliseconds"),
        ("wait_secs", "seconds"),
        ("trip_miles", "miles"),
        ("basket_usd", "USD"),
        ("minutes", None),
        ("temperature_min", None),
        ("arms", None),
        ("distance", None),
    ],
)
def test_units_by_name(name: str, unit: str | None) -> None:
    found = guesses.feature(numeric(name))
    assert (found.kind, found.unit) == (Kind.NUMERIC, unit)
    assert found.reason == ("the unit is a guess by its name" if unit else "")


def test_a_ratio_lies_between_0_and_1() -> None:
    assert guesses.feature(numeric("fill_ratio", 0, 1)).unit == "ratio"
    assert guesses.feature(numeric("fill_ratio", 0, 1.2)).unit is None
    assert guesses.feature(FeatureFacts("fill_ratio", Kind.NUMERIC, None, False)).unit is None


@pytest.mark.parametrize("name", ["restaurant_id", "zip", "error-code", "home.postcode"])
def test_numbers_that_are_codes(name: str) -> None:
    found = guesses.feature(numeric(name))
    assert (found.kind, found.unit) == (Kind.CATEGORICAL, None)
    assert found.reason.startswith("guess")


def test_zero_and_one_by_the_name_of_a_truth() -> None:
    assert guesses.feature(numeric("is_open", 0, 1)).kind is Kind.BOOLEAN
    assert guesses.feature(numeric("is_open", 0, 2)).kind is Kind.NUMERIC
    assert guesses.feature(numeric("open", 0, 1)).kind is Kind.NUMERIC


def test_a_kind_that_the_log_says_needs_no_reason() -> None:
    text = FeatureFacts("trip_minutes", Kind.CATEGORICAL, None, is_mixed=False)
    assert guesses.feature(text) == guesses.Declared("trip_minutes", Kind.CATEGORICAL, None, "")
    mixed = FeatureFacts("trip_minutes", Kind.NUMERIC, Range(2, 3), is_mixed=True)
    assert guesses.feature(mixed).reason == "guess: numbers and text both occur; the unit is a guess by its name"


def test_a_name_without_letters() -> None:
    assert guesses.feature(numeric("한국_!")).unit is None
