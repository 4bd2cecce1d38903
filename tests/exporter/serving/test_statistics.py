"""Each statistic: what it says of a profile or a model, and when it says nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from metrics_exporter.definitions import Statistic
from metrics_exporter.profiles.profile import Categories, Profile, Series
from metrics_exporter.profiles.table import Drift, Profiles
from metrics_exporter.profiles.text import Text
from metrics_exporter.statistics import OF_ALERTS, OF_MODELS, OF_PROFILES
from metrics_exporter.statistics.drift import drifted
from metrics_exporter.statistics.kinds import Labelled, Models, Scalar
from metrics_exporter.statistics.readings import all_readings
from tests.exporter.serving.builders import alert, profile, readings, shape

NAN = np.nan
CATEGORICAL = profile(feature="city", categories=Categories((("ams", 80), ("ber", 10)), 0, 2, 9))
WITHOUT_HISTORY = profile(feature="city", categories=Categories((("ams", 90),), 0, 1))
EMPTY = Profile(Series("eta", "eta_v1", "distance"), 0, 0, 0, 0, 0, 0, None, None)
MODELS = Models(
    predictor=Text.of(["eta", "eta"]),
    model_id=Text.of(["eta_v1", "eta_v2"]),
    role=Text.of(["primary", "shadow"]),
    team=Text.of(["logistics", "logistics"]),
    end=datetime(2026, 3, 2, tzinfo=UTC),
    rows=np.array([100, NAN]),
    silence=np.array([0.0, 7200.0]),
    drifted=np.array([2.0, NAN]),
    training={"rmse": np.array([4.0, NAN]), "mae": np.array([3.0, NAN])},
)


def _extract(statistic: Statistic, of: Profile) -> object:
    """What it says of one profile: a number, or numbers by label."""
    extractor = OF_PROFILES[statistic]
    if isinstance(extractor, Labelled):
        return [(label, float(column[0])) for label, column in extractor.extract(Profiles.of([of]))]
    return float(extractor.extract(Profiles.of([of]))[0])


def test_every_statistic_has_exactly_one_extractor() -> None:
    assert sorted([*OF_PROFILES, *OF_MODELS, *OF_ALERTS]) == sorted(Statistic)


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [
        (Statistic.VALUES, 90),
        (Statistic.MEAN, 5.0),
        (Statistic.STDDEV, (40.0 / 90) ** 0.5),
        (Statistic.MIN, 3.0),
        (Statistic.MAX, 7.0),
        (Statistic.DEFAULT_RATIO, 0.04),
        (Statistic.NULL_RATIO, 0.06),
        (Statistic.UNSEEN_RATIO, NAN),
        (Statistic.QUANTILE, [("0.05", 4.1), ("0.25", 4.5), ("0.5", 5.0), ("0.75", 5.5), ("0.95", 5.9)]),
    ],
)
def test_of_a_numeric_profile(statistic: Statistic, expected: object) -> None:
    np.testing.assert_equal(_extract(statistic, profile(feature="distance", distribution=shape())), expected)


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [
        (Statistic.VALUES, 90),
        (Statistic.MEAN, NAN),
        (Statistic.STDDEV, NAN),
        (Statistic.MIN, NAN),
        (Statistic.MAX, NAN),
        (Statistic.QUANTILE, [(label, NAN) for label in ("0.05", "0.25", "0.5", "0.75", "0.95")]),
        (Statistic.DEFAULT_RATIO, 0.04),
        (Statistic.UNSEEN_RATIO, 0.1),
    ],
)
def test_of_a_categorical_profile(statistic: Statistic, expected: object) -> None:
    np.testing.assert_equal(_extract(statistic, CATEGORICAL), expected)


def test_without_a_history_no_category_is_unseen_or_seen() -> None:
    np.testing.assert_equal(_extract(Statistic.UNSEEN_RATIO, WITHOUT_HISTORY), NAN)


@pytest.mark.parametrize(
    "statistic", [Statistic.DEFAULT_RATIO, Statistic.NULL_RATIO, Statistic.UNSEEN_RATIO, Statistic.STDDEV]
)
def test_a_ratio_of_nothing_is_absent(statistic: Statistic) -> None:
    np.testing.assert_equal(_extract(statistic, EMPTY), NAN)


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [
        (Statistic.PREDICTIONS, [100, NAN]),
        (Statistic.WINDOW_END, [1772409600.0, 1772409600.0]),
        (Statistic.MODEL_INFO, [1, 1]),
        (Statistic.SILENCE, [0, 7200]),
        (Statistic.DRIFTED_FEATURES, [2, NAN]),
        (Statistic.LABELLED_RATIO, [NAN, NAN]),
    ],
)
def test_of_models(statistic: Statistic, expected: list[float]) -> None:
    extractor = OF_MODELS[statistic]
    assert not isinstance(extractor, Labelled)
    np.testing.assert_equal(extractor.extract(MODELS), expected)


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [(Statistic.TRAINING_EVALUATION, [("mae", [3.0, NAN]), ("rmse", [4.0, NAN])]), (Statistic.EVALUATION, [])],
)
def test_of_models_by_metric(statistic: Statistic, expected: object) -> None:
    extractor = OF_MODELS[statistic]
    assert isinstance(extractor, Labelled)
    np.testing.assert_equal([(label, column.tolist()) for label, column in extractor.extract(MODELS)], expected)


def test_of_drift() -> None:
    """A series at its limit, one whose drift is too small to matter, two beyond both, of which one is the weather.

    Then one whose past nobody knows, and one that was not judged.
    """
    rows = [profile(feature=name) for name in (None, "a", "b", "c", "d", "e", "f")]
    psi = np.array([0.3, 0.2, 0.09, 0.4, 0.4, 0.4, NAN])
    bound = np.array([0.1, 0.1, 0.01, 0.1, 0.1, 0.1, NAN])
    dispersion, shared = np.array([1, 2, 1, 2, 2, NAN, NAN]), np.array([0, 0.1, NAN, 0.1, 0.9, 0, NAN])
    drift = Drift(psi, bound, dispersion, shared, Text.of([*["trailing"] * 6, None]))
    table = replace(Profiles.of(rows), drift=drift)
    expected = {
        Statistic.PSI: [0.3, 0.2, 0.09, 0.4, 0.4, 0.4, NAN],
        Statistic.PSI_LIMIT: [0.1, 0.2, 0.01, 0.2, 0.2, 0.1, NAN],
        Statistic.DRIFT_SCORE: [3, 1, 0.9, 2, 2, NAN, NAN],
    }
    for statistic, values in expected.items():
        extractor = OF_PROFILES[statistic]
        assert isinstance(extractor, Scalar)
        np.testing.assert_allclose(extractor.extract(table), values)
        np.testing.assert_equal(extractor.extract(Profiles.of(rows)), [NAN] * 7)
    np.testing.assert_equal(drifted(table), [1, *[NAN] * 6])
    np.testing.assert_equal(drifted(Profiles.of(rows)), [NAN] * 7)
    assert len(drifted(table.take(np.zeros(7, bool)))) == 0


def test_of_alerts() -> None:
    table = all_readings([readings(alert(), {("eta_v1", "a"): 0.5, ("eta_v1", "b"): NAN})])
    np.testing.assert_equal(OF_ALERTS[Statistic.READING].extract(table), [0.5, NAN])


def test_labels_of_labelled_statistics_are_those_of_the_catalogue() -> None:
    labels = {key: of.label for key, of in {**OF_PROFILES, **OF_MODELS}.items() if isinstance(of, Labelled)}
    assert labels == {
        Statistic.QUANTILE: "quantile",
        Statistic.EVALUATION: "metric",
        Statistic.TRAINING_EVALUATION: "metric",
    }
