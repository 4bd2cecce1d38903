"""Who is known, which windows are theirs, and when values vanish."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from metrics_exporter.definitions import Subject
from metrics_exporter.serving.view import Group, groups
from metrics_exporter.windows import DAILY, HOURLY, Window
from tests.exporter.serving.builders import (
    END,
    MAX_AGE,
    NOW,
    alert,
    definitions,
    predictor,
    profile,
    readings,
    report,
    window,
)

LATE = END + timedelta(hours=1, minutes=10) + MAX_AGE


def _windows(found: tuple[Group, ...]) -> dict[Window | None, Group]:
    return {group.window: group for group in found}


def _models(group: Group) -> list[tuple[str | None, ...]]:
    models = group.models
    return [(models.model_id[row], models.role[row], models.team[row]) for row in range(len(models))]


def _shown(group: Group, subject: Subject) -> list[str | None]:
    return [group.profiles.predictor[row] for row in group.rows[subject].tolist()]


def test_a_registered_model_without_rows_made_zero_predictions() -> None:
    hour = _windows(groups(definitions(predictor()), [report(window([profile()]))], NOW, MAX_AGE))[HOURLY]
    assert _models(hour) == [("eta_v1", "primary", "logistics"), ("eta_v2", "shadow", "logistics")]
    assert hour.models.rows.tolist() == [100, 0]


def test_a_model_seen_lately_is_known_though_it_has_no_rows_now() -> None:
    known = {("tips", "tips_v1"): END - timedelta(days=2)}
    hour = _windows(groups(definitions(), [report(window([]), known=known)], NOW, MAX_AGE))[HOURLY]
    assert _models(hour) == [("tips_v1", "unregistered", "")]
    assert hour.models.rows.tolist() == [0]


def test_an_unregistered_model_of_a_registered_predictor_has_its_team() -> None:
    found = groups(definitions(predictor()), [report(window([profile(model_id="eta_v9")]))], NOW, MAX_AGE)
    assert ("eta_v9", "unregistered", "logistics") in _models(_windows(found)[HOURLY])


def test_only_the_windows_of_its_cadence() -> None:
    both = report(window([profile()]), window([profile(), profile("tips", "tips_v1")], length=DAILY))
    found = _windows(groups(definitions(predictor(windows=(HOURLY,))), [both], NOW, MAX_AGE))
    assert _shown(found[HOURLY], Subject.PREDICTION) == ["eta"]
    assert _shown(found[DAILY], Subject.PREDICTION) == ["tips"]
    assert found[DAILY].models.predictor.words == ("tips",)


def test_before_any_window_models_are_known_by_the_registry_alone() -> None:
    (group,) = groups(definitions(predictor(mae=3.0)), [report()], NOW, MAX_AGE)
    assert group.window is None
    assert [model for model, _, _ in _models(group)] == ["eta_v1", "eta_v2"]
    np.testing.assert_equal(dict(group.models.training), {"mae": np.array([3.0, np.nan])})


def test_values_vanish_at_their_age_and_the_window_end_stays() -> None:
    reports = [report(window([profile(), profile(feature="distance")]))]
    defined = definitions(predictor())
    before = _windows(groups(defined, reports, LATE - timedelta(seconds=1), MAX_AGE))[HOURLY]
    after = _windows(groups(defined, reports, LATE, MAX_AGE))[HOURLY]
    assert (len(before.rows[Subject.FEATURE]), before.models.rows[0]) == (1, 100)
    assert (len(after.rows[Subject.FEATURE]), len(after.rows[Subject.PREDICTION]), after.models.end) == (0, 0, END)
    assert np.isnan(after.models.rows).all()


def test_readings_and_silence_vanish_with_the_windows_that_they_are_from() -> None:
    hourly, daily = alert("hourly"), alert("daily", window=DAILY)
    found = [readings(each, {("eta_v1", "distance"): 0.5}) for each in (hourly, daily)]
    midnight = END.replace(hour=0)
    one = report(
        window([profile()]), window([], length=DAILY, end=midnight), silence={("eta", "eta_v1"): 60.0}, found=found
    )
    defined = definitions(predictor(alerts=(hourly, daily)))

    def shown(now: datetime) -> tuple[list[str | None], float]:
        unwindowed = _windows(groups(defined, [one], now, MAX_AGE))[None]
        named = [unwindowed.readings.alert[row] for row in unwindowed.rows[Subject.ALERT].tolist()]
        return named, float(unwindowed.models.silence[0])

    assert shown(NOW) == (["hourly", "daily"], 60.0)
    late, silence = shown(LATE)
    assert late == ["daily"]
    assert np.isnan(silence)


def test_each_predictor_comes_from_one_log() -> None:
    defined = definitions(predictor(log="b"), logs=("a", "b"))
    both = [report(window([profile(), profile("tips", "tips_v1")], log=log, rows=1), log=log) for log in ("b", "a")]
    found = groups(defined, both, NOW, MAX_AGE)
    shown = [(name, group.log) for group in found for name in _shown(group, Subject.PREDICTION)]
    assert shown == [("tips", "a"), ("eta", "b")]


def test_without_a_predictor_nothing_of_it_is_left() -> None:
    found = [readings(alert(), {("eta_v1", "distance"): 0.5})]
    profiles = [profile(), profile(feature="f"), profile("tips", "tips_v1"), profile("tips", "tips_v1", "g")]
    for group in groups(definitions(predictor()), [report(window(profiles), found=found)], NOW, MAX_AGE):
        left = group.without({"eta"})
        names = {left.table(subject).predictor[row] for subject, rows in left.rows.items() for row in rows.tolist()}
        assert names == {"tips"}
