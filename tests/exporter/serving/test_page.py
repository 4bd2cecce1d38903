"""The status page: what it says is wrong, its charts, and that no name in the log is more than text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from metrics_exporter.definitions import Definitions
from metrics_exporter.profiles.history import History
from metrics_exporter.profiles.profile import Categories, Profile
from metrics_exporter.serving.page import News, Page, charts, words
from metrics_exporter.serving.page.facts import Status
from metrics_exporter.serving.page.trails import HOUR, SLOTS, Point, Trails
from metrics_exporter.serving.view import groups
from tests.browser import dom
from tests.exporter.serving.builders import (
    END,
    MAX_AGE,
    NOW,
    definitions,
    predictor,
    profile,
    report,
    shape,
    window,
)

HOSTILE = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">'\"&amp;"


def point(mean: float | None = None, *, rows: int = 100, **categories: int) -> Point:
    band = None if mean is None else (mean - 1, mean, mean + 1)
    return Point(rows, sum(categories.values()) or rows, 0.0, 0.0, band, tuple(categories.items()))


def of_hours(folder: Path, hours: int, profiles: Callable[[int], Sequence[Profile]]) -> tuple[Page, list[Profile]]:
    """A page over a history of hours up to `END`; `profiles` are asked by how many hours ago it was."""
    history = History(str(folder))
    for back in range(hours):
        history.write(window(profiles(back), end=END - back * HOUR))
    return Page(Trails(history, 0)), list(profiles(0))


def status(page: Page, latest: Sequence[Profile], defined: Definitions, *, failures: Sequence[str] = ()) -> Status:
    return page.status(_news(latest, defined, failures))


def _news(latest: Sequence[Profile], defined: Definitions, failures: Sequence[str] = ()) -> News:
    reports = [report(window(latest))]
    shown = groups(defined, reports, NOW, MAX_AGE)
    return News(defined, reports, shown, failures, 123, NOW, NOW + HOUR)


def _texts(found: Status, *, failing: bool) -> list[str]:
    return [problem.text for problem in found.problems if problem.failing is failing]


def test_all_is_well(tmp_path: Path) -> None:
    both = [profile(), profile(model_id="eta_v2"), profile(feature="distance")]
    page, latest = of_hours(tmp_path, 30, lambda _: both)
    found = status(page, latest, definitions(predictor()))
    assert found.problems == ()
    (shown,) = found.predictors
    assert [(model.id, model.role, model.rows, model.last_seen) for model in shown.models] == [
        ("eta_v1", "primary", 100, "2 Mar 10:00"),
        ("eta_v2", "shadow", 100, "2 Mar 10:00"),
    ]
    assert [(f.name, f.now, f.range, f.gaps) for f in shown.features] == [
        ("distance", "5", "4.1 to 5.9", "4 % default, 6 % null")
    ]
    assert found.logs[0].since == END - 30 * HOUR


def test_failures_come_first_in_the_words_they_came_in(tmp_path: Path) -> None:
    page, latest = of_hours(tmp_path, 1, lambda _: [profile("tips", "tips_v1")])
    found = status(page, latest, definitions(), failures=["log default: the disk is full"])
    assert found.problems[0].text == "log default: the disk is full"
    assert found.problems[0].failing and not found.problems[-1].failing


def test_features_that_are_missing_more_than_usual_are_named_with_what_is_usual(tmp_path: Path) -> None:
    def profiles(back: int) -> list[Profile]:
        defaults = 80 if back == 0 else 10
        return [profile(), *(profile(feature=f"f{n}", defaults=defaults, nulls=0) for n in range(5))]

    page, latest = of_hours(tmp_path, 30, profiles)
    found = status(page, latest, definitions(predictor()))
    (text,) = [text for text in _texts(found, failing=False) if "missing" in text]
    assert text == (
        "eta_v1: 5 features are missing far more often than usual in the hour to 2 Mar 10:00: "
        "f0 80 % (usually 10 %), f1 80 % (usually 10 %), f2 80 % (usually 10 %) and 2 more."
    )
    assert [(gap.feature, gap.defaults, gap.usual) for gap in found.gaps][:1] == [("f0", 0.8, 0.1)]


def test_ratios_of_few_rows_are_not_compared(tmp_path: Path) -> None:
    def profiles(back: int) -> list[Profile]:
        rows = 2 if back == 0 else 100
        return [profile(rows=rows), profile(feature="f", rows=rows, defaults=2, nulls=0)]

    page, latest = of_hours(tmp_path, 30, profiles)
    assert [gap.defaults for gap in status(page, latest, definitions(predictor())).gaps] == [0.02]


def test_a_model_that_fell_silent_is_failing_unless_it_was_so_a_week_ago(tmp_path: Path) -> None:
    def profiles(back: int) -> list[Profile]:
        silent = back < 4
        return [profile(model_id="eta_v2"), *([] if silent else [profile()])]

    page, latest = of_hours(tmp_path / "fell", 8 * 24, profiles)
    assert _texts(status(page, latest, definitions(predictor())), failing=True) == [
        "eta_v1 (eta) has made no predictions since 2 Mar 06:00; it made some in these hours a week ago."
    ]
    page, latest = of_hours(tmp_path / "usual", 8 * 24, lambda back: profiles(back % (7 * 24)))
    assert _texts(status(page, latest, definitions(predictor())), failing=True) == []


def test_late_windows_are_failing(tmp_path: Path) -> None:
    page, latest = of_hours(tmp_path, 1, lambda _: [profile()])
    late = _news(latest, definitions(predictor()))
    late = News(late.definitions, late.reports, late.groups, (), 1, NOW + 2 * HOUR, NOW + 3 * HOUR)
    assert _texts(page.status(late), failing=True) == [
        "Log default: the latest window ended 2 Mar 10:00; 2 hours of it are missing."
    ]
    nothing = News(definitions(), [report()], (), (), 0, NOW, NOW + HOUR)
    assert _texts(page.status(nothing), failing=True) == ["Log default: no window has been computed yet."]


def test_who_is_not_registered_gets_an_entry_to_paste(tmp_path: Path) -> None:
    name = "tips: #1\n- x"
    models = [profile(name, "m1", rows=5), profile(name, "m2", rows=50), profile(model_id="eta_v9")]
    page, latest = of_hours(tmp_path, 1, lambda _: models)
    found = status(page, latest, definitions(predictor()))
    looks = _texts(found, failing=False)
    assert f"{name} is in the log, but in no registry file: it is monitored, and nobody is alerted." in looks
    assert "Model eta_v9 of eta is not in the registry; add it to its shadows." in looks
    (paste,) = [shown.paste for shown in found.predictors if shown.paste]
    assert yaml.safe_load(paste)["predictors"][name]["models"] == {"primary": "m2", "shadows": ["m1"]}


def test_more_than_can_be_shown_is_counted(tmp_path: Path) -> None:
    many = [profile(f"p{n:03}", "m") for n in range(70)]
    wide = [profile("p000", "m", f"f{n}", defaults=0, nulls=0) for n in range(100)]
    page, latest = of_hours(tmp_path, 1, lambda _: [*many, *wide])
    found = status(page, latest, definitions())
    assert (len(found.predictors), len(found.hidden_predictors)) == (60, 10)
    assert (len(found.predictors[0].features), found.predictors[0].hidden_features) == (60, 40)
    html = page.render(_news(latest, definitions())).text()
    assert "10 more predictors without charts here" in html
    assert "the first 60 are shown" in html


def test_the_past_is_read_in_several_rounds_when_it_takes_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page, latest = of_hours(tmp_path, 5, lambda _: [profile()])
    monkeypatch.setattr("metrics_exporter.serving.page.trails._READ_SECONDS", -1.0)
    status(page, latest, definitions())
    assert not page.complete
    monkeypatch.undo()
    status(page, latest, definitions())
    assert page.complete
    assert [rows is not None for rows in page.trails.rows("default", END)].count(True) == 5


def test_hostile_names_stay_text_in_a_real_browser(tmp_path: Path) -> None:
    city = Categories(((HOSTILE, 60), ("ams", 30)), 0, 2)
    hostile = [
        profile(HOSTILE, HOSTILE),
        profile(HOSTILE, HOSTILE, HOSTILE),
        profile(HOSTILE, HOSTILE, "city", categories=city, distribution=None),
    ]
    page, latest = of_hours(tmp_path, 3, lambda _: hostile)
    file = tmp_path / "page.html"
    file.write_text(page.render(_news(latest, definitions(), [HOSTILE])).text(), encoding="utf-8")
    found = dom(file, tmp_path)
    assert found.is_inert
    assert found.title == "failing: driftgauge"
    assert found.text.count(HOSTILE) > 5


def test_a_band_breaks_at_gaps_and_a_single_hour_is_a_dot() -> None:
    found = charts.band([point(0), point(2), None, point(1)], [[point(1), None, None, None]])
    assert found is not None
    assert (found.bottom, found.top) == (-1, 3)
    assert found.mean == "M0 75l1 -50M3 50l0 0"
    assert found.band == "M0 50l1 -50 0 50 -1 50zM3 25l 0 50 z"
    assert found.others == ("M0 50l0 0",)


@pytest.mark.parametrize("values", [[1.0, 1.0], [1.7e308, -1.7e308]])
def test_flat_and_huge_values_stay_within_the_chart(values: list[float]) -> None:
    flat = [Point(1, 1, 0, 0, (value, value, value), ()) for value in values]
    found = charts.band(flat)
    assert found is not None
    assert found.mean in {"M0 50l1 0", "M0 0l1 100"}


def test_nothing_to_draw() -> None:
    assert charts.band([None, point()]) is None
    assert charts.layers([None, point()]) == ()
    assert charts.volume([]) == ""


def test_layers_are_shares_with_all_others_on_top() -> None:
    busy = point(a=50, b=25, c=10, d=8, e=7)
    found = charts.layers([busy, busy])
    assert [layer.name for layer in found] == ["a", "b", "c", "d", "other"]
    assert found[0].path == "M0 50l1 0 0 50 -1 0z"
    assert found[-1].path == "M0 0l1 0 0 7 -1 0z"


def test_volume_stands_on_the_ground() -> None:
    assert charts.volume([point(rows=5), None, point(rows=10)]) == "M0 50l1 50 1 -100 0 100 -1 0 -1 0z"


def test_the_calendar_tells_none_from_no_rows() -> None:
    cells = charts.calendar([None, 0, 1, 100], [END + HOUR * n for n in range(4)])
    assert [cell.shade for cell in cells] == [None, 0, 1, 4]


def test_midnights_are_where_windows_end_at_midnight() -> None:
    assert charts.midnights(END.replace(hour=0)).startswith(f"M{SLOTS - 1} 0v100M{SLOTS - 25} 0v100")
    assert charts.midnights(END).startswith(f"M{SLOTS - 11} 0")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.123456, "0.123"),
        (0.00001234, "1.2e-05"),
        (-7.5, "-7.5"),
        (999.9, "1000"),
        (1234.5, "1234"),
        (12345, "12.3k"),
        (999999, "1M"),
        (1.5e6, "1.5M"),
        (2e9, "2G"),
        (3e12, "3T"),
        (1e300, "1.0e+300"),
    ],
)
def test_numbers(value: float, text: str) -> None:
    assert words.number(value) == text


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(0, "0 %"), (0.0001, "<0.1 %"), (0.012, "1.2 %"), (0.04, "4 %"), (0.5, "50 %"), (0.999, ">99 %"), (1, "100 %")],
)
def test_percents(ratio: float, text: str) -> None:
    assert words.percent(ratio) == text


@pytest.mark.parametrize(
    ("duration", "text"),
    [(timedelta(minutes=1), "1 minute"), (3 * HOUR, "3 hours"), (timedelta(days=3), "3 days")],
)
def test_durations(duration: timedelta, text: str) -> None:
    assert words.ago(duration) == text


def test_shapes_are_those_of_the_latest_hour(tmp_path: Path) -> None:
    page, latest = of_hours(tmp_path, 3, lambda back: [profile(distribution=shape(10.0 * back + 5))])
    (shown,) = status(page, latest, definitions()).predictors
    assert shown.chart is not None and shown.chart.band is not None
    assert shown.chart.label == "predictions, 14 days by hour: now 5, P5 to P95 4.1 to 5.9"
    assert (shown.chart.band.bottom, shown.chart.band.top) == (4.1, 25.9)
