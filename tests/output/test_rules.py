"""When rules fire: asked of real Prometheus code, over gauges that are published late, with gaps, and too few."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.model import Alert
from generator.rules import Rule, range_seconds, rules_of
from metrics_exporter.definitions import Comparison
from metrics_exporter.windows import DAILY
from tests.output.examples import FRESHNESS, alert, predictor
from tests.output.published import SETTLE_MINUTES, Window, expect, published_at, series
from tests.real_parts import PrometheusBinaries

MODEL = 'predictor="eta_prediction",model_id="eta_v12",window="1h"'
VALUE = f'ml_feature_default_ratio{{{MODEL},feature="prep_time"}}'
PREDICTIONS = f"ml_predictions{{{MODEL}}}"
END = f"ml_window_end_timestamp_seconds{{{MODEL}}}"

GOOD, BAD, LOW, ABSENT, FEW = "good", "bad", "low", "absent", "few"
MIN_SAMPLES = 20
KINDS: dict[str, dict[str, float | None]] = {
    GOOD: {VALUE: 0.2, PREDICTIONS: 100},
    BAD: {VALUE: 0.9, PREDICTIONS: 100},
    LOW: {VALUE: 0.01, PREDICTIONS: 100},
    ABSENT: {VALUE: None, PREDICTIONS: 100},
    FEW: {VALUE: 0.9, PREDICTIONS: 3},
}


def rule_of(alert: Alert) -> Rule:
    (rule,) = rules_of(predictor(alert))
    return rule


def windows_of(kinds: list[str], late: list[int] | None = None) -> list[Window]:
    return [Window(minutes, KINDS[kind]) for kind, minutes in zip(kinds, late or [0] * len(kinds), strict=True)]


def expected(kinds: list[str], windows: list[Window], bad: str, alert: Alert) -> dict[int, int]:
    """What must hold minute by minute: silent before N windows in a row are bad, firing once the margin has passed."""
    moments = published_at(windows)
    must, run_start = {}, moments[0]
    for k, start in enumerate(moments):
        if k == 0 or kinds[k] != kinds[k - 1]:
            run_start, length = start, 1
        else:
            length += 1
        until = moments[k + 1] if k + 1 < len(moments) else start + 60
        for minute in range(start, until):
            if kinds[k] != bad or length < alert.windows:
                must[minute] = 0
            elif minute > run_start + range_seconds(alert) // 60:
                must[minute] = 1
    return must


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kinds=st.lists(st.sampled_from([BAD, BAD, GOOD, ABSENT, FEW]), min_size=4, max_size=9),
    late=st.lists(st.integers(0, 8), min_size=9, max_size=9),
    count=st.integers(1, 3),
)
def test_fires_after_exactly_n_windows_in_a_row(
    prometheus_binaries: PrometheusBinaries, kinds: list[str], late: list[int], count: int
) -> None:
    above = alert(windows=count, min_samples=MIN_SAMPLES)
    windows = windows_of(kinds, late[: len(kinds)])
    with tempfile.TemporaryDirectory() as folder:
        expect(
            prometheus_binaries,
            Path(folder),
            rule_of(above).expression,
            series(windows, END),
            expected(kinds, windows, BAD, above),
        )


@pytest.mark.parametrize(
    ("watched", "bad"),
    [
        (alert(comparison=Comparison.BELOW, low=0.1, high=None), LOW),
        (alert(comparison=Comparison.OUTSIDE, low=0.1, high=0.4), LOW),
        (alert(comparison=Comparison.OUTSIDE, low=0.1, high=0.4), BAD),
    ],
    ids=["below", "below the range", "above the range"],
)
def test_other_comparisons(prometheus_binaries: PrometheusBinaries, tmp_path: Path, watched: Alert, bad: str) -> None:
    kinds = [GOOD, bad, bad, bad, GOOD, bad, ABSENT, bad, bad, GOOD]
    windows = windows_of(kinds)
    firing = expected(kinds, windows, bad, watched)
    expect(prometheus_binaries, tmp_path, rule_of(watched).expression, series(windows, END), firing)


def test_outside_does_not_count_windows_of_both_sides_as_a_row(
    prometheus_binaries: PrometheusBinaries, tmp_path: Path
) -> None:
    windows = windows_of([GOOD, BAD, LOW, BAD, LOW])
    rule = rule_of(alert(comparison=Comparison.OUTSIDE, low=0.1, high=0.4))
    expect(prometheus_binaries, tmp_path, rule.expression, series(windows, END), dict.fromkeys(range(60, 400), 0))


def test_one_window_that_stands_for_hours_is_no_row(prometheus_binaries: PrometheusBinaries, tmp_path: Path) -> None:
    windows = windows_of([GOOD, BAD, BAD], late=[0, 0, 55])  # the third comes almost an hour late
    expect(
        prometheus_binaries,
        tmp_path,
        rule_of(alert(windows=2)).expression,
        series(windows, END),
        dict.fromkeys(range(published_at(windows)[2]), 0) | {published_at(windows)[2] + 1: 1},
    )


def test_daily_windows(prometheus_binaries: PrometheusBinaries, tmp_path: Path) -> None:
    day = 24 * 60
    daily = {
        kind: {name.replace('"1h"', '"1d"'): value for name, value in values.items()} for kind, values in KINDS.items()
    }
    windows = [Window(late, daily[kind]) for kind, late in ((GOOD, 0), (BAD, 30), (BAD, 0), (GOOD, 0))]
    moments = published_at(windows, day)
    fires = moments[1] + day + 60
    expect(
        prometheus_binaries,
        tmp_path,
        rule_of(alert(window=DAILY)).expression,
        series(windows, END.replace('"1h"', '"1d"'), day),
        {moments[1] + 60: 0, moments[2] - 1: 0, fires - 2: 0, fires + 1: 1, moments[3] - 1: 1, moments[3] + 1: 0},
    )


def test_a_second_exporter_changes_nothing(prometheus_binaries: PrometheusBinaries, tmp_path: Path) -> None:
    """Two replicas are scraped: their series differ by instance alone, and are one model's."""
    windows = windows_of([GOOD, BAD, BAD, GOOD])
    both = [
        {**one, "series": one["series"].replace("{", f'{{instance="{instance}",')}
        for one in series(windows, END)
        for instance in ("a", "b")
    ]
    moments = published_at(windows)
    at = moments[1] + 70
    rule = rule_of(alert(min_samples=MIN_SAMPLES))
    expect(prometheus_binaries, tmp_path, rule.expression, both, {moments[2] - 1: 0, at - 2: 0, at + 1: 1})


class TestFreshness:
    """One alert a model: silence in the log, and silence of the exporter."""

    SILENT = Window(0, {PREDICTIONS: 0})
    TRAFFIC = Window(0, {PREDICTIONS: 5})

    def test_fires_after_exactly_n_silent_windows(
        self, prometheus_binaries: PrometheusBinaries, tmp_path: Path
    ) -> None:
        windows = [self.TRAFFIC, self.SILENT, self.SILENT, self.TRAFFIC, *[self.SILENT] * 4, self.TRAFFIC]
        moments = published_at(windows)
        fires = moments[4] + 2 * 60 + 10
        silent = dict.fromkeys(range(moments[0], fires - 1), 0)
        firing = dict.fromkeys(range(fires + 1, moments[8]), 1)
        expect(
            prometheus_binaries,
            tmp_path,
            rule_of(FRESHNESS).expression,
            series(windows, END),
            silent | firing | {moments[8] + 1: 0},
        )

    def test_a_new_model_without_traffic_has_n_windows_of_grace(
        self, prometheus_binaries: PrometheusBinaries, tmp_path: Path
    ) -> None:
        windows = [self.SILENT] * 4
        third = published_at(windows)[2]
        firing = dict.fromkeys(range(SETTLE_MINUTES + 60, third), 0) | {third + 1: 1}
        expect(prometheus_binaries, tmp_path, rule_of(FRESHNESS).expression, series(windows, END), firing)

    def test_windows_that_were_caught_up_together_do_not_delay_it(
        self, prometheus_binaries: PrometheusBinaries, tmp_path: Path
    ) -> None:
        """The exporter was down for a window: the end jumps by two, and silence is measured by time."""
        windows = [self.TRAFFIC, self.SILENT, self.SILENT, self.SILENT, self.SILENT]
        inputs = series(windows, END)
        moments = published_at(windows)
        at = moments[1] + 130
        skipped = [
            {**one, "values": one["values"].replace("10800+", "7200+")} if one["series"] == END else one
            for one in inputs
        ]
        expect(prometheus_binaries, tmp_path, rule_of(FRESHNESS).expression, skipped, {at - 2: 0, at + 1: 1})

    def test_fires_when_nothing_is_published(self, prometheus_binaries: PrometheusBinaries, tmp_path: Path) -> None:
        expect(prometheus_binaries, tmp_path, rule_of(FRESHNESS).expression, [], {1: 1, 600: 1})


@pytest.mark.slow
class TestChange:
    """Against the median of the same windows of past weeks."""

    WEEK = 7 * 24
    SEASON = (10.0, 1000.0, 30.0)  # neighbouring hours differ by far more than the threshold

    def history(
        self,
        weeks: int,
        now: list[float],
        factors: dict[int, float] | None = None,
        season: tuple[float, float, float] = SEASON,
    ) -> list[Window]:
        """Some weeks of hourly values that repeat weekly, the last windows replaced by `now` times the season."""
        values = [season[hour % self.WEEK % 3] for hour in range(weeks * self.WEEK + len(now))]
        for week, factor in (factors or {}).items():
            start = (weeks - week) * self.WEEK
            values[start : start + len(now)] = [value * factor for value in values[start : start + len(now)]]
        values[-len(now) :] = [value * factor for value, factor in zip(values[-len(now) :], now, strict=True)]
        return [Window((hour * 7) % 9, {VALUE: value}) for hour, value in enumerate(values)]

    def check(
        self,
        binaries: PrometheusBinaries,
        folder: Path,
        windows: list[Window],
        firing: dict[int, int],
        count: int = 1,
    ) -> None:
        rule = rule_of(alert(comparison=Comparison.CHANGE_ABOVE, high=0.5, windows=count))
        expect(binaries, folder, rule.expression, series(windows, END), firing)

    def test_a_season_never_fires(self, prometheus_binaries: PrometheusBinaries, tmp_path: Path) -> None:
        windows = self.history(3, [1.2] * 8)
        moments = published_at(windows)
        self.check(prometheus_binaries, tmp_path, windows, dict.fromkeys(range(moments[-8], moments[-1] + 60), 0))

    @pytest.mark.parametrize("factor", [2.0, 0.3])
    def test_a_change_fires_for_its_window(
        self, prometheus_binaries: PrometheusBinaries, tmp_path: Path, factor: float
    ) -> None:
        windows = self.history(3, [1.0, factor, 1.0])
        _, changed, after = published_at(windows)[-3:]
        firing = dict.fromkeys(range(changed + 20, after), 1)
        self.check(
            prometheus_binaries,
            tmp_path,
            windows,
            dict.fromkeys(range(changed - 50, changed), 0) | firing | {after + 10: 0},
        )

    def test_several_windows_in_a_row(self, prometheus_binaries: PrometheusBinaries, tmp_path: Path) -> None:
        windows = self.history(3, [1.0, 2.0, 1.0, 2.0, 2.0, 1.0])
        *_, fourth, fifth, last = published_at(windows)
        quiet = dict.fromkeys(range(fourth - 170, fifth), 0)
        firing = dict.fromkeys(range(fifth + 20, last), 1)
        self.check(prometheus_binaries, tmp_path, windows, quiet | firing | {last + 20: 0}, count=2)

    def test_late_windows_are_compared_with_their_own_past(
        self, prometheus_binaries: PrometheusBinaries, tmp_path: Path
    ) -> None:
        """Values that double each hour, and now doubled: the neighbour of a past week would look like no change."""
        windows = self.history(3, [1.0, 2.0, 2.0, 2.0, 2.0, 2.0], season=(10.0, 20.0, 40.0))
        second, last = published_at(windows)[-4], published_at(windows)[-1]
        firing = dict.fromkeys(range(second + 20, last + 60), 1)
        self.check(prometheus_binaries, tmp_path, windows, firing, count=2)

    def test_one_week_is_no_baseline_and_two_are(self, prometheus_binaries: PrometheusBinaries, tmp_path: Path) -> None:
        for weeks, fires in ((1, 0), (2, 1)):
            windows = self.history(weeks, [1.0, 3.0])
            self.check(prometheus_binaries, tmp_path, windows, {published_at(windows)[-1] + 40: fires})

    def test_an_incident_does_not_echo(self, prometheus_binaries: PrometheusBinaries, tmp_path: Path) -> None:
        windows = self.history(4, [1.0, 1.0, 1.0], factors={1: 9.0})
        end = published_at(windows)[-1]
        self.check(prometheus_binaries, tmp_path, windows, dict.fromkeys(range(end - 120, end + 60, 5), 0))

    def test_a_change_from_zero_is_no_change(self, prometheus_binaries: PrometheusBinaries, tmp_path: Path) -> None:
        windows = [Window(0, {VALUE: 0.0})] * (3 * self.WEEK) + [Window(0, {VALUE: 1.0})]
        self.check(prometheus_binaries, tmp_path, windows, {published_at(windows)[-1] + 40: 0})
