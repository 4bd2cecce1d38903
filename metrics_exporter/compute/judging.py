"""Judges the alerts of a log: their readings, from the windows that the history has."""

from __future__ import annotations

import fnmatch
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import numpy as np

from metrics_exporter.compute.schedule import Schedule
from metrics_exporter.definitions import (
    LOOK_BACK_SECONDS,
    Alert,
    Comparison,
    Definitions,
    Metric,
    Statistic,
    Subject,
)
from metrics_exporter.logs import event
from metrics_exporter.profiles.history import History, HistoryError
from metrics_exporter.profiles.table import Floats, Profiles, WindowProfiles
from metrics_exporter.profiles.text import Ints, Text
from metrics_exporter.statistics import OF_PROFILES
from metrics_exporter.statistics.drift import drifted
from metrics_exporter.statistics.kinds import Scalar
from metrics_exporter.statistics.readings import (
    BASELINE_WEEKS,
    NOTHING,
    Judged,
    Readings,
    all_readings,
    exported,
    fired,
    past,
    reading,
)
from metrics_exporter.windows import Window

_log = logging.getLogger(__name__)

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

    @property
    def is_on_many(self) -> bool:
        """Whether it may be on many features, of which the readings that matter are exported."""
        return self.metric.subject is Subject.FEATURE and _is_glob(self.alert.feature or "*")

    def ends(self, latest: datetime) -> list[datetime]:
        """The window before those in a row that it judges, and these, the latest last."""
        return [latest - self.alert.window.length * back for back in range(self.alert.consecutive, -1, -1)]

    def weeks_before(self, end: datetime) -> list[datetime]:
        """The same windows of past weeks, where it compares with them."""
        if self.alert.comparison is not Comparison.CHANGE_ABOVE:
            return []
        return [end - _WEEK * week for week in range(1, BASELINE_WEEKS + 1)]


class Judge:
    """Remembers what the alerts' metrics were in the windows that are still looked at, and what fired lately."""

    def __init__(
        self,
        definitions: Definitions,
        log: str,
        history: History,
        schedule: Schedule,
        *,
        held: Mapping[tuple[Window, datetime], WindowProfiles | None] = MappingProxyType({}),
        remembers: bool = False,
    ) -> None:
        """Judge nothing yet.

        Args:
            definitions: with the alerts.
            log: whose alerts are judged.
            history: where past windows are read.
            schedule: which there are.
            held: windows that are not in the history yet, or not as they are now.
            remembers: windows stay known that will be a baseline, which pays where weeks pass quickly.
        """
        metrics = {metric.name: metric for metric in definitions.catalogue.metrics}
        self._log, self._history, self._schedule, self._held = log, history, schedule, held
        self._watches = [
            _Watch(predictor.predictor, alert, metrics[alert.metric])
            for predictor in definitions.predictors.values()
            if predictor.log == log
            for alert in predictor.alerts
            if alert.metric in metrics
        ]
        self._judged: dict[tuple[Window, datetime], dict[tuple[str, str], Judged]] = {}
        self._fired: dict[tuple[str, str], Judged] = {}  # of alerts on many features
        self._remembers = remembers
        self._baselines: dict[tuple[Window, datetime], dict[tuple[str, str], Judged]] = {}

    def forget(self, window: Window, end: datetime) -> None:
        """A window was computed again."""
        self._judged.pop((window, end), None)

    def reach(self, window: Window) -> int:
        """How many windows of a length its alerts may look at, from the latest on back."""
        watches = [watch for watch in self._watches if watch.alert.window == window]
        before = -(-LOOK_BACK_SECONDS // window.seconds) + 1  # the first whose reading may have been shown lately
        weeks = BASELINE_WEEKS * _WEEK // window.length
        return max((watch.alert.consecutive + before + weeks for watch in watches), default=0) + 1

    def readings(
        self, latest: Mapping[Window, WindowProfiles], silence: Mapping[tuple[str, str], float], now: datetime
    ) -> Readings:
        """The readings at the latest window of each length; of alerts on many features, those that matter.

        Args:
            latest: by length.
            silence: by predictor and model id, the seconds since its last predictions.
            now: when they are published.
        """
        found = [(w.predictor, w.alert, _silences(w, silence)) for w in self._watches if _is_silence(w)]
        for length, window in latest.items():
            watches = [watch for watch in self._watches if watch.alert.window == length and not _is_silence(watch)]
            new = [watch for watch in watches if watch.is_on_many and watch.key not in self._fired]
            before = self._shown_before(window) if new else []
            self._look_at(window, [*((w, window.end) for w in watches), *((w, end) for w in new for end in before)])
            for watch in new:
                self._fired[watch.key] = self._fired_at(watch, before, now)
            found += [(watch.predictor, watch.alert, self._exported(watch, window.end, now)) for watch in watches]
        return all_readings(found)

    def _shown_before(self, latest: WindowProfiles) -> list[datetime]:
        """The windows, oldest first, whose readings an exporter before this one may have shown within the look-back.

        Each is shown until the next is published, so when the latest is, that reaches over as many as fit into the
        look-back and the one that was shown when it began: two of an hour, five of 15 minutes, one of a day. What this
        exporter shows itself it remembers, however late it is and whatever is computed again.
        """
        count = -(-LOOK_BACK_SECONDS // latest.window.seconds)
        return self._schedule.ends(latest.window, count, latest.end - latest.window.length)

    def _fired_at(self, watch: _Watch, ends: Iterable[datetime], now: datetime) -> Judged:
        """What fired when these windows were the latest."""
        found = NOTHING
        for end in ends:
            found = fired(found, past(watch.alert, self._reading(watch, end)), now)
        return found

    def _exported(self, watch: _Watch, latest: datetime, now: datetime) -> Judged:
        if not watch.is_on_many:
            return self._reading(watch, latest)
        before = self._fired[watch.key]
        found = self._reading(watch, latest, before)
        self._fired[watch.key] = lately = fired(before, past(watch.alert, found), now)
        return exported(watch.alert, found, lately)

    def _reading(self, watch: _Watch, latest: datetime, fired_before: Judged | None = None) -> Judged:
        before, *ends = watch.ends(latest)
        return reading(
            watch.alert,
            [self._of(watch, end) for end in ends],
            before=[fired_before, self._of(watch, before)],
            baselines=[[self._of(watch, at) for at in watch.weeks_before(end)] for end in ends],
        )

    def _of(self, watch: _Watch, end: datetime) -> Judged | None:
        at = watch.alert.window, end
        judged = self._judged.get(at, self._baselines.get(at))
        return None if judged is None else judged.get(watch.key, NOTHING)

    def _look_at(self, latest: WindowProfiles, read: Iterable[tuple[_Watch, datetime]]) -> None:
        """Judge the windows that are looked at for the first time, and forget those that no longer are.

        Args:
            latest: the latest window of a length.
            read: the alerts and the windows of this length whose readings are wanted.
        """
        wanted: dict[datetime, dict[tuple[str, str], _Watch]] = {}
        for watch, published in read:
            before, *ends = watch.ends(published)
            for at in (before, *ends, *(at for end in ends for at in watch.weeks_before(end))):
                wanted.setdefault(at, {})[watch.key] = watch
        length = latest.window
        for key in [key for key in self._judged if key[0] == length and key[1] not in wanted]:
            del self._judged[key]
        for end, here in sorted(wanted.items()):
            is_known = (length, end) in self._judged or self._is_baseline(length, end, here)
            if is_known:
                continue
            window = latest if end == latest.end else self._held.get((length, end))
            if window is None and self._schedule.is_done(length, end):
                predictors = frozenset(watch.predictor for watch in here.values())
                try:
                    window = self._history.read_some(self._log, length, end, predictors)
                except HistoryError as error:  # the others would each wait as long in vain
                    event(_log, logging.ERROR, "alerts are not judged", log=self._log, reason=error)
                    return
            if window is not None:
                judged = _judge(window.profiles, here.values())
                self._judged[length, end] = {watch.key: values for watch, values in judged}
        if self._remembers:
            self._remember(latest)

    def _is_baseline(self, length: Window, end: datetime, wanted: Iterable[tuple[str, str]]) -> bool:
        """Whether a window is remembered, and nothing else is wanted of it than what it is a baseline of."""
        return self._baselines.get((length, end), {}).keys() >= set(wanted)

    def _remember(self, latest: WindowProfiles) -> None:
        """Keep of the latest window what it will be a baseline of, and forget those that are so no longer."""
        length = latest.window
        compared = [w.key for w in self._watches if w.alert.window == length and w.weeks_before(latest.end)]
        judged = self._judged.get((length, latest.end))
        if not compared or judged is None:
            return
        self._baselines[length, latest.end] = {key: judged[key] for key in compared}
        most = max(watch.alert.consecutive for watch in self._watches)
        oldest = latest.end - BASELINE_WEEKS * _WEEK - most * length.length
        for key in [key for key in self._baselines if key[0] == length and key[1] < oldest]:
            del self._baselines[key]


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


def _predictions(profiles: Profiles) -> Floats:
    return np.where(profiles.is_prediction, profiles.rows, np.nan)


# What windows tell of models, at the rows of their predictions.
_OF_MODELS: Mapping[Statistic, Callable[[Profiles], Floats]] = {
    Statistic.PREDICTIONS: _predictions,
    Statistic.DRIFTED_FEATURES: drifted,
}


def _column(profiles: Profiles, watch: _Watch) -> Floats:
    """The metric's value of each series, NaN where it has none."""
    statistic = watch.metric.statistic
    if statistic in _OF_MODELS:
        return _OF_MODELS[statistic](profiles)
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
    return re.compile(fnmatch.translate(feature), re.DOTALL).match if _is_glob(feature) else feature.__eq__


def _is_glob(feature: str) -> bool:
    return "*" in feature or "?" in feature
