"""Readings: what an alert's last windows come to, against the words that promise it."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.catalogue import METRICS
from metrics_exporter.compute.judging import Judge
from metrics_exporter.compute.schedule import Schedule
from metrics_exporter.definitions import (
    LOOK_BACK_SECONDS,
    Alert,
    Catalogue,
    Comparison,
    Definitions,
    Log,
    Model,
    Predictor,
    Role,
)
from metrics_exporter.profiles.history import History
from metrics_exporter.profiles.profile import Distribution, Profile, Series
from metrics_exporter.profiles.table import GRID, Profiles, WindowProfiles
from metrics_exporter.profiles.text import Text
from metrics_exporter.statistics import readings
from metrics_exporter.statistics.readings import (
    NOTHING,
    WORST,
    Judged,
    Readings,
    exported,
    fired,
    firing,
    is_past,
    past,
    reading,
)
from metrics_exporter.windows import DAILY, HOURLY, Window

END = datetime(2026, 3, 31, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
WEEK = timedelta(weeks=1)


def _alert(comparison: Comparison, low: float | None = None, high: float | None = None, **more: object) -> Alert:
    known = {"id": "a", "title": "A", "metric": "ml_feature_mean", "feature": "*", "window": HOURLY, "severity": "page"}
    return Alert.model_validate(known | {"models": ("m1",), "comparison": comparison, "low": low, "high": high} | more)


ABOVE = _alert(Comparison.ABOVE, high=1.0)
BELOW = _alert(Comparison.BELOW, low=1.0)
OUTSIDE = _alert(Comparison.OUTSIDE, low=0.0, high=1.0)


def _judged(values: Mapping[str, float] | None) -> Judged | None:
    return None if values is None else _table(values)


def _table(values: Mapping[str, float]) -> Judged:
    return Judged(Text.of(["m1"] * len(values)), Text.of(values), np.array(list(values.values()), float))


def _read(
    alert: Alert, *windows: Mapping[str, float] | None, before: Mapping[str, float] | None = None
) -> dict[str, float]:
    found = reading(alert, [_judged(window) for window in windows], before=[_judged(before)])
    return {str(found.feature[row]): float(found.value[row]) for row in range(len(found.value))}


def test_a_reading_is_the_value_closest_to_the_threshold() -> None:
    assert _read(ABOVE, {"x": 3}, {"x": 2}) == {"x": 2}
    assert _read(BELOW, {"x": -3}, {"x": -2}) == {"x": -2}


@pytest.mark.parametrize(
    ("first", "second", "closest"), [(5, -2, -2), (-1, 9, -1), (5, 0.5, 0.5), (0.9, 0.5, 0.5), (1.5, -0.25, -0.25)]
)
def test_outside_a_range_it_is_the_one_least_far_outside(first: float, second: float, closest: float) -> None:
    assert _read(OUTSIDE, {"x": first}, {"x": second}) == {"x": closest}


def test_a_window_that_is_missing_or_has_too_little_is_not_judged() -> None:
    assert math.isnan(_read(ABOVE, None, {"x": 2})["x"])
    assert math.isnan(_read(ABOVE, {"x": math.nan}, {"x": 2})["x"])
    assert math.isnan(_read(ABOVE, {"y": 3}, {"x": 2, "y": 2})["x"])
    assert math.isnan(_read(OUTSIDE, {"x": math.nan}, {"x": 2})["x"])


def test_what_is_gone_is_said_to_be_judged_no_longer() -> None:
    found = _read(ABOVE, {"x": 3}, before={"x": 3, "gone": 3})
    assert found["x"] == 3
    assert math.isnan(found["gone"])


HISTORIES = st.lists(st.none() | st.none() | st.floats(-3, 3), min_size=3, max_size=40)


@given(HISTORIES, st.integers(1, 4), st.sampled_from([ABOVE, BELOW, OUTSIDE]))
def test_an_alert_fires_when_its_words_say_so(history: list[float | None], count: int, alert: Alert) -> None:
    """It fires at a window exactly if this and the N - 1 before it are all there and past the threshold."""
    for at in range(count - 1, len(history)):
        last = history[at - count + 1 : at + 1]
        found = _read(alert, *(None if value is None else {"x": value} for value in last))
        (fires,) = is_past(alert, np.array([found.get("x", math.nan)]))
        assert fires == all(value is not None and _is_past(alert, value) for value in last)


def _is_past(alert: Alert, value: float) -> bool:
    match alert.comparison:
        case Comparison.ABOVE:
            return value > 1
        case Comparison.BELOW:
            return value < 1
        case _:
            return not 0 <= value <= 1


@given(st.lists(st.none() | st.floats(0.5, 2), min_size=4, max_size=4), st.floats(0.1, 5))
def test_a_change_is_against_the_median_of_two_weeks_or_more(past: list[float | None], value: float) -> None:
    alert = _alert(Comparison.CHANGE_ABOVE, high=0.5)
    weeks = [_judged(None if each is None else {"x": each}) for each in past]
    found = reading(alert, [_judged({"x": value})], baselines=[weeks])
    there = [each for each in past if each is not None]
    expected = abs(value / float(np.median(there)) - 1) if len(there) >= 2 else math.nan
    assert found.value[0] == pytest.approx(expected, nan_ok=True)


def _window(
    end: datetime, features: Mapping[str, float], rows: int = 100, model: str = "m1", length: Window = HOURLY
) -> WindowProfiles:
    profiles = [Profile(Series("p", model, None), rows, rows - 10, 10, 0, 0, 0, _shape(1.0), None)]
    profiles += [
        Profile(Series("p", model, name), rows, rows // 2, 0, 0, rows // 4, 0, _shape(mean), None)
        for name, mean in features.items()
    ]
    return WindowProfiles("log", length, end, rows, 0, Profiles.of(profiles))


def _shape(mean: float) -> Distribution:
    return Distribution(mean, 1.0, mean - 1, mean + 1, tuple(mean + q for q in GRID))


def _definitions(*alerts: Alert) -> Definitions:
    return Definitions(
        catalogue=Catalogue(
            schema_version=1, logs={"log": Log(table="t")}, metrics=tuple(metric.definition for metric in METRICS)
        ),
        predictors={
            "p": Predictor(
                schema_version=1,
                predictor="p",
                title="P",
                team="t",
                log="log",
                models=(Model(id="m1", role=Role.PRIMARY),),
                alerts=alerts,
            )
        },
    )


def _readings(windows: Sequence[WindowProfiles], *alerts: Alert, silence: float = 0.0) -> dict[str | None, float]:
    found = _all(windows, *alerts, silence=silence)
    return {found.feature[row]: float(found.value[row]) for row in range(len(found.value))}


def _all(windows: Sequence[WindowProfiles], *alerts: Alert, silence: float = 0.0) -> Readings:
    history = History(f"memory://{uuid.uuid4()}")
    for window in windows:
        history.write(window)
    schedule = Schedule([HOURLY], timedelta(), timedelta(days=28), 0)
    schedule.begin({HOURLY: [window.end for window in windows]}, END)
    judge = Judge(_definitions(*alerts), "log", history, schedule)
    return judge.readings({HOURLY: windows[-1]}, {("p", "m1"): silence}, END)


def test_windows_come_from_the_history() -> None:
    windows = [_window(END - HOUR, {"x": 5, "y": 9}), _window(END, {"x": 7, "z": 1})]
    found = _readings(windows, replace_alert(ABOVE, consecutive=2))
    assert found["x"] == 5
    assert math.isnan(found["y"])
    assert math.isnan(found["z"])


def test_windows_that_do_not_follow_each_other_are_no_row() -> None:
    windows = [_window(END - 2 * HOUR, {"x": 5}), _window(END, {"x": 7})]
    assert math.isnan(_readings(windows, replace_alert(ABOVE, consecutive=2))["x"])


def test_a_feature_is_named_or_matched() -> None:
    windows = [_window(END, {"wind_speed": 1, "wind_dir": 2, "a*b": 3, "[x]": 4})]
    assert _readings(windows, replace_alert(ABOVE, feature="wind_*")) == {"wind_speed": 1, "wind_dir": 2}
    assert _readings(windows, replace_alert(ABOVE, feature="a[*]b")) == {"a*b": 3}
    assert _readings(windows, replace_alert(ABOVE, feature="[x]")) == {"[x]": 4}


@pytest.mark.parametrize(
    ("metric", "samples"),
    [
        ("ml_feature_mean", 50),  # the feature's values
        ("ml_feature_values", 100),
        ("ml_feature_default_ratio", 100),  # the model's predictions
        ("ml_feature_null_ratio", 100),
        ("ml_prediction_mean", 90),  # the predictions that have a result
        ("ml_prediction_null_ratio", 100),
        ("ml_predictions", 100),
    ],
)
def test_samples_are_those_behind_the_metric(metric: str, samples: int) -> None:
    feature = "x" if metric.startswith("ml_feature") else None
    alert = replace_alert(ABOVE, metric=metric, feature=feature, min_samples=samples)
    assert not math.isnan(_readings([_window(END, {"x": 7})], alert)[feature])
    more = replace_alert(alert, min_samples=samples + 1)
    assert math.isnan(_readings([_window(END, {"x": 7})], more)[feature])


def test_a_quantile_is_chosen_by_its_label() -> None:
    alert = replace_alert(ABOVE, metric="ml_feature_quantile", labels={"quantile": "0.95"})
    assert _readings([_window(END, {"x": 7})], alert) == {"x": pytest.approx(7.95)}


def test_a_model_without_predictions_made_none() -> None:
    alert = replace_alert(BELOW, metric="ml_predictions", feature=None)
    assert _readings([_window(END, {}, model="m2")], alert) == {None: 0}


def test_silence_is_the_reading_of_its_own_alert() -> None:
    alert = replace_alert(ABOVE, metric="ml_model_silence_seconds", feature=None, high=3600.0)
    found = _all([_window(END, {})], alert, silence=7200)
    assert found.value.tolist() == [7200]
    (fires,) = firing(_definitions(alert), found)
    assert (fires.predictor, fires.model_id, fires.feature, fires.value) == ("p", "m1", None, 7200)


def test_a_change_is_against_the_same_windows_of_past_weeks() -> None:
    alert = replace_alert(ABOVE, comparison=Comparison.CHANGE_ABOVE, high=0.5, consecutive=2)
    past = [_window(END - weeks * WEEK - back * HOUR, {"x": 10}) for weeks in (1, 2, 4) for back in (0, 1)]
    now = [_window(END - HOUR, {"x": 18}), _window(END, {"x": 20})]
    assert _readings([*past, *now], alert) == {"x": pytest.approx(0.8)}
    assert math.isnan(_readings([*past[:3], *now], alert)["x"])  # the window before has one week alone


def test_a_window_computed_again_is_judged_again() -> None:
    history = History(f"memory://{uuid.uuid4()}")
    schedule = Schedule([HOURLY], timedelta(), timedelta(days=28), 0)
    schedule.begin({HOURLY: [END - HOUR, END]}, END)
    judge = Judge(_definitions(replace_alert(ABOVE, consecutive=2)), "log", history, schedule)
    latest = _window(END, {"x": 7})
    history.write(_window(END - HOUR, {"x": 5}))
    assert judge.readings({HOURLY: latest}, {}, END).value.tolist() == [5]
    history.write(_window(END - HOUR, {"x": 3}))
    assert judge.readings({HOURLY: latest}, {}, END).value.tolist() == [5]
    judge.forget(HOURLY, END - HOUR)
    assert judge.readings({HOURLY: latest}, {}, END).value.tolist() == [3]


def replace_alert(alert: Alert, **changes: object) -> Alert:
    return alert.model_copy(update=changes)


def test_a_window_of_many_series_is_one_table() -> None:
    windows = [replace(_window(END, {f"f{i}": float(i) for i in range(500)}))]
    found = _all(windows, ABOVE, replace_alert(BELOW, id="b"))
    assert len(found.value) == 498 + 5
    assert len(list(firing(_definitions(ABOVE, replace_alert(BELOW, id="b")), found))) == 498 + 1


def _of(found: Judged) -> dict[str, float]:
    return {str(found.feature[row]): float(found.value[row]) for row in range(len(found.value))}


@pytest.mark.parametrize(
    ("alert", "kept"),
    [
        (ABOVE, {"f6", "f7", "f8", "f9", "past"}),
        (BELOW, {"f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9"}),
        (OUTSIDE, {"f1", "f2", "f8", "f9", "past"}),
    ],
)
def test_of_many_features_the_worst_are_exported(alert: Alert, kept: set[str]) -> None:
    values = {f"f{place}": place / 10 for place in range(1, 10)} | {"past": 1.5, "unjudged": math.nan}
    found = _table(values)
    firing_now = fired(NOTHING, past(alert, found), END)
    assert _of(exported(alert, found, firing_now)) == {name: values[name] for name in kept}


def test_all_that_are_past_are_exported_and_what_fired_lately() -> None:
    values = {f"f{place}": 2.0 for place in range(20)} | {"was": -9.0, "good": -8.0}
    before = _table({"was": math.inf, "gone": math.inf})
    found = reading(ABOVE, [_table(values)], before=[before])
    lately = fired(before, past(ABOVE, found), END)
    assert set(_of(exported(ABOVE, found, lately))) == {*values, "gone"} - {"good"}


def test_few_features_are_exported_as_they_are() -> None:
    values = {f"f{place}": math.nan for place in range(WORST)}
    found = _table(values)
    assert set(_of(exported(ABOVE, found, NOTHING))) == {*values}


def test_each_model_has_its_worst() -> None:
    models, features = ["m1"] * 9 + ["m2"] * 9, [f"f{place}" for place in range(9)] * 2
    found = Judged(Text.of(models), Text.of(features), np.arange(18) / 100)
    kept = exported(ABOVE, found, NOTHING)
    assert [kept.model_id[row] for row in range(len(kept.value))] == ["m1"] * WORST + ["m2"] * WORST
    assert kept.value.tolist() == [0.04, 0.05, 0.06, 0.07, 0.08, 0.13, 0.14, 0.15, 0.16, 0.17]


def test_what_fired_is_remembered_until_rules_have_seen_its_end() -> None:
    bad, good = _table({"x": 2}), _table({"x": 0})
    found = fired(NOTHING, past(ABOVE, bad), END)
    assert _of(found) == {"x": math.inf}
    found = fired(found, past(ABOVE, good), END + 3 * HOUR)  # it was shown until now
    assert _of(found) == {"x": (END + 3 * HOUR).timestamp()}
    later = END + 3 * HOUR + timedelta(seconds=LOOK_BACK_SECONDS)
    assert _of(fired(found, past(ABOVE, good), later)) == _of(found)
    assert not _of(fired(found, past(ABOVE, good), later + 2 * HOUR))


@dataclass(frozen=True)
class _Event:
    """A window, and what happens with it.

    Attributes:
        values: by feature; None: it is given up.
        late: minutes after its end until it is published.
        again: what the window before it turns out to be when it is computed again with it.
    """

    values: Mapping[str, float] | None
    late: int = 0
    again: Mapping[str, float] | None = None


VALUES = st.dictionaries(st.sampled_from("abcd"), st.sampled_from([0.0, 0.5, 1.5, 2.0]), max_size=4)
LENGTHS = st.sampled_from([Window.parse("15m"), HOURLY, Window.parse("2h"), DAILY])
# By a window: how many minutes after its end they begin, and how long they are.
OUTAGES = st.lists(st.tuples(st.integers(0, 8), st.integers(-70, 70), st.integers(1, 70)), max_size=3)


@given(
    st.lists(st.builds(_Event, st.none() | VALUES, st.integers(0, 130), st.none() | VALUES), min_size=3, max_size=9),
    LENGTHS,
    st.integers(1, 3),
    OUTAGES,
)
def test_rules_fire_by_the_worst_readings_as_they_do_by_all(
    events: list[_Event], length: Window, count: int, outages: list[tuple[int, int, int]]
) -> None:
    """However late windows are, whichever are computed again, and whenever nothing is scraped."""
    for ours, all_of_them in _by_the_minute(events, length, count, outages, restarts=False):
        assert ours == all_of_them


@given(
    st.lists(st.builds(_Event, st.none() | VALUES | VALUES), min_size=3, max_size=9),
    LENGTHS,
    st.integers(1, 3),
    OUTAGES,
)
def test_rules_fire_as_by_all_readings_whenever_the_exporter_restarts(
    events: list[_Event], length: Window, count: int, outages: list[tuple[int, int, int]]
) -> None:
    for ours, all_of_them in _by_the_minute(events, length, count, outages, restarts=True):
        assert ours == all_of_them


def _by_the_minute(
    events: Sequence[_Event], length: Window, count: int, outages: Sequence[tuple[int, int, int]], *, restarts: bool
) -> Iterator[tuple[set[str], set[str]]]:
    """The features that fire by what a judge exports, and by the readings of all features.

    After an outage there is a round, by a new judge where that was a restart.
    """
    definitions = _definitions(replace_alert(ABOVE, consecutive=count, window=length))
    history, schedule = History(f"memory://{uuid.uuid4()}"), Schedule([length], timedelta(), timedelta(days=28), 0)
    schedule.begin({length: []}, END)
    judge, latest = Judge(definitions, "log", history, schedule), None
    known: dict[datetime, Mapping[str, float]] = {}
    exports: dict[str, float] = {}
    every: dict[str, float] = {}
    ours, all_of_them = _Rule(), _Rule()
    step = length.seconds // 60
    due = [place * step + event.late for place, event in enumerate(events)]
    published = [max(due[: place + 1]) for place in range(len(due))]
    down = [(place * step + start, place * step + start + minutes) for place, start, minutes in outages]
    with mock.patch.object(readings, "WORST", 1):
        for minute in range(published[-1] + 140):
            new = [place for place, at in enumerate(published) if at == minute]
            for place in new:
                end = END + place * length.length
                before = {end - length.length: events[place].again} if end - length.length in known else {}
                for at, values in (before | {end: events[place].values}).items():
                    if values is not None:
                        known[at] = values
                        window = _window(at, values, length=length)
                        history.write(window)
                        judge.forget(length, at)
                        schedule.set_done(length, at)
                        latest = window if latest is None or latest.end <= at else latest
            is_back = any(minute == end for _, end in down)
            if is_back and restarts:
                judge = Judge(definitions, "log", history, schedule)
            if latest and (new or is_back):
                found = judge.readings({length: latest}, {}, END + timedelta(minutes=minute))
                exports = {str(found.feature[row]): float(found.value[row]) for row in range(len(found.value))}
                every = _every_reading(known, latest.end, length, count)
            if not any(start <= minute < end for start, end in down):
                ours.scrape(minute, exports)
                all_of_them.scrape(minute, every)
            yield ours.fires(minute), all_of_them.fires(minute)


def _every_reading(
    known: Mapping[datetime, Mapping[str, float]], latest: datetime, length: Window, count: int
) -> dict[str, float]:
    windows = [known.get(latest - back * length.length, {}) for back in range(count)]
    return {name: min(window.get(name, -math.inf) for window in windows) for name in "abcd"}


class _Rule:
    """A rule that fires for the last value of its look-back that is above 1."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[int, float]] = {}

    def scrape(self, minute: int, values: Mapping[str, float]) -> None:
        self._last |= {name: (minute, value) for name, value in values.items()}

    def fires(self, minute: int) -> set[str]:
        return {n for n, (at, value) in self._last.items() if value > 1 and (minute - at) * 60 < LOOK_BACK_SECONDS}
