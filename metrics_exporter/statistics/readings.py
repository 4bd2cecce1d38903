"""Readings: for each alert and series, the value that decides whether it fires.

Of the last N windows, it is the value closest to the threshold: when that one is past it, all of them are. It is NaN,
"not judged", unless all N windows are there, follow each other, and have their samples. Production, the status page and
whatever replays the past read the same function, so that they can't disagree.

Of an alert on many features few readings matter, and a rule has to read all that there are. So what is exported is the
worst few, what is past the threshold, and what was until a moment ago: a rule that no longer finds a series that fired
goes on firing until its look-back has passed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from metrics_exporter.definitions import LOOK_BACK_SECONDS, Alert, Comparison, Definitions
from metrics_exporter.profiles.table import Floats
from metrics_exporter.profiles.text import Ints, Text, joined

BASELINE_WEEKS = 4
MIN_BASELINE_WEEKS = 2
WORST = 5  # readings of a model, of an alert on many features, that are exported though they are not past the threshold

# How long a series that fired is exported after it ended. Rules look back half as long: the other half is for the round
# that ends it, which is dated when it begins.
_REMEMBERED_SECONDS = 2 * LOOK_BACK_SECONDS


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

    def of(self, rows: NDArray[np.bool_]) -> Judged:
        """Some rows alone."""
        return Judged(self.model_id.take(rows).slim(), self.feature.take(rows).slim(), self.value[rows])


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
    before: Sequence[Judged | None] = (),
    baselines: Sequence[Sequence[Judged | None]] = (),
) -> Judged:
    """An alert's reading of each series that any of the windows, or what was before them, has.

    Args:
        alert: how it compares.
        windows: its last N windows, the latest last; None for one that there is not.
        before: what was before these windows: the series that it had and they have not are no longer judged, and are
            said so.
        baselines: for `change_above`, of each of these windows the same ones of past weeks; else empty.
    """
    model_id, feature, values = aligned([*before, *windows])
    values = values[:, len(before) :]
    if alert.comparison is Comparison.CHANGE_ABOVE:
        values = _changes(model_id, feature, values, baselines)
    return Judged(model_id, feature, closest(alert, values))


def closest(alert: Alert, values: Floats) -> Floats:
    """Of each row of values, the one closest to the threshold; NaN where one is NaN."""
    least = np.argmin(_reach(alert, values), axis=1)  # a NaN counts as the least
    return np.take_along_axis(values, least[:, None], axis=1)[:, 0]


def _reach(alert: Alert, values: Floats) -> Floats:
    """The greater, the closer to the threshold a value is, or the further past it; NaN stays."""
    if alert.comparison is Comparison.BELOW:
        return -values
    if alert.comparison is not Comparison.OUTSIDE or alert.low is None or alert.high is None:
        return values
    return np.maximum(values - alert.high, alert.low - values)


def exported(alert: Alert, found: Judged, fired: Judged) -> Judged:
    """Of an alert's readings of many features those that matter to a rule, or to who looks at them.

    They are each model's worst, and those of the series that fire or did lately.

    Args:
        alert: how it compares.
        found: as `reading` answers.
        fired: the series that fire or did lately, all of which `found` has.
    """
    order = np.lexsort((-_reach(alert, found.value), found.model_id.codes))  # what is not judged comes last
    models = found.model_id.codes[order]
    kept = np.empty(len(order), bool)
    kept[order] = np.arange(len(order)) - np.searchsorted(models, models) < WORST
    kept[_places(found.model_id, found.feature, fired.model_id, fired.feature)] = True
    return found.of(kept)


def past(alert: Alert, found: Judged) -> Judged:
    """The readings that are past the alert's threshold."""
    return found.of(is_past(alert, found.value))


def fired(before: Judged, firing: Judged, now: datetime) -> Judged:
    """The series that fire or did lately, and until when; infinite: they still do.

    Args:
        before: the same at the last publication: what fired then did so until now.
        firing: the readings that are past the threshold.
        now: when these are published.
    """
    if not len(before.value) and not len(firing.value):  # as usual
        return NOTHING
    model_id, feature, values = aligned([before, firing])
    ended = np.minimum(values[:, 0], now.timestamp())
    until = np.where(np.isnan(values[:, 1]), ended, np.inf)
    return Judged(model_id, feature, until).of(until >= now.timestamp() - _REMEMBERED_SECONDS)


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


def is_past(alert: Alert, values: Floats) -> NDArray[np.bool_]:
    """Which readings are past the alert's threshold."""
    low, high = _limits(alert)
    return (values < low) | (values > high)


def _limits(alert: Alert) -> tuple[float, float]:
    """The values between which it does not fire."""
    low = alert.low if alert.comparison in {Comparison.BELOW, Comparison.OUTSIDE} else None
    high = alert.high if alert.comparison is not Comparison.BELOW else None
    return -np.inf if low is None else low, np.inf if high is None else high
