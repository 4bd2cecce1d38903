"""The snapshot: ages, the series limit, and the exporter's own metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families

from metrics_exporter.compute.refresh import LogReport
from metrics_exporter.definitions import OwnMetric
from metrics_exporter.digests import digests
from metrics_exporter.profiles.profile import Profile
from metrics_exporter.serving.own_metrics import OwnMetrics
from metrics_exporter.serving.snapshot import Snapshot, Snapshots
from metrics_exporter.serving.view import groups
from metrics_exporter.windows import DAILY
from tests.exporter.serving.builders import END, MAX_AGE, NOW, definitions, predictor, profile, report, window
from tests.hostile.names import NAMES

HOUR = timedelta(hours=1)
PER_FEATURE = 12  # values, mean, stddev, min, max, five quantiles, default and null ratio
PER_MODEL = 14  # predictions, values, null ratio, mean, stddev, min, max, five quantiles, window end, model info


def _make(
    reports: Sequence[LogReport], snapshots: Snapshots | None = None, now_after: timedelta = HOUR * 0
) -> Snapshot:
    defined, now = definitions(predictor()), NOW + now_after
    return (snapshots or Snapshots()).make(defined, reports, groups(defined, reports, now, MAX_AGE), now)


def _samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    families = text_string_to_metric_families(text)
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def _get(snapshot: Snapshot, name: str, **labels: str) -> float | None:
    return _samples(snapshot.current.text.text()).get((name, frozenset(labels.items())))


def _names(text: str) -> set[str]:
    return {name for name, _ in _samples(text)}


def test_own_metrics_say_what_the_refresh_did() -> None:
    snapshot = _make(
        [
            report(
                window(
                    [profile(unparsable=3), profile(feature="distance", unparsable=4)],
                    rows=77,
                    unreadable=(("features", 3),),
                )
            )
        ]
    )
    assert _get(snapshot, "driftgauge_last_success_timestamp_seconds", log="default") == NOW.timestamp()
    assert _get(snapshot, "driftgauge_query_seconds", log="default") == 1.5
    assert _get(snapshot, "driftgauge_missed_windows_total", log="default") == 2
    assert _get(snapshot, "driftgauge_errors_total", log="default") == 1
    assert _get(snapshot, "driftgauge_window_rows", log="default", window="1h") == 77
    assert _get(snapshot, "driftgauge_duplicate_rows", log="default", window="1h") == 2
    assert _get(snapshot, "driftgauge_unparsable_values", log="default", window="1h") == 7
    assert _get(snapshot, "driftgauge_unreadable_rows", log="default", window="1h", what="features") == 3


def test_own_series_count_what_is_exported() -> None:
    snapshot = _make([report(window([profile(), profile(feature="distance")]))])
    lines = [line for line in snapshot.current.text.text().splitlines() if line.startswith("ml_")]
    assert snapshot.series == len(lines) == _get(snapshot, "driftgauge_series", predictor="eta")


def test_every_registered_predictor_says_what_it_is_measured_by() -> None:
    snapshot = _make([report(window([profile(), *_grown(40)]))], Snapshots(series_limit=1))
    expected = {(("digest", digests(definitions(predictor()))["eta"]), ("predictor", "eta")): 1.0}
    for exposition in (snapshot.current, snapshot.expired):
        assert _definitions_of(exposition.text.text(), text_string_to_metric_families) == expected
        assert _definitions_of(exposition.openmetrics.text(), parse_openmetrics) == expected


@pytest.mark.parametrize("name", NAMES)
def test_names_of_any_kind_say_what_they_are_measured_by(name: str) -> None:
    text = OwnMetrics((), {}, {}, digests(definitions(predictor(name))))
    (found,) = _definitions_of(text.text().decode(), text_string_to_metric_families)
    assert found in _definitions_of(text.openmetrics().decode(), parse_openmetrics)
    assert dict(found)["predictor"] == name


def _definitions_of(text: str, parse: Callable[[str], Iterable[Metric]]) -> dict[tuple[tuple[str, str], ...], float]:
    samples = (sample for family in parse(text) for sample in family.samples)
    return {tuple(sorted(s.labels.items())): s.value for s in samples if s.name == OwnMetric.DEFINITION_INFO}


def test_a_log_that_never_succeeded_has_no_time_of_success() -> None:
    snapshot = _make([replace(report(), last_success=None, query_seconds=None)])
    assert _get(snapshot, "driftgauge_last_success_timestamp_seconds", log="default") is None
    assert _get(snapshot, "driftgauge_query_seconds", log="default") is None


def test_values_are_good_until_the_first_of_them_is_too_old() -> None:
    hour, day = window([profile()]), window([profile()], length=DAILY, end=END.replace(hour=0))
    snapshot = _make([report(hour, day)])
    assert snapshot.good_until == END + HOUR + timedelta(minutes=10) + MAX_AGE
    expired = snapshot.exposition(snapshot.good_until)
    assert snapshot.exposition(NOW) is snapshot.current
    assert expired is snapshot.expired
    names = _names(expired.text.text())
    assert names and all(name.startswith("driftgauge_") for name in names)
    assert expired.openmetrics.text().endswith("# EOF\n")


def test_rendered_again_without_news_old_values_vanish_and_freshness_stays() -> None:
    reports = [report(window([profile(), profile(feature="distance")]))]
    names = _names(_make(reports, now_after=HOUR * 5).current.text.text())
    assert {name for name in names if name.startswith("ml_")} == {"ml_model_info", "ml_window_end_timestamp_seconds"}
    assert "driftgauge_last_success_timestamp_seconds" in names


def test_nothing_to_show_is_good_for_ever() -> None:
    snapshot = _make([report()])
    assert snapshot.good_until is None
    assert snapshot.exposition(NOW + HOUR * 1000) is snapshot.current


def _grown(features: int) -> list[Profile]:
    return [profile("tips", "tips_v1"), *(profile("tips", "tips_v1", f"user_{place}") for place in range(features))]


def test_who_grew_beyond_the_limit_is_left_out_and_named_while_others_stay() -> None:
    snapshots = Snapshots(series_limit=500)
    steady = [profile(), *(profile(feature=f"f{place}") for place in range(20))]
    before = _make([report(window([*steady, *_grown(2)]))], snapshots)
    after = _make([report(window([*steady, *_grown(40)]))], snapshots)
    assert before.dropped == {}
    assert list(after.dropped) == ["tips"]
    assert 'predictor="tips",model' not in after.current.text.text()
    assert _get(after, "ml_predictions", predictor="eta", model_id="eta_v1", window="1h") == 100
    assert _get(after, "driftgauge_dropped_series", predictor="tips") == 40 * PER_FEATURE + PER_MODEL
    assert _get(after, "driftgauge_series", predictor="tips") is None
    reason = after.dropped["tips"]
    assert "grew from 38 to 494 series" in reason
    assert "38 features (user_10, user_11, user_12, …)" in reason
    assert "limit for all is 500" in reason


def test_a_sentence_about_the_limit_is_one_line_whatever_the_names() -> None:
    features = [profile("eta\n", "m\x1b[31m", feature) for feature in ("a\nb", "\u202e", "x" * 500)]
    reason = _make([report(window(features))], Snapshots(series_limit=1)).dropped["eta\n"]
    assert reason.isprintable()
    assert "new: 1 model ('m\\x1b[31m') and 3 features ('a\\nb', " in reason
    assert f"{'x' * 60}…" in reason
    assert "x" * 61 not in reason


def test_it_is_back_when_it_fits_again() -> None:
    snapshots = Snapshots(series_limit=300)
    for features, dropped in ((2, []), (40, ["tips"]), (40, ["tips"]), (3, [])):
        snapshot = _make([report(window([profile(), *_grown(features)]))], snapshots)
        assert list(snapshot.dropped) == dropped


def test_at_the_start_the_largest_is_left_out() -> None:
    snapshot = _make([report(window([profile(), *_grown(40)]))], Snapshots(series_limit=100))
    assert "'tips' has 494 series and is left out" in snapshot.dropped["tips"]
    assert "1 model (tips_v1) and 40 features" in snapshot.dropped["tips"]


def test_a_limit_that_nobody_fits_leaves_nobody() -> None:
    snapshot = _make([report(window([profile(), *_grown(1)]))], Snapshots(series_limit=1))
    assert set(snapshot.dropped) == {"eta", "tips"}
    assert snapshot.series == 0
