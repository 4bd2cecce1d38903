"""What windows are compared with: the weeks before them, as the history has them."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from generator.catalogue import METRICS
from metrics_exporter.compute.judging import Judge
from metrics_exporter.compute.references import References
from metrics_exporter.compute.schedule import Schedule
from metrics_exporter.definitions import Alert, Comparison, Definitions, Exclusion, Model, Reference, Role
from metrics_exporter.drift.compare import compare
from metrics_exporter.profiles.history import History, HistoryError
from metrics_exporter.profiles.table import Drift, Profiles, WindowProfiles, concatenated
from metrics_exporter.profiles.text import Text
from metrics_exporter.profiles.training import to_document
from metrics_exporter.statistics.drift import drift_score
from metrics_exporter.windows import DAILY, HOURLY, Window
from tests.exporter.compute.logs import START, definitions
from tests.exporter.drift.samples import names, numbers

DAY = timedelta(days=1)
MIDNIGHT = START.replace(hour=0)
WEEKLY = Window.parse("7d")


def _sample(seed: int, shift: float = 0.0) -> Profiles:
    """The predictions and two features of one model; the second feature is the one that may be shifted."""
    random = np.random.default_rng(seed)
    table = numbers([random.normal(size=400), random.normal(size=400), random.normal(shift, 1, 400)])
    return replace(table, feature=Text.of([None, "x", "y"]))


def _day(number: int, profiles: Profiles | None = None, window: Window = DAILY) -> WindowProfiles:
    """The day that ends `number` days after the first midnight."""
    table = _sample(number) if profiles is None else profiles
    return WindowProfiles("default", window, MIDNIGHT + number * DAY, 400, 0, table)


class Place:
    """A history with some days, and what compares with them."""

    def __init__(self, days: Sequence[WindowProfiles], defined: Definitions | None = None) -> None:
        self.history = History(f"memory://{uuid.uuid4()}")
        windows = {HOURLY, DAILY, *(day.window for day in days)}
        self.schedule = Schedule(windows, timedelta(), timedelta(), 0)
        for day in days:
            self.history.write(day)
        ends = {window: [day.end for day in days if day.window == window] for window in windows}
        self.schedule.begin(ends, MIDNIGHT + 400 * DAY)
        self.beats = 0
        self.references = References(defined or definitions(), "default", self.history, self.schedule, self._beat)

    def _beat(self) -> None:
        self.beats += 1

    def drift(self, window: WindowProfiles) -> Drift | None:
        return self.references.compared(window).profiles.drift


def _with_reference(reference: Reference | None, models: Sequence[str] = ("m",)) -> Definitions:
    defined = definitions(models=models)
    listed = tuple(Model(id=model, role=Role.PRIMARY, reference=reference) for model in models)
    return defined.model_copy(
        update={"predictors": {"p": defined.predictors["p"].model_copy(update={"models": listed})}}
    )


def test_a_day_is_compared_with_the_four_weeks_before_it() -> None:
    days = [_day(number) for number in range(40)]
    window = _day(40, _sample(99, shift=1.0))
    drift = Place(days).drift(window)
    assert drift is not None
    history = Place(days[12:]).history
    merged, _ = history.merged("default", DAILY, [day.end for day in days[12:]], DAILY, window.end)
    assert merged is not None
    expected = compare(window.profiles, merged.profiles)
    assert drift.psi.tolist() == expected.psi.tolist()
    assert drift.bound.tolist() == expected.bound.tolist()
    assert [drift.reference[row] for row in range(3)] == ["trailing"] * 3
    assert (drift.psi > drift.bound).tolist() == [False, False, True]


def test_the_registry_says_how_many_weeks() -> None:
    """The third week before was another; one week of reference does not know it, and three do."""
    days = [_day(number, _sample(number, shift=3.0 if number < 7 else 0.0)) for number in range(21)]
    seen = [
        Place(days, _with_reference(Reference(kind="trailing", weeks=weeks))).drift(_day(21)) for weeks in (1, 2, 3)
    ]
    found = [drift.psi[2] > drift.bound[2] for drift in seen if drift is not None]
    assert found == [False, False, True]


def test_of_less_than_a_week_nothing_is_said() -> None:
    assert Place([_day(number) for number in range(6)]).drift(_day(6)) is None
    assert Place([_day(number) for number in range(7)]).drift(_day(7)) is not None
    new = [_day(number, _sample(number).take(np.arange(2 if number < 4 else 3))) for number in range(10)]
    drift = Place(new).drift(_day(10))  # of `y` there are six days
    assert drift is not None
    assert np.isnan(drift.psi).tolist() == [False, False, True]
    assert drift.reference[2] is None


def test_hours_are_not_compared_and_weeks_are_compared_with_days() -> None:
    days = [_day(number) for number in range(30)]
    assert Place(days).drift(_day(30, window=HOURLY)) is None
    week = _day(35, window=WEEKLY)
    place = Place([*days, _day(28, window=WEEKLY)])
    assert place.drift(week) is not None


def _trained(table: Profiles, called: tuple[str, str] = ("p", "m")) -> Definitions:
    """Definitions whose one model was trained on a table; the profile may call it as it was called then."""
    defined = _with_reference(Reference(kind="training", profile="profiles/p.json"))
    document = to_document(table).model_copy(update=dict(zip(("predictor", "model_id"), called, strict=True)))
    return defined.model_copy(update={"training": {("p", "m"): document}})


def test_a_model_is_compared_with_its_training_set_from_the_first_day_on() -> None:
    trained, window = _sample(1000), _day(0, _sample(0, shift=1.0))
    expected = compare(window.profiles, trained)
    for called in (("p", "m"), ("before it was renamed", "m")):
        drift = Place([], _trained(trained, called)).drift(window)
        assert drift is not None
        assert drift.psi.tolist() == expected.psi.tolist()
        assert drift.bound.tolist() == pytest.approx(expected.bound.tolist())
        assert np.isnan(drift.dispersion).all()
        assert [drift.reference[row] for row in range(3)] == ["training"] * 3


def test_what_the_training_set_lacks_is_compared_with_the_weeks_before() -> None:
    """Such as the predictions, and a feature that came later."""
    trained = _trained(_sample(1000).take(np.array([True, True, False])))
    drift = Place([_day(number) for number in range(20)], trained).drift(_day(20))
    assert drift is not None
    assert [drift.reference[row] for row in range(3)] == ["training", "training", "trailing"]
    assert not np.isnan(drift.psi).any()


def test_a_model_whose_profile_can_t_be_read_is_compared_with_the_weeks_before() -> None:
    defined = _with_reference(Reference(kind="training", profile="profiles/p.json"))
    drift = Place([_day(number) for number in range(20)], defined).drift(_day(20))
    assert drift is not None
    assert [drift.reference[row] for row in range(3)] == ["trailing"] * 3


def _scores_against_training(shifts: Sequence[float]) -> list[float]:
    """Of a feature whose mean is shifted so far from training, day by day."""
    place = Place([], _trained(_sample(1000)))
    scores = []
    for number, shift in enumerate(shifts):
        day = place.references.compared(_day(number, _sample(number, shift=shift)))
        place.history.write(day)
        place.schedule.set_done(DAILY, day.end)
        scores.append(float(drift_score(day.profiles)[2]))
    return scores


def test_production_that_never_was_like_training_tells_nobody_off() -> None:
    """What is usual is what 95 % of the days of the first four weeks were, however long ago."""
    scores = _scores_against_training([0.5] * 60)
    assert np.isnan(scores[:17]).all()
    assert np.mean([score > 1 for score in scores[17:]]) < 0.2
    assert max(scores[17:]) < 1.3


def test_what_moves_away_from_training_later_is_told_for_as_long_as_it_stays() -> None:
    """Also slowly: no week differs from the week before."""
    scores = _scores_against_training([0.5] * 30 + [1.2] * 40)
    assert all(score > 1 for score in scores[30:])
    scores = _scores_against_training([0.2] * 30 + [0.2 + step * 0.02 for step in range(60)])
    assert np.mean([score > 1 for score in scores[30:40]]) < 0.4
    assert all(score > 1 for score in scores[70:])


def test_a_restart_finds_the_first_weeks_again() -> None:
    defined, shifts = _trained(_sample(1000)), [0.4] * 40 + [1.0] * 3
    place = Place([], defined)
    days = []
    for number, shift in enumerate(shifts):
        days.append(place.references.compared(_day(number, _sample(number, shift=shift))))
        place.history.write(days[-1])
        place.schedule.set_done(DAILY, days[-1].end)
    again = Place(days[:-1], defined).drift(_day(42, _sample(42, shift=1.0)))
    assert again is not None
    assert days[-1].profiles.drift is not None
    np.testing.assert_equal(again.dispersion, days[-1].profiles.drift.dispersion)


def test_the_limit_grows_with_what_the_past_weeks_varied() -> None:
    """Days that differ by what all of their rows share: as many of them exceed the bound as ever."""
    random = np.random.default_rng(1)
    shifts = random.normal(0, 0.5, 90)
    past = [_day(number, _sample(number, shift=shifts[number])) for number in range(30)]
    place = Place(past)
    days = []
    for number in range(30, 90):
        day = place.references.compared(_day(number, _sample(number, shift=shifts[number])))
        place.history.write(day)
        place.schedule.set_done(DAILY, day.end)
        days.append(day.profiles.drift)
    late = [drift for drift in days[28:] if drift is not None]
    assert len(late) == 32
    assert all(drift.dispersion[1] < 1.5 for drift in late)
    assert all(drift.dispersion[2] > 2 for drift in late)
    alone = np.mean([drift.psi[2] > drift.bound[2] for drift in late])
    scaled = np.mean([drift.psi[2] > drift.bound[2] * drift.dispersion[2] for drift in late])
    assert alone > 0.3
    assert scaled < 0.15
    early = [drift for drift in days[:20] if drift is not None]  # 17 that were compared, three days before
    assert all(np.isnan(drift.dispersion).all() for drift in early)


def test_a_shadow_is_compared_with_its_primary_in_the_same_day() -> None:
    """From the first day on: which feature it sees otherwise, and which only the shadow has."""
    defined = _with_reference(None, ("m", "s"))
    predictor = defined.predictors["p"]
    shadow = Model(id="s", role=Role.SHADOW, reference=Reference(kind="primary"))
    models = {"p": predictor.model_copy(update={"models": (predictor.models[0], shadow)})}
    primary = _sample(1)
    other = numbers([np.random.default_rng(place).normal(place % 2, 1, 400) for place in (2, 4, 3, 6)])
    seen = replace(other, model_id=Text.of(["s"] * 4), feature=Text.of([None, "x", "y", "z"]))
    place = Place([], defined.model_copy(update={"predictors": models}))
    drift = place.drift(_day(1, concatenated([primary, seen])))
    assert drift is not None
    expected = compare(replace(seen, model_id=Text.of(["m"] * 4)), primary)
    assert np.isnan(drift.psi[:3]).all()
    np.testing.assert_equal(drift.psi[3:], expected.psi)
    assert [drift.reference[row] for row in range(7)] == [*[None] * 3, *["primary"] * 3, None]
    day = replace(concatenated([primary, seen]), drift=drift)
    assert (drift_score(day)[3:] > 1).tolist() == [False, False, True, False]


def test_what_all_rows_of_a_day_share_is_told_from_what_each_has_of_its_own() -> None:
    """By the intra-class correlation: of numbers with a level of each day, and of categories that are one a day."""
    random = np.random.default_rng(2)
    days = []
    for number in range(15):
        level, name = random.normal(0, 3), f"name {number % 3}"
        own = numbers([random.normal(size=300), random.normal(size=300), random.normal(level, 1, 300)])
        named = names([random.choice(["a", "b", "c"], 300).tolist(), [name] * 300])
        days.append(
            concatenated(
                [
                    replace(own, feature=Text.of([None, "of its own", "the weather"])),
                    replace(named, feature=Text.of(["z choice", "z weekday"])),
                ]
            )
        )
    drift = Place([_day(number, day) for number, day in enumerate(days[:14])]).drift(_day(14, days[14]))
    assert drift is not None
    shared = drift.shared.round(2).tolist()
    assert all(abs(each) < 0.02 for each in (shared[0], shared[1], shared[3]))
    assert 0.7 < shared[2] < 0.97
    assert shared[4] == 1


def test_what_all_rows_of_a_day_share_is_told_against_training_too() -> None:
    random = np.random.default_rng(3)
    shifts = random.normal(0, 3, 15)
    days = [_day(number, _sample(number, shift=shift)) for number, shift in enumerate(shifts)]
    drift = Place(days[:14], _trained(_sample(1000))).drift(days[14])
    assert drift is not None
    assert [drift.reference[row] for row in range(3)] == ["training"] * 3
    assert (drift.shared > 0.5).tolist() == [False, False, True]


def _leaving_out(first: int, last: int, reference: Reference | None = None) -> Definitions:
    """Definitions whose predictor leaves out the days with these numbers."""
    defined = _with_reference(reference)
    days = [(MIDNIGHT + (number - 1) * DAY).date() for number in (first, last)]
    exclude = (Exclusion(first=days[0], last=days[1], reason="the log was broken"),)
    predictor = defined.predictors["p"].model_copy(update={"exclude": exclude})
    return defined.model_copy(update={"predictors": {"p": predictor}})


def test_days_that_are_left_out_are_none_of_the_reference() -> None:
    """As if the history had none of them; they are compared themselves."""
    days = [_day(number, _sample(number, shift=3.0 if 12 <= number < 15 else 0.0)) for number in range(20)]
    with_all = Place(days).drift(_day(20))
    without = Place(days, _leaving_out(12, 14)).drift(_day(20))
    missing = Place([day for number, day in enumerate(days) if not 12 <= number < 15]).drift(_day(20))
    assert with_all is not None
    assert without is not None
    assert missing is not None
    assert without.psi.tolist() == missing.psi.tolist()
    assert without.shared.tolist() == missing.shared.tolist()
    assert without.psi[2] < with_all.psi[2]
    itself = Place(days, _leaving_out(20, 20)).drift(_day(20))
    assert itself is not None
    assert itself.psi.tolist() == with_all.psi.tolist()


def test_where_too_many_days_are_left_out_nothing_is_said() -> None:
    days = [_day(number) for number in range(20)]
    assert Place(days, _leaving_out(0, 13)).drift(_day(20)) is None
    assert Place(days, _leaving_out(0, 12)).drift(_day(20)) is not None


def test_a_predictor_s_days_are_left_out_for_itself_alone() -> None:
    days = [_day(number, _of_two(number)) for number in range(20)]
    defined = _leaving_out(5, 9)
    drift = Place(days, defined).drift(_day(20, _of_two(20)))
    plain = Place(days).drift(_day(20, _of_two(20)))
    assert drift is not None
    assert plain is not None
    assert drift.psi[3:].tolist() == plain.psi[3:].tolist()
    assert (drift.psi[:3] != plain.psi[:3]).all()


def _of_two(seed: int) -> Profiles:
    """Those of the predictor `p`, and the same of one that is not registered."""
    table = _sample(seed)
    return concatenated([table, replace(table, predictor=Text.of(["q"] * 3))])


def test_days_that_are_left_out_raise_no_limit() -> None:
    """Eight of the 28 days before were an incident: more than the 95th percentile forgives."""
    found = []
    for defined in (_with_reference(None), _leaving_out(40, 47)):
        place = Place([_day(number) for number in range(28)], defined)
        for number in range(28, 61):
            day = place.references.compared(_day(number, _sample(number, shift=3.0 if 40 <= number < 48 else 0.0)))
            place.history.write(day)
            place.schedule.set_done(DAILY, day.end)
        assert day.profiles.drift is not None
        found.append(day.profiles.drift.dispersion[2])
    assert found[0] > 5
    assert found[1] < 2


def test_the_first_weeks_leave_days_out_too() -> None:
    defined = _leaving_out(3, 10, Reference(kind="training", profile="profiles/p.json"))
    defined = defined.model_copy(update={"training": _trained(_sample(1000)).training})
    place = Place([], defined)
    for number in range(40):
        day = place.references.compared(_day(number, _sample(number, shift=3.0 if 3 <= number < 11 else 0.0)))
        place.history.write(day)
        place.schedule.set_done(DAILY, day.end)
    assert day.profiles.drift is not None
    assert day.profiles.drift.dispersion[2] < 2


def test_the_reference_of_a_day_is_merged_once() -> None:
    place = Place([_day(number) for number in range(28)])
    first = place.drift(_day(28))
    assert first is not None
    beats = place.beats
    assert beats > 28
    again = place.drift(_day(28))
    assert again is not None
    assert again.psi.tolist() == first.psi.tolist()
    assert place.beats == beats + 25  # what was compared before is read again, and nothing merged


def test_a_history_that_can_t_be_read_costs_the_drift_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise HistoryError("the history is gone")

    place = Place([_day(number) for number in range(20)])
    monkeypatch.setattr(place.history, "merged", refuse)
    window = _day(20)
    with caplog.at_level(logging.ERROR):
        found = place.references.compared(window)
    assert found.profiles.drift is None
    assert tuple(found.profiles) == tuple(window.profiles)
    assert "drift is not computed" in caplog.text


def test_a_day_that_can_t_be_read_is_left_out_of_the_reference() -> None:
    place, whole = (Place([_day(number) for number in range(20)]) for _ in range(2))
    place.history.remove("default", DAILY, MIDNIGHT + 3 * DAY)
    without = Place([_day(number) for number in range(20) if number != 3])
    found = [each.drift(_day(20)) for each in (place, without, whole)]
    psi = [drift.psi.tolist() for drift in found if drift is not None]
    assert psi[0] == psi[1] != psi[2]


def test_an_empty_window_has_no_drift() -> None:
    none = _sample(1).take(np.zeros(3, bool))
    assert Place([_day(number) for number in range(20)]).drift(_day(20, none)) is None


def test_drift_is_kept() -> None:
    place = Place([_day(number) for number in range(20)])
    window = place.references.compared(_day(20))
    place.history.write(window)
    (kept,) = place.history.read("default", DAILY, window.start, window.end)
    assert kept.profiles.drift is not None
    assert window.profiles.drift is not None
    for name in ("psi", "bound", "dispersion", "shared"):
        np.testing.assert_equal(getattr(kept.profiles.drift, name), getattr(window.profiles.drift, name))
    assert [kept.profiles.reference[row] for row in range(3)] == ["trailing"] * 3


def test_an_alert_on_drift_judges_days(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two days beyond the limit in a row, of one feature of two; then how many features drifted."""
    monkeypatch.setattr("metrics_exporter.compute.dispersion._LEAST_RATIOS", 1)
    known = {"window": DAILY, "comparison": Comparison.ABOVE, "severity": "notify", "models": ("m",), "consecutive": 2}
    score = Alert(id="score", title="Drift", metric="ml_feature_drift_score", feature="*", high=1.0, **known)
    count = Alert(id="count", title="Drifted", metric="ml_model_drifted_features", high=0.5, **known)
    defined = _with_reference(None)
    predictor = defined.predictors["p"].model_copy(update={"alerts": (score, count)})
    catalogue = defined.catalogue.model_copy(update={"metrics": tuple(metric.definition for metric in METRICS)})
    defined = defined.model_copy(update={"predictors": {"p": predictor}, "catalogue": catalogue})
    place = Place([_day(number) for number in range(20)], defined)
    for number in range(20, 27):  # only the last two are shifted
        day = place.references.compared(_day(number, _sample(number, shift=2.0 if number > 24 else 0.0)))
        place.history.write(day)
        place.schedule.set_done(DAILY, day.end)
    judge = Judge(defined, "default", place.history, place.schedule)
    found = judge.readings({DAILY: day}, {}, day.end)
    read = {(found.alert[row], found.feature[row]): found.value[row] for row in range(len(found.value))}
    assert read["score", "y"] > 1
    assert read["count", None] == 1
    assert ("score", "x") not in read or read["score", "x"] < 1


def test_a_shift_that_stays_is_told_for_some_days_and_then_is_usual() -> None:
    place = Place([_day(number) for number in range(8)])
    told = []
    for number in range(8, 60):
        day = place.references.compared(_day(number, _sample(number, shift=1.5 if number >= 40 else 0.0)))
        place.history.write(day)
        place.schedule.set_done(DAILY, day.end)
        told.append(bool(drift_score(day.profiles)[2] > 1))
    first = 40 - 8
    assert not any(told[:first])
    assert told[first : first + 4] == [True] * 4
    assert not any(told[first + 7 :])
