"""Who is known, which windows are theirs, and when values vanish."""

from __future__ import annotations

from datetime import timedelta

from metrics_exporter.serving.view import Group, groups
from tests.exporter.serving.builders import END, MAX_AGE, NOW, definitions, predictor, profile, report, window


def _windows(found: tuple[Group, ...], name: str) -> dict[str | None, Group]:
    return {group.context.window: group for group in found if group.predictor == name}


def test_a_registered_model_without_rows_made_zero_predictions() -> None:
    found = groups(definitions(predictor()), [report(window([profile()]))], NOW, MAX_AGE)
    hour = _windows(found, "eta")["1h"]
    assert [(m.model_id, m.role, m.team, m.rows) for m in hour.models] == [
        ("eta_v1", "primary", "logistics", 100),
        ("eta_v2", "shadow", "logistics", 0),
    ]


def test_a_model_seen_lately_is_known_though_it_has_no_rows_now() -> None:
    known = {("tips", "tips_v1"): END - timedelta(days=2)}
    found = groups(definitions(), [report(window([]), known=known)], NOW, MAX_AGE)
    (model,) = _windows(found, "tips")["1h"].models
    assert (model.rows, model.role, model.team) == (0, "unregistered", "")


def test_an_unregistered_model_of_a_registered_predictor_has_its_team() -> None:
    found = groups(definitions(predictor()), [report(window([profile(model_id="eta_v9")]))], NOW, MAX_AGE)
    roles = {m.model_id: (m.role, m.team) for m in _windows(found, "eta")["1h"].models}
    assert roles["eta_v9"] == ("unregistered", "logistics")


def test_only_the_windows_of_its_cadence() -> None:
    both = report(window([profile()]), window([profile()], name="1d"))
    assert set(_windows(groups(definitions(predictor(windows=("1d",))), [both], NOW, MAX_AGE), "eta")) == {None, "1d"}
    assert set(_windows(groups(definitions(), [both], NOW, MAX_AGE), "eta")) == {None, "1h", "1d"}


def test_before_any_window_models_are_known_by_the_registry_alone() -> None:
    (group,) = groups(definitions(predictor(mae=3.0)), [report()], NOW, MAX_AGE)
    assert group.context.window is None
    assert [(m.model_id, m.training) for m in group.models] == [("eta_v1", {"mae": 3.0}), ("eta_v2", {})]


def test_values_vanish_at_their_age_and_the_window_end_stays() -> None:
    late = END + timedelta(hours=1, minutes=10) + MAX_AGE
    reports = [report(window([profile(), profile(feature="distance")]))]
    before = _windows(groups(definitions(), reports, late - timedelta(seconds=1), MAX_AGE), "eta")["1h"]
    after = _windows(groups(definitions(), reports, late, MAX_AGE), "eta")["1h"]
    assert (len(before.features), before.models[0].rows) == (1, 100)
    assert (after.features, after.predictions, after.models[0].rows, after.context.end) == ((), (), None, END)


def test_each_predictor_comes_from_one_log() -> None:
    defined = definitions(predictor(log="b"), logs=("a", "b"))
    both = [report(window([profile(), profile("tips", "tips_v1")], log=log, rows=1), log=log) for log in ("b", "a")]
    found = groups(defined, both, NOW, MAX_AGE)
    assert {group.predictor: group.log for group in found} == {"eta": "b", "tips": "a"}
    keys = [(group.predictor, group.context.window) for group in found]
    assert len(keys) == len(set(keys))


def test_order_does_not_depend_on_the_order_of_profiles() -> None:
    profiles = [profile(feature=name) for name in "cab"] + [profile("a", "m"), profile()]
    one = groups(definitions(), [report(window(profiles))], NOW, MAX_AGE)
    other = groups(definitions(), [report(window(profiles[::-1]))], NOW, MAX_AGE)
    assert one == other
