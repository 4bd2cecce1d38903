"""Readings: for each alert and series, the value that decides whether it fires.

Of the last N windows, it is the value closest to the threshold: when that one is past it, all of them are. It is NaN,
"not judged", unless all N windows are there, follow each other, and have their samples. Production, the status page and
whatever replays the past read the same function, so that they can't disagree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from metrics_exporter.definitions import Alert, Comparison, Definitions
from metrics_exporter.profiles.table import Floats
from metrics_exporter.profiles.text import Ints, Text, joined

BASELINE_WEEKS = 4
MIN_BASELINE_WEEKS = 2


@dataclass(frozen=True, eq=False, slots=True)
class Readings:
    """A row a series that an alert judges; `feature` is NULL for alerts on a model or its predictions.

    Attributes:
        bound: which side of the threshold is past it: `above`, `below`, `outside` or `change_above`.
        value: of the last N windows, the one closest to the threshold; NaN while it can't be judged.
    """

    predictor: Text
    model_id: Text
    feature: Text
    alert: Text
    bound: Text
    value: Floats


@dataclass(frozen=True, eq=False, slots=True)
class Judged:
    """An alert's metric in one window, a row a series; NaN where there is no value, or too few samples."""

    model_id: Text
    feature: Text
    value: Floats


@dataclass(frozen=True)
class Firing:
    """An alert that fires for a series; `feature` is None where it is not on a feature."""

    predictor: str
    model_id: str
    feature: str | None
    alert: Alert
    value: float


NOTHING = Judged(Text.of(()), Text.of(()), np.empty(0))


def reading(
    alert: Alert,
    windows: Sequence[Judged | None],
    *,
    before: Judged | None = None,
    baselines: Sequence[Sequence[Judged | None]] = (),
) -> Judged:
    """An alert's reading of each series that any of the windows, or the one before them, has.

    Args:
        alert: how it compares.
        windows: its last N windows, the latest last; None for one that there is not.
        before: the window before these: what it had and they have not is no longer judged, and is said so.
        baselines: for `change_above`, of each of these windows the same ones of past weeks; else empty.
    """
    model_id, feature, values = aligned([before, *windows])
    values = values[:, 1:]
    if alert.comparison is Comparison.CHANGE_ABOVE:
        values = _changes(model_id, feature, values, baselines)
    return Judged(model_id, feature, closest(alert, values))


def closest(alert: Alert, values: Floats) -> Floats:
    """Of each row of values, the one closest to the threshold; NaN where one is NaN."""
    if alert.comparison is Comparison.BELOW:
        highest: Floats = np.max(values, axis=1)
        return highest
    if alert.comparison is not Comparison.OUTSIDE or alert.low is None or alert.high is None:
        lowest: Floats = np.min(values, axis=1)
        return lowest
    beyond = np.maximum(values - alert.high, alert.low - values)
    least = np.take_along_axis(values, np.argmin(np.nan_to_num(beyond, nan=np.inf), axis=1)[:, None], axis=1)[:, 0]
    return np.where(np.isnan(values).any(axis=1), np.nan, least)


def aligned(windows: Sequence[Judged | None]) -> tuple[Text, Text, Floats]:
    """The series of all windows, and a matrix of their values, a column a window; NaN where there is none."""
    there = [window or NOTHING for window in windows]
    model_id, feature = joined([each.model_id for each in there]), joined([each.feature for each in there])
    keys = model_id.codes.astype(np.int64) * (len(feature.words) + 1) + feature.codes + 1
    _, example, place = np.unique(keys, return_index=True, return_inverse=True)
    values = np.full((len(example), len(windows)), np.nan)
    column = np.repeat(np.arange(len(windows)), [len(each.value) for each in there])
    values[place, column] = np.concatenate([each.value for each in there])
    return model_id.take(example), feature.take(example), values


def _changes(model_id: Text, feature: Text, values: Floats, baselines: Sequence[Sequence[Judged | None]]) -> Floats:
    """How far each value is from the median of the same windows of past weeks, as a share of it."""
    changes = np.full(values.shape, np.nan)
    mine = Judged(model_id, feature, np.full(len(values), np.nan))
    for column, weeks in enumerate(baselines):
        past = aligned([mine, *weeks])
        rows = _places(past[0], past[1], model_id, feature)
        changes[:, column] = change(values[:, column], past[2][rows, 1:])
    return changes


def _places(model_id: Text, feature: Text, wanted_model: Text, wanted_feature: Text) -> Ints:
    """Where the wanted series are among those that have them all, in ascending order."""
    models, features = joined([model_id, wanted_model]), joined([feature, wanted_feature])
    keys = models.codes.astype(np.int64) * (len(features.words) + 1) + features.codes + 1
    return np.searchsorted(keys[: len(model_id)], keys[len(model_id) :])


def change(values: Floats, past: Floats) -> Floats:
    """|value / median of its past − 1|; NaN with fewer than two past values, or where their median is zero."""
    enough = (~np.isnan(past)).sum(axis=1) >= MIN_BASELINE_WEEKS
    middle = np.full(len(values), np.nan)
    middle[enough] = np.nanmedian(past[enough], axis=1)
    return np.abs(values / np.where(middle == 0, np.nan, middle) - 1)


def all_readings(found: Sequence[tuple[str, Alert, Judged]]) -> Readings:
    """The readings of several predictors' alerts as one table."""
    sizes = [len(judged.value) for _, _, judged in found]
    return Readings(
        predictor=_repeated([predictor for predictor, _, _ in found], sizes),
        model_id=joined([judged.model_id for _, _, judged in found]),
        feature=joined([judged.feature for _, _, judged in found]),
        alert=_repeated([alert.id for _, alert, _ in found], sizes),
        bound=_repeated([alert.comparison.value for _, alert, _ in found], sizes),
        value=np.concatenate([judged.value for _, _, judged in found]) if found else np.empty(0),
    )


def _repeated(names: Sequence[str], sizes: Sequence[int]) -> Text:
    text = Text.of(names)
    return text.take(np.repeat(np.arange(len(names)), sizes))


def firing(definitions: Definitions, readings: Readings) -> Iterator[Firing]:
    """The alerts that fire, in the order of the readings."""
    alerts = {(p.predictor, alert.id): alert for p in definitions.predictors.values() for alert in p.alerts}
    pairs = readings.predictor.codes.astype(np.int64) * len(readings.alert.words) + readings.alert.codes
    _, example, place = np.unique(pairs, return_index=True, return_inverse=True)
    found = [alerts.get((str(readings.predictor[row]), str(readings.alert[row]))) for row in example.tolist()]
    limits = np.array([(-np.inf, np.inf) if alert is None else _limits(alert) for alert in found]).reshape(-1, 2)
    past = (readings.value < limits[place, 0]) | (readings.value > limits[place, 1])
    for row in np.flatnonzero(past).tolist():
        predictor, model_id, alert = str(readings.predictor[row]), str(readings.model_id[row]), found[place[row]]
        if alert is not None:
            yield Firing(predictor, model_id, readings.feature[row], alert, float(readings.value[row]))


def is_past(alert: Alert, value: float) -> bool:
    """Whether a reading is past the alert's threshold."""
    low, high = _limits(alert)
    return value < low or value > high


def _limits(alert: Alert) -> tuple[float, float]:
    """The values between which it does not fire."""
    low = alert.low if alert.comparison in {Comparison.BELOW, Comparison.OUTSIDE} else None
    high = alert.high if alert.comparison is not Comparison.BELOW else None
    return -np.inf if low is None else low, np.inf if high is None else high
