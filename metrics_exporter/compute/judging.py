"""Judges the alerts of a log: their readings, from the windows that the history has."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from metrics_exporter.compute.schedule import Schedule
from metrics_exporter.definitions import Alert, Comparison, Definitions, Metric, Statistic, Subject
from metrics_exporter.profiles.history import History
from metrics_exporter.profiles.table import Floats, Profiles, WindowProfiles
from metrics_exporter.profiles.text import Ints, Text
from metrics_exporter.statistics import OF_PROFILES
from metrics_exporter.statistics.kinds import Scalar
from metrics_exporter.statistics.readings import BASELINE_WEEKS, NOTHING, Judged, Readings, all_readings, reading
from metrics_exporter.windows import Window

_WEEK = timedelta(weeks=1)
# What counts the samples behind a statistic of values: for these the model's predictions, else the values themselves.
_OF_ALL_ROWS = frozenset({Statistic.VALUES, Statistic.DEFAULT_RATIO, Statistic.NULL_RATIO})


@dataclass(frozen=True)
class _Watch:
    """A predictor's alert and the metric that it is on."""

    predictor: str
    alert: Alert
    metric: Metric

    @property
    def key(self) -> tuple[str, str]:
        return self.predictor, self.alert.id

    def ends(self, latest: datetime) -> list[datetime]:
        """The window before those in a row that it judges, and these, the latest last."""
        return [latest - self.alert.window.length * back for back in range(self.alert.consecutive, -1, -1)]

    def weeks_before(self, end: datetime) -> list[datetime]:
        """The same windows of past weeks, where it compares with them."""
        if self.alert.comparison is not Comparison.CHANGE_ABOVE:
            return []
        return [end - _WEEK * week for week in range(1, BASELINE_WEEKS + 1)]


class Judge:
    """Remembers what the alerts' metrics were in the windows that are still looked at."""

    def __init__(self, definitions: Definitions, log: str, history: History, schedule: Schedule) -> None:
        """Judge nothing yet."""
        metrics = {metric.name: metric for metric in definitions.catalogue.metrics}
        self._log, self._history, self._schedule = log, history, schedule
        self._watches = [
            _Watch(predictor.predictor, alert, metrics[alert.metric])
            for predictor in definitions.predictors.values()
            if predictor.log == log
            for alert in predictor.alerts
            if alert.metric in metrics
        ]
        self._judged: dict[tuple[Window, datetime], dict[tuple[str, str], Judged]] = {}

    def forget(self, window: Window, end: datetime) -> None:
        """A window was computed again."""
        self._judged.pop((window, end), None)

    def readings(self, latest: Mapping[Window, WindowProfiles], silence: Mapping[tuple[str, str], float]) -> Readings:
        """The readings at the latest window of each length.

        Args:
            latest: by length.
            silence: by predictor and model id, the seconds since its last predictions.
        """
        found = [(w.predictor, w.alert, _silences(w, silence)) for w in self._watches if _is_silence(w)]
        for length, window in latest.items():
            watches = [watch for watch in self._watches if watch.alert.window == length and not _is_silence(watch)]
            self._look_at(window, watches)
            found += [(watch.predictor, watch.alert, self._reading(watch, window.end)) for watch in watches]
        return all_readings(found)

    def _reading(self, watch: _Watch, latest: datetime) -> Judged:
        before, *ends = watch.ends(latest)
        return reading(
            watch.alert,
            [self._of(watch, end) for end in ends],
            before=self._of(watch, before),
            baselines=[[self._of(watch, at) for at in watch.weeks_before(end)] for end in ends],
        )

    def _of(self, watch: _Watch, end: datetime) -> Judged | None:
        judged = self._judged.get((watch.alert.window, end))
        return None if judged is None else judged.get(watch.key, NOTHING)

    def _look_at(self, latest: WindowProfiles, watches: Sequence[_Watch]) -> None:
        """Judge the windows that are looked at for the first time, and forget those that no longer are."""
        wanted: dict[datetime, list[_Watch]] = {}
        for watch in watches:
            before, *ends = watch.ends(latest.end)
            for at in (before, *ends, *(at for end in ends for at in watch.weeks_before(end))):
                wanted.setdefault(at, []).append(watch)
        length = latest.window
        for key in [key for key in self._judged if key[0] == length and key[1] not in wanted]:
            del self._judged[key]
        for end, here in sorted(wanted.items()):
            if (length, end) in self._judged or not self._schedule.is_done(length, end):
                continue
            predictors = frozenset(watch.predictor for watch in here)
            window = latest if end == latest.end else self._history.read_some(self._log, length, end, predictors)
            if window is not None:
                self._judged[length, end] = {watch.key: judged for watch, judged in _judge(window.profiles, here)}


def _is_silence(watch: _Watch) -> bool:
    return watch.metric.statistic is Statistic.SILENCE


def _silences(watch: _Watch, silence: Mapping[tuple[str, str], float]) -> Judged:
    models = watch.alert.models
    values = [silence.get((watch.predictor, model), np.nan) for model in models]
    return Judged(Text.of(models), Text.of([None] * len(models)), np.array(values))


def _judge(profiles: Profiles, watches: Iterable[_Watch]) -> Iterable[tuple[_Watch, Judged]]:
    columns: dict[tuple[Any, ...], Floats] = {}
    for watch in watches:
        key = watch.alert.metric, tuple(watch.alert.labels.items())
        if key not in columns:
            columns[key] = _column(profiles, watch)
        yield watch, _of_alert(profiles, watch, columns[key])


def _column(profiles: Profiles, watch: _Watch) -> Floats:
    """The metric's value of each series, NaN where it has none."""
    statistic = watch.metric.statistic
    if statistic is Statistic.PREDICTIONS:
        return np.where(profiles.is_prediction, profiles.rows, np.nan)
    extractor = OF_PROFILES.get(statistic)
    if extractor is None:  # it is not computed
        return np.full(len(profiles), np.nan)
    if isinstance(extractor, Scalar):
        return extractor.extract(profiles)
    choice = watch.alert.labels.get(extractor.label)
    return next(
        (column for label, column in extractor.extract(profiles) if label == choice), np.full(len(profiles), np.nan)
    )


def _of_alert(profiles: Profiles, watch: _Watch, column: Floats) -> Judged:
    alert, metric = watch.alert, watch.metric
    rows = np.arange(len(profiles))[profiles.of_predictor(watch.predictor)]
    is_feature = metric.subject is Subject.FEATURE
    rows = rows[profiles.is_prediction[rows] != is_feature]
    rows = rows[_named(profiles.model_id, rows, set(alert.models).__contains__)]
    if is_feature:
        rows = rows[_named(profiles.feature, rows, _matcher(alert.feature or "*"))]
    counted_by_rows = metric.subject is Subject.MODEL or metric.statistic in _OF_ALL_ROWS
    samples = (profiles.rows if counted_by_rows else profiles.values)[rows]
    values = np.where(samples >= alert.min_samples, column[rows], np.nan)
    judged = Judged(profiles.model_id.take(rows), profiles.feature.take(rows), values)
    return _with_silent_models(judged, alert) if metric.statistic is Statistic.PREDICTIONS else judged


def _with_silent_models(judged: Judged, alert: Alert) -> Judged:
    """A model without any predictions in a window made 0 of them."""
    there = {judged.model_id[row] for row in range(len(judged.value))}
    silent = [model for model in alert.models if model not in there]
    zero = 0.0 if alert.min_samples == 0 else np.nan
    models = [*(judged.model_id[row] for row in range(len(judged.value))), *silent]
    return Judged(Text.of(models), Text.of([None] * len(models)), np.append(judged.value, [zero] * len(silent)))


def _named(text: Text, rows: Ints, is_wanted: Callable[[str], Any]) -> Any:
    """Which rows have a wanted word; each word is looked at once."""
    codes, place = np.unique(text.codes[rows], return_inverse=True)
    return np.array([bool(is_wanted(text.words[code])) for code in codes.tolist()], bool)[place]


def _matcher(feature: str) -> Callable[[str], Any]:
    """A name as it is, or a glob, in which `[*]` and `[?]` are these characters themselves."""
    if not {"*", "?"} & set(feature):
        return feature.__eq__
    return re.compile(fnmatch.translate(feature), re.DOTALL).match
