"""Each statistic: what it says of a profile or a model, and when it says nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from metrics_exporter.definitions import Statistic
from metrics_exporter.profiles.profile import Categories, Profile, Series
from metrics_exporter.statistics import OF_MODELS, OF_PROFILES
from metrics_exporter.statistics.kinds import Context, Labelled, ModelState
from tests.exporter.serving.builders import profile, shape

CONTEXT = Context("1h", datetime(2026, 3, 2, tzinfo=UTC), {Series("eta", "eta_v1", "city"): 0.25})
CATEGORICAL = profile(feature="city", categories=Categories((("ams", 80), ("ber", 10)), 0, 2))
EMPTY = Profile(Series("eta", "eta_v1", "distance"), 0, 0, 0, 0, 0, 0, None, None)
MODEL = ModelState("eta", "eta_v1", "primary", "logistics", 100, {"rmse": 4.0, "mae": 3.0})


def _extract(statistic: Statistic, of: Profile) -> object:
    extractor = OF_PROFILES[statistic]
    return list(extractor.extract(of, CONTEXT)) if isinstance(extractor, Labelled) else extractor.extract(of, CONTEXT)


def test_every_statistic_has_exactly_one_extractor() -> None:
    of_alerts = [Statistic.READING]
    assert sorted([*OF_PROFILES, *OF_MODELS, *of_alerts]) == sorted(Statistic)


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
        (Statistic.UNSEEN_RATIO, None),
        (Statistic.QUANTILE, [("0.05", 4.1), ("0.25", 4.5), ("0.5", 5.0), ("0.75", 5.5), ("0.95", 5.9)]),
    ],
)
def test_of_a_numeric_profile(statistic: Statistic, expected: object) -> None:
    assert _extract(statistic, profile(feature="distance", distribution=shape())) == expected


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [
        (Statistic.VALUES, 90),
        (Statistic.MEAN, None),
        (Statistic.STDDEV, None),
        (Statistic.MIN, None),
        (Statistic.MAX, None),
        (Statistic.QUANTILE, []),
        (Statistic.DEFAULT_RATIO, 0.04),
        (Statistic.UNSEEN_RATIO, 0.25),
    ],
)
def test_of_a_categorical_profile(statistic: Statistic, expected: object) -> None:
    assert _extract(statistic, CATEGORICAL) == expected


@pytest.mark.parametrize("statistic", [Statistic.DEFAULT_RATIO, Statistic.NULL_RATIO])
def test_a_ratio_of_no_predictions_is_absent(statistic: Statistic) -> None:
    assert OF_PROFILES[statistic].extract(EMPTY, CONTEXT) is None


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [
        (Statistic.PREDICTIONS, 100),
        (Statistic.WINDOW_END, 1772409600.0),
        (Statistic.MODEL_INFO, 1),
        (Statistic.TRAINING_EVALUATION, [("mae", 3.0), ("rmse", 4.0)]),
        (Statistic.EVALUATION, ()),
        (Statistic.LABELLED_RATIO, None),
    ],
)
def test_of_a_model(statistic: Statistic, expected: object) -> None:
    assert OF_MODELS[statistic].extract(MODEL, CONTEXT) == expected


def test_without_a_window_there_is_no_window_end() -> None:
    assert OF_MODELS[Statistic.WINDOW_END].extract(MODEL, Context(None, None, {})) is None


def test_labels_of_labelled_statistics_are_those_of_the_catalogue() -> None:
    labels = {key: of.label for key, of in {**OF_PROFILES, **OF_MODELS}.items() if isinstance(of, Labelled)}
    assert labels == {
        Statistic.QUANTILE: "quantile",
        Statistic.EVALUATION: "metric",
        Statistic.TRAINING_EVALUATION: "metric",
    }
