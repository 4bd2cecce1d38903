"""A training set is no log: every warehouse profiles one all the same, and comes to what numpy does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from metrics_exporter.compute.training import TrainingError, TrainingSet, profiled
from metrics_exporter.profiles.profile import Profile
from metrics_exporter.sources import WarehouseError
from tests.conformance.engine import Engine, Load, found_engines
from tests.conformance.scanning import SECONDS
from tests.conformance.table import BOOLEAN, DOUBLE, INTEGER, TEXT, Column, Table

Start = Callable[[Engine], Load]
ROWS = 3_000
_RANDOM = np.random.default_rng(11)
DISTANCE = np.where(np.arange(ROWS) % 10 == 0, np.nan, _RANDOM.lognormal(3, 1, ROWS))
STOPS = _RANDOM.choice(5, ROWS, p=[0.4, 0.3, 0.15, 0.1, 0.05])
SCORE = _RANDOM.normal(size=ROWS)
CITY = _RANDOM.choice(["ams", "ber", "o'hare"], ROWS, p=[0.6, 0.3, 0.1])
RAIN = _RANDOM.random(ROWS) < 0.25
TABLE = Table(
    ("training",),
    (
        Column("distance", DOUBLE, tuple(None if np.isnan(value) else float(value) for value in DISTANCE)),
        Column("stops", INTEGER, tuple(STOPS.tolist())),
        Column("city", TEXT, tuple(CITY.tolist())),
        Column("rain", BOOLEAN, tuple(RAIN.tolist())),
        Column("score", DOUBLE, tuple(SCORE.tolist())),
        Column("label", INTEGER, tuple(STOPS.tolist())),
    ),
)
TRAINING = TrainingSet("training", "eta's", "v1", prediction="score", left_out=("label",))

engines = pytest.mark.parametrize(
    "engine",
    [
        pytest.param(engine, id=engine.name, marks=[pytest.mark.server] if engine.is_server else [])
        for engine in found_engines()
    ],
)


@engines
def test_a_training_set_is_profiled_by_every_warehouse(started: Start, engine: Engine) -> None:
    profiles = [*profiled(started(engine)(TABLE), TRAINING, SECONDS)]
    assert {(each.series.predictor, each.series.model_id) for each in profiles} == {("eta's", "v1")}
    found = {each.series.feature: each for each in profiles}
    assert found.keys() == {None, "city", "distance", "rain", "stops"}
    assert all(each.rows == ROWS for each in profiles)
    _check_numbers(found["distance"], DISTANCE[~np.isnan(DISTANCE)], engine)
    _check_numbers(found["stops"], STOPS, engine)
    _check_numbers(found[None], SCORE, engine)
    assert found["distance"].nulls == ROWS // 10
    shape, city, rain = found["stops"].distribution, found["city"].categories, found["rain"].categories
    assert shape is not None
    assert {value: count for value, count in shape.atoms if value < 4} == {
        value: np.count_nonzero(np.equal(STOPS, value)) for value in range(4)
    }
    assert city is not None
    assert dict(city.top) == {name: np.count_nonzero(np.equal(CITY, name)) for name in ("ams", "ber", "o'hare")}
    assert rain is not None
    assert dict(rain.top) == {"false": np.count_nonzero(~RAIN), "true": np.count_nonzero(RAIN)}


def _check_numbers(profile: Profile, values: np.ndarray[Any, Any], engine: Engine) -> None:
    shape = profile.distribution
    assert shape is not None
    assert profile.values == len(values)
    assert shape.mean == pytest.approx(values.mean())
    assert np.sqrt(shape.squared_deviations / len(values)) == pytest.approx(values.std())
    assert (shape.minimum, shape.maximum) == pytest.approx((values.min(), values.max()))
    for rank, point in zip(np.arange(1, 100) / 100, shape.grid, strict=True):
        below, upto = (values < point).mean(), (values <= point).mean()
        error = max(engine.rank_error, engine.around_atoms, 1 / len(values))
        assert below - error <= rank <= upto + error


@engines
def test_what_is_wrong_with_a_training_set_is_said(started: Start, engine: Engine) -> None:
    empty = Table(TABLE.parts, tuple(Column(each.name, each.type, ()) for each in TABLE.columns))
    none = TrainingSet("training", "eta", "v1", prediction="scores")
    with pytest.raises(TrainingError, match=r"no column 'scores'. Did you mean 'score'\?"):
        profiled(started(engine)(TABLE), none, SECONDS)
    with pytest.raises((TrainingError, WarehouseError), match=r"has no rows|can't be read"):
        profiled(started(engine)(empty), TRAINING, SECONDS)


def test_features_are_chosen_by_name_or_glob(started: Start) -> None:
    load = started(next(engine for engine in found_engines() if engine.name == "duckdb"))
    for features, expected in (
        (("city", "d*"), {"city", "distance"}),
        ((), {"city", "distance", "label", "rain", "score", "stops"}),
    ):
        profiles = profiled(load(TABLE), TrainingSet("training", "eta", "v1", features), SECONDS)
        assert {each.series.feature for each in profiles} - {None} == expected
    for wrong, message in ((("x*",), "no column"), (("label",), "named for another use")):
        with pytest.raises(TrainingError, match=message):
            profiled(load(TABLE), TrainingSet("training", "eta", "v1", wrong, left_out=("label",)), SECONDS)
