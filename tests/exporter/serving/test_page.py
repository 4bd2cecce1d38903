"""The status page: what it says is wrong, its charts, and that no name in the log is more than text."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import yaml

from metrics_exporter.definitions import Alert, Comparison, Definitions
from metrics_exporter.profiles.history import History
from metrics_exporter.profiles.profile import Categories, Profile
from metrics_exporter.profiles.table import Drift, WindowProfiles
from metrics_exporter.profiles.text import Text
from metrics_exporter.serving.page import News, Page, charts, words
from metrics_exporter.serving.page.facts import Status
from metrics_exporter.serving.page.trails import Point, Slots, Trails
from metrics_exporter.serving.view import groups
from metrics_exporter.statistics.readings import Judged
from metrics_exporter.windows import DAILY, HOUR, HOURLY, Window
from tests.browser import dom, measure
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


NONE = Categories((), 0, 0)


def status(page: Page, latest: Sequence[Profile], defined: Definitions, *, failures: Sequence[str] = ()) -> Status:
    return page.status(_news(latest, defined, failures))


def _news(
    latest: Sequence[Profile],
    defined: Definitions,
    failures: Sequence[str] = (),
    found: Sequence[tuple[str, Alert, Judged]] = (),
) -> News:
    reports = [report(window(latest), found=found)]
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
    assert found.headline == ""
    assert "Nothing is failing" in page.render(_news(both, definitions(predictor()))).text()
    assert [(f.name, f.now, f.range, f.gaps) for f in shown.quiet] == [
        ("distance", "5", "4.1 to 5.9", "4 % default, 6 % null")
    ]
    assert found.logs[0].since == END - 30 * HOUR


def _with_drift(scores: Sequence[float], shared: Sequence[float]) -> WindowProfiles:
    """A day of the predictions and features `f0`, `f1` …, whose indices are so many times their limit of 0.2."""
    names = [None, *(f"f{place}" for place in range(len(scores) - 1))]
    day = window([profile(feature=name) for name in names], length=DAILY)
    size = len(scores)
    drift = Drift(
        np.array(scores) * 0.2, np.full(size, 0.1), np.full(size, 2.0), np.array(shared), Text.of(["trailing"] * size)
    )
    return replace(day, profiles=replace(day.profiles, drift=drift))


def test_what_drifted_comes_by_how_far_and_what_a_day_shares_comes_last(tmp_path: Path) -> None:
    page, latest = of_hours(tmp_path, 3, lambda _: [profile(), profile(feature="f0")])
    defined = definitions(predictor())
    scores, shared = [1.5, 0.9, 4.0, 9.0, *[2.0] * 12, np.nan], [0, 0, 0.1, 0.9, *[0.0] * 12, 0]
    reports = [report(window(latest), _with_drift(scores, shared))]
    news = News(defined, reports, groups(defined, reports, NOW, MAX_AGE), (), 1, NOW, NOW + HOUR)
    found = page.status(news)
    assert (found.judged, len(found.drifted), found.hidden_drifted) == (16, 12, 3)
    assert [(each.feature, round(each.score, 9), each.is_ambient) for each in found.drifted][:2] == [
        ("f1", 4.0, False),
        ("f11", 2.0, False),
    ]
    assert found.drifted[0].psi == pytest.approx(0.8)
    assert found.drifted[0].limit == pytest.approx(0.2)
    text = page.render(news).text()
    assert "16 series compared with the weeks before: these are unlike them by more than noise" in text
    assert "And 3 more with less of it." in text


def test_without_drift_the_page_says_so_and_before_anything_was_judged_nothing(tmp_path: Path) -> None:
    page, latest = of_hours(tmp_path, 3, lambda _: [profile()])
    defined = definitions(predictor())
    for days, told in (([_with_drift([0.5, 0.9], [0, 0])], True), ([], False)):
        reports = [report(window(latest), *days)]
        shown = groups(defined, reports, NOW, MAX_AGE)
        text = page.render(News(defined, reports, shown, (), 1, NOW, NOW + HOUR)).text()
        assert ("2 series compared with the weeks before: none is unlike them by more than noise" in text) is told
        assert ("<h2>Drift</h2>" in text) is told


def test_failures_come_first_in_the_words_they_came_in(tmp_path: Path) -> None:
    page, latest = of_hours(tmp_path, 1, lambda _: [profile("tips", "tips_v1")])
    found = status(page, latest, definitions(), failures=["log default: the disk is full"])
    assert found.problems[0].text == "log default: the disk is full"
    assert found.problems[0].failing and not found.problems[-1].failing


def _losing(defaults: int, *, since: int = 0) -> Callable[[int], list[Profile]]:
    """Hours in which five features of both models went missing, so many hours ago."""

    def profiles(back: int) -> list[Profile]:
        now = defaults if back <= since else 10
        return [
            each
            for model in ("eta_v1", "eta_v2")
            for each in (
                profile(model_id=model),
                *(profile(model_id=model, feature=f"f{n}", defaults=now, nulls=0) for n in range(5)),
            )
        ]

    return profiles


def test_features_missing_since_the_same_time_in_all_models_are_one_problem(tmp_path: Path) -> None:
    page, latest = of_hours(tmp_path, 40, _losing(80, since=3))
    found = status(page, latest, definitions(predictor()))
    assert [problem.text for problem in found.problems] == [
        "eta: 5 features are missing in both models far more often than usual, since 2 Mar 06:00: "
        "f0 80 % (usually 10 %), f1 80 % (usually 10 %), f2 80 % (usually 10 %) and 2 more."
    ]
    assert (found.problems[0].failing, found.headline) == (True, "5 features are missing")
    assert [(gap.feature, gap.defaults, gap.usual) for gap in found.gaps][:1] == [("f0", 0.8, 0.1)]


def test_less_than_half_of_the_values_is_worth_a_look(tmp_path: Path) -> None:
    page, latest = of_hours(tmp_path, 40, _losing(40))
    found = status(page, latest, definitions(predictor()))
    assert [problem.failing for problem in found.problems] == [False]
    assert "Nothing is failing" not in page.render(_news(latest, definitions(predictor()))).text()


def test_all_values_missing_is_failing_unless_it_was_always_so(tmp_path: Path) -> None:
    def profiles(_: int) -> list[Profile]:
        return [profile(), profile(feature="f", values=0, nulls=100, defaults=0, categories=NONE)]

    fresh, latest = of_hours(tmp_path / "fresh", 2, profiles)
    assert _texts(status(fresh, latest, definitions(predictor())), failing=True) == [
        "eta: 1 feature is missing in eta_v1, in all windows that the page looks back on: f 100 %."
    ]
    old, latest = of_hours(tmp_path / "old", 30, profiles)
    found = status(old, latest, definitions(predictor()))
    assert _texts(found, failing=False) == [
        "eta: 1 feature is missing in eta_v1, in all windows that the page looks back on: f 100 % (usually 100 %)."
    ]
    assert "Nothing is failing" not in old.render(_news(latest, definitions(predictor()))).text()


def test_an_alert_that_fires_for_what_is_missing_is_part_of_that_problem(tmp_path: Path) -> None:
    page, latest = of_hours(tmp_path, 30, _losing(80))
    found = [readings(alert(), {("eta_v1", "f0"): 0.8, ("eta_v1", "f1"): 0.8, ("eta_v1", "f2"): math.nan})]
    told = page.status(_news(latest, definitions(predictor(alerts=(alert(),))), found=found))
    (problem,) = told.problems
    assert problem.text.endswith("and 2 more; firing: Defaults of a feature.")
    assert told.headline == "1 alert fires, 5 features are missing"


def test_an_alert_that_fires_for_anything_else_says_its_values_and_the_threshold(tmp_path: Path) -> None:
    page, latest = of_hours(tmp_path, 2, lambda _: [profile(), profile(model_id="eta_v2"), profile(feature="f")])
    mean = alert("mean").model_copy(
        update={"metric": "ml_feature_mean", "comparison": Comparison.OUTSIDE, "low": 1.0, "high": 2.0}
    )
    quiet = alert("quiet", severity="report")
    found = [
        readings(mean, {("eta_v1", "f"): 5.0, ("eta_v1", "g"): 1.5}),
        readings(quiet, {("eta_v1", "f"): 0.3}),
    ]
    told = page.status(_news(latest, definitions(predictor(alerts=(mean, quiet))), found=found))
    assert _texts(told, failing=True) == ["eta: alert Mean of a feature fires in eta_v1: f at 5, outside 1 to 2."]
    assert _texts(told, failing=False) == ["eta: alert Quiet of a feature fires in eta_v1: f at 30 %, above 20 %."]
    assert told.headline == "1 alert fires"
    (shown,) = told.predictors
    assert [feature.chart.band.limits for feature in shown.quiet if feature.chart and feature.chart.band] == [""]


def test_an_alert_that_was_seen_to_begin_says_since_when(tmp_path: Path) -> None:
    page, latest = of_hours(tmp_path, 2, lambda _: [profile(), profile(model_id="eta_v2"), profile(feature="f")])
    defined = definitions(predictor(alerts=(alert(),)))
    quiet = [readings(alert(), {("eta_v1", "f"): 0.1})]
    fires = [readings(alert(), {("eta_v1", "f"): 0.3})]
    page.status(_news(latest, defined, found=quiet))
    told = [page.status(replace(_news(latest, defined, found=fires), now=NOW + n * HOUR)).problems for n in range(2)]
    assert [[problem.text for problem in problems if problem.alerts] for problems in told] == [
        ["eta: alert Defaults of a feature fires in eta_v1 since 2 Mar 10:15: f at 30 %, above 20 %."]
    ] * 2


def test_the_page_links_to_grafana_where_its_address_is_set(tmp_path: Path) -> None:
    page, latest = of_hours(tmp_path, 1, lambda _: [profile("a&b", "m")])
    news = _news(latest, definitions())
    assert "Dashboard" not in page.render(news).text()
    text = page.render(replace(news, grafana_url="https://grafana.example.com")).text()
    assert 'href="https://grafana.example.com/dashboards?tag=driftgauge"' in text
    assert 'href="https://grafana.example.com/dashboards?tag=driftgauge&amp;query=a%26b"' in text


def test_features_that_changed_come_first_and_the_quiet_ones_after(tmp_path: Path) -> None:
    city = Categories((("ams", 60), ("ber", 30)), 0, 2)

    def profiles(back: int) -> list[Profile]:
        moved = Categories((("ber", 80), ("ams", 10)), 0, 2) if back == 0 else city
        return [
            profile(),
            profile(feature="a"),
            profile(feature="b", distribution=shape(9.0 if back == 0 else 5.0)),
            profile(feature="c", categories=moved),
        ]

    page, latest = of_hours(tmp_path, 30, profiles)
    (shown,) = status(page, latest, definitions(predictor())).predictors
    assert [feature.name for feature in shown.moved] == ["b", "c"]
    assert [feature.name for feature in shown.quiet] == ["a"]


def test_infinite_numbers_in_one_feature_leave_the_page_standing(tmp_path: Path) -> None:
    wild = replace(shape(), mean=math.inf, grid=(-math.inf,) * 50 + (math.inf,) * 49)
    page, latest = of_hours(tmp_path, 2, lambda _: [profile(), profile(feature="wild", distribution=wild)])
    (shown,) = status(page, latest, definitions(predictor())).predictors
    assert [(feature.name, feature.now) for feature in shown.quiet] == [("wild", "–")]


@pytest.mark.parametrize(
    ("windows", "slots"),
    [
        ((HOURLY, DAILY), Slots(HOURLY, HOUR)),
        ((Window.parse("15m"), HOURLY), Slots(HOURLY, HOUR)),
        ((Window.parse("15m"), DAILY), Slots(Window.parse("15m"), HOUR)),
        ((DAILY,), Slots(DAILY, DAILY.length)),
        ((), Slots(HOURLY, HOUR)),
    ],
)
def test_charts_have_places_of_an_hour_or_longer(windows: tuple[Window, ...], slots: Slots) -> None:
    assert Slots.of(windows) == slots


@pytest.mark.parametrize(("length", "places"), [("15m", 24), ("6h", 4), ("1d", 1), ("7d", 1)])
def test_windows_of_other_lengths_are_drawn(tmp_path: Path, length: str, places: int) -> None:
    each, end = Window.parse(length), datetime(2026, 3, 9, tzinfo=UTC)
    history = History(str(tmp_path))
    for back in range(6):
        history.write(window([profile()], length=each, end=end - back * each.length))
    reports = [report(window([profile()], length=each, end=end), lengths=(each,))]
    defined = definitions(predictor(windows=(each,)))
    page = Page(Trails(history, 0))
    news = News(defined, reports, groups(defined, reports, end, MAX_AGE), (), 1, end, end)
    found = page.status(news)
    assert [len(cells) for _, cells in found.logs[0].days][:1] == [places]
    assert found.predictors[0].chart is not None
    assert f"Latest {words.length(each)}" in page.render(news).text()


def test_a_log_without_windows_and_a_predictor_nobody_saw(tmp_path: Path) -> None:
    defined = definitions(predictor())
    reports = [report(lengths=())]
    news = News(defined, reports, groups(defined, reports, NOW, MAX_AGE), (), 0, NOW, NOW)
    text = Page(Trails(History(str(tmp_path)), 0)).render(news).text()
    assert "eta_v1" in text


def test_of_very_many_features_some_are_looked_at(tmp_path: Path) -> None:
    names = [f"f{place}" for place in range(5_000)]
    many = [profile(), *(profile(feature=name, nulls=100, defaults=0, values=0, categories=NONE) for name in names)]
    page, latest = of_hours(tmp_path, 2, lambda _: many)
    found = status(page, latest, definitions(predictor()))
    assert found.headline == "at least 200 features are missing"
    assert "and 197 more" in found.problems[0].text
    assert len(page.render(_news(latest, definitions(predictor())))) < 200_000


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
        "eta_v1 (eta) has made no predictions since 2 Mar 06:00; it made some at these times a week ago."
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
    assert (len(found.predictors[0].quiet), found.predictors[0].hidden_features) == (60, 40)
    html = page.render(_news(latest, definitions())).text()
    assert "10 more predictors without charts here" in html
    assert "60 are shown" in html


def test_the_past_is_read_in_several_rounds_when_it_takes_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page, latest = of_hours(tmp_path, 5, lambda _: [profile()])
    monkeypatch.setattr("metrics_exporter.serving.page.trails._READ_SECONDS", -1.0)
    status(page, latest, definitions())
    assert not page.complete
    monkeypatch.undo()
    status(page, latest, definitions())
    assert page.complete
    assert [rows is not None for rows in page.trails.rows("default", Slots(HOURLY, HOUR), END)].count(True) == 5


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


@pytest.mark.parametrize("width", [320, 736, 1200])
def test_nothing_lies_beyond_the_page_or_over_the_calendar(tmp_path: Path, width: int) -> None:
    long = "a_feature_with_" + "a_long_name_" * 10
    page, latest = of_hours(tmp_path, 30, lambda _: [profile(long, long), profile(long, long, long)])
    file = tmp_path / "page.html"
    file.write_text(page.render(_news(latest, definitions())).text(), encoding="utf-8")
    measured = measure(file, tmp_path, width, _LAYOUT)
    assert measured == {"scrolls": False, "covered": []}


_LAYOUT = """
({
  scrolls: page.scrollingElement.scrollWidth > page.scrollingElement.clientWidth,
  covered: [...page.querySelectorAll(".calendar tbody tr")].filter(row => {
    const label = page.createRange();
    label.selectNodeContents(row.querySelector("th"));
    return label.getBoundingClientRect().right > row.querySelector("td").getBoundingClientRect().left + 0.5;
  }).map(row => row.textContent),
})
"""


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ink", ["ink", "muted", "other", "bad", "look"])
def test_text_stands_out_from_the_paper(scheme: int, ink: str) -> None:
    style = (Path(charts.__file__).parent / "style.css").read_text(encoding="utf-8")
    colors = [dict(re.findall(r"--(\w+): (#\w{6})", part)) for part in style.split("prefers-color-scheme")[:2]]
    light, dark = sorted((_luminance(colors[scheme][name]) for name in (ink, "paper")), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def _luminance(color: str) -> float:
    """The relative luminance, as the accessibility guidelines define it."""
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


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
    midnight = END.replace(hour=0)
    assert charts.midnights([midnight + n * HOUR for n in range(-1, 25)]) == "M1 0v100M25 0v100"
    assert charts.midnights([midnight, midnight + 24 * HOUR]) == ""


def test_a_single_wild_hour_does_not_flatten_the_others() -> None:
    steady = [point(1.0 + place % 2) for place in range(200)]
    found = charts.band([*steady[:50], point(1e9), *steady[50:]], thresholds=[1.0, 1e6])
    assert found is not None
    assert (found.bottom, found.top) == (0, 3)
    assert found.limits == "M0 67h200"
    latest = charts.band([*steady, point(1e9)])
    assert latest is not None and latest.top > 1e8


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
