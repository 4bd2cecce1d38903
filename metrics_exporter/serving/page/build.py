"""Reports, predictors and trails → what the page says of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

import yaml

from metrics_exporter.compute.refresh import LogReport
from metrics_exporter.definitions import Comparison, Definitions, Statistic
from metrics_exporter.definitions import Predictor as Registered
from metrics_exporter.profiles.profile import Profile, Series
from metrics_exporter.serving.page import charts, subjects, words
from metrics_exporter.serving.page.facts import Chart, Feature, Gap, Log, Model, Predictor
from metrics_exporter.serving.page.subjects import MOST_FEATURES, Followed
from metrics_exporter.serving.page.trails import Point, Points, Slots, Trails, latest, latest_back, usual
from metrics_exporter.windows import DAY

JUMP = 0.2  # more missing values than usual, as a share of all predictions
_MOVED = 0.25  # of the width of a feature's usual band, or of its values in categories
_SAME_SCALE = frozenset({Statistic.MEAN, Statistic.QUANTILE, Statistic.MIN, Statistic.MAX})  # as a chart's


def predictor(subject: Followed, definitions: Definitions, trails: Trails, place: int, log_place: int) -> Predictor:
    """A predictor's row and section."""
    registered = definitions.predictors.get(subject.name)
    unit = registered.unit or "" if registered else ""
    points = {model.id: subject.points(trails, model.id, None) for model in subject.models}
    others = [points[model.id] for model in subject.models[1:4]]
    features = [
        _feature(subject, subject.profiles[row], definitions, trails, log_place)
        for row in subject.features[:MOST_FEATURES].tolist()
    ]
    features.sort(key=lambda feature: (-feature.change, feature.name))
    chart = _Charts(subject, log_place)
    limits = _thresholds(definitions, registered, None)
    return Predictor(
        name=subject.name,
        title=registered.title if registered else subject.name,
        team=registered.team if registered else "",
        unit=unit,
        anchor=f"p{place}",
        window=words.length(subject.window),
        width=subject.slots.count - 1,
        models=tuple(_model(subject, model, points[model.id]) for model in subject.models),
        chart=chart.draw("predictions", points[subject.models[0].id], unit, others, limits),
        moved=tuple(feature for feature in features if feature.change >= 1),
        quiet=tuple(feature for feature in features if feature.change < 1),
        hidden_features=len(subject.features) - len(features),
        paste=None if registered else _paste(subject),
    )


def gaps(found: Sequence[Followed], worst: Iterable[Series], trails: Trails) -> list[Gap]:
    """The features that are missing most, in each model's latest window with enough rows."""
    places = {subject.name: (place, subject) for place, subject in enumerate(found)}
    there = (_gap(*places[series.predictor], series, trails) for series in worst if series.predictor in places)
    return sorted((gap for gap in there if gap), key=lambda gap: (-gap.total, gap.predictor, gap.feature, gap.model_id))


def _gap(place: int, subject: Followed, series: Series, trails: Trails) -> Gap | None:
    points = subject.points(trails, series.model_id, series.feature)
    back, point = latest_back(points), latest(points)
    if subject.end is None or series.feature is None or back is None or point is None or not point.missing:
        return None
    before = usual(points, lambda each: each.missing)
    return Gap(
        predictor=subject.name,
        model_id=series.model_id,
        feature=series.feature,
        anchor=f"p{place}",
        end=subject.end - back * subject.slots.step,
        defaults=point.default_ratio,
        nulls=point.null_ratio,
        usual=before,
        since=_since(points[: len(points) - back], min((before or 0.0) + JUMP, point.missing), subject),
    )


def _since(points: Points, least: float, subject: Followed) -> datetime | None:
    """The start of the first of the windows up to the last in which at least so much is missing."""
    first = None
    for back, point in enumerate(reversed(points)):
        if point and point.rows and point.missing < least:
            break
        if point and point.rows:
            first = len(points) - 1 - back
    seen = next((place for place, point in enumerate(points) if point and point.rows), None)
    if first is None or first == seen or subject.end is None:
        return None
    return subject.slots.ends(subject.end)[first] - subject.slots.window.length


def log(report: LogReport, definitions: Definitions, trails: Trails) -> Log:
    """A log's facts and its windows as a calendar, the newest day first."""
    slots = Slots.of(report.windows)
    end = subjects.last_end([report], report.log, slots)
    return Log(
        name=report.log,
        table=definitions.catalogue.logs[report.log].table,
        window=words.length(slots.window),
        since=trails.since(report.log, slots),
        end=report.latest[slots.window].end if end else None,
        facts=tuple(_facts(report, slots)),
        hours=tuple(f"{at.seconds // 3600:02}" for at in _times(slots)),
        days=_calendar(report.log, slots, end, trails) if end else (),
        midnights=charts.midnights(slots.ends(end)) if end else "",
    )


def _facts(report: LogReport, slots: Slots) -> Iterator[tuple[str, str]]:
    yield "last success", words.moment(report.last_success) if report.last_success else "never"
    yield "warehouse", f"{report.query_seconds:.1f} s" if report.query_seconds is not None else "nothing to ask"
    yield "caught up late", words.plural(report.missed_windows, "window")
    yield "failed refreshes", words.count(report.errors)
    if report.undated_rows is not None:
        yield "rows without a readable time", words.count(report.undated_rows)
    if latest := report.latest.get(slots.window):
        yield f"rows in the last {words.length(slots.window)}", words.count(latest.rows)
        yield "duplicates, counted once", words.count(latest.duplicates)
        yield "values that are no number", words.count(int(latest.profiles.unparsable.sum()))
        for what, rows in latest.unreadable:
            yield f"rows with unreadable {what}", words.count(rows)


def _times(slots: Slots) -> list[timedelta]:
    """Where a day's places start."""
    return [slots.step * place for place in range(max(DAY // slots.step, 1))]


def _calendar(
    name: str, slots: Slots, end: datetime, trails: Trails
) -> tuple[tuple[str, tuple[charts.Cell | None, ...]], ...]:
    places = len(_times(slots))
    days: dict[str, list[charts.Cell | None]] = {}
    for cell in charts.calendar(trails.rows(name, slots, end), slots.ends(end)):
        start = cell.end - slots.step
        midnight = start.replace(hour=0, minute=0)
        day = days.setdefault(f"{start:%a} {start.day} {start:%b}", [None] * places)
        day[(start - midnight) // slots.step if places > 1 else 0] = cell
    return tuple((day, tuple(cells)) for day, cells in reversed(days.items()))


def _unit(registered: Registered | None, feature: str) -> str:
    declared = registered.features.get(feature) if registered else None
    return declared.unit or "" if declared else ""


def _model(subject: Followed, model: subjects.Model, points: Points) -> Model:
    point = latest(points)
    silent = next((back for back, seen in enumerate(reversed(points)) if seen and seen.rows), None)
    return Model(
        id=model.id,
        role=model.role,
        rows=model.rows,
        now=words.number(point.band[1]) if point and point.band else "–",
        range=_range(point),
        last_seen="more than 14 days ago"
        if silent is None or subject.end is None
        else words.moment(subject.end - silent * subject.slots.step),
        volume=charts.volume(points),
    )


def _feature(subject: Followed, profile: Profile, definitions: Definitions, trails: Trails, log_place: int) -> Feature:
    name, registered = profile.series.feature or "", definitions.predictors.get(subject.name)
    points = subject.points(trails, profile.series.model_id, name)
    unit, point = _unit(registered, name), latest(points)
    limits = _thresholds(definitions, registered, name)
    return Feature(
        name=name,
        unit=unit if point and point.values else "",
        now=_now(point),
        range=_range(point),
        gaps=_gaps(point),
        notes=tuple(_notes(profile)),
        chart=_Charts(subject, log_place).draw(name, points, unit, (), limits),
        change=change(points),
    )


def change(points: Points) -> float:
    """How far a series is from what is usual for it: 1 is worth a look, 0 where nobody knows what is usual."""
    point = latest(points)
    if point is None:
        return 0.0
    return max(_change_of_missing(points, point), _change_of_mean(points, point), _change_of_shares(points, point))


def _change_of_missing(points: Points, point: Point) -> float:
    before = usual(points, lambda each: each.missing)
    return 0.0 if before is None else abs(point.missing - before) / JUMP


def _change_of_mean(points: Points, point: Point) -> float:
    """The mean's distance from the usual one, in widths of the usual band."""
    mean = usual(points, lambda each: each.band[1] if each.band else None)
    width = usual(points, lambda each: each.band[2] - each.band[0] if each.band else None)
    if mean is None or width is None or point.band is None or point.categories:
        return 0.0
    distance = abs(point.band[1] - mean)
    return distance / width / _MOVED if width else float(distance > 0)


def _change_of_shares(points: Points, point: Point) -> float:
    """By how much the most frequent category's share differs from the usual one."""
    if not point.categories or not point.values:
        return 0.0
    name, count = point.categories[0]
    before = usual(points, lambda each: dict(each.categories).get(name, 0) / each.values if each.values else None)
    return 0.0 if before is None else abs(count / point.values - before) / _MOVED


def _now(point: Point | None) -> str:
    if point is None or not point.values:
        return "–"
    if point.categories:
        name, count = point.categories[0]
        return f"{name} · {words.percent(count / point.values)}"
    return words.number(point.band[1]) if point.band else "–"


def _range(point: Point | None) -> str:
    if point is None or point.band is None or point.categories:
        return ""
    return f"{words.number(point.band[0])} to {words.number(point.band[2])}"


def _gaps(point: Point | None) -> str:
    if point is None:
        return ""
    named = ((point.default_ratio, "default"), (point.null_ratio, "null"))
    return ", ".join(f"{words.percent(ratio)} {what}" for ratio, what in named if ratio)


def _notes(profile: Profile) -> Iterator[str]:
    if profile.unparsable:
        yield f"{words.plural(profile.unparsable, 'value')} no number"
    if profile.infinities:
        yield f"{words.plural(profile.infinities, 'value')} infinite"


class _Charts:
    """Draws a predictor's charts."""

    def __init__(self, subject: Followed, log_place: int) -> None:
        self._width, self._days = subject.slots.count - 1, f"days{log_place}"
        self._every = words.length(subject.slots.window)

    def draw(
        self, what: str, points: Points, unit: str, others: Sequence[Points], thresholds: Iterable[float]
    ) -> Chart | None:
        """A series' chart; None when there is nothing to draw."""
        point = latest(points)
        if layers := charts.layers(points):
            label = f"{what}, 14 days by {self._every}: shares of its categories; now {_now(point)}"
            return Chart(label, self._width, self._days, None, layers)
        band = charts.band(points, others, thresholds)
        now = f"{_now(point)} {unit}".rstrip()
        label = f"{what}, 14 days by {self._every}: now {now}, P5 to P95 {_range(point)}"
        return Chart(label, self._width, self._days, band, ()) if band else None


def _thresholds(definitions: Definitions, registered: Registered | None, feature: str | None) -> list[float]:
    """Of the alerts on values of a feature, or of the predictions."""
    if registered is None or not registered.alerts:
        return []
    statistics = {metric.name: metric.statistic for metric in definitions.catalogue.metrics}
    return [
        threshold
        for alert in registered.alerts
        if statistics.get(alert.metric) in _SAME_SCALE
        and (fnmatchcase(feature, alert.feature or "*") if feature is not None else alert.feature is None)
        for threshold in (alert.low, alert.high)
        if threshold is not None and alert.comparison is not Comparison.CHANGE_ABOVE
    ]


def _paste(subject: Followed) -> str:
    """The registry entry to start from; as YAML quotes it, whatever the names hold."""
    models: dict[str, object] = {"primary": subject.models[0].id}
    if len(subject.models) > 1:
        models["shadows"] = [model.id for model in subject.models[1:]]
    entry = {"title": subject.name, "team": "YOUR-TEAM", "task": "regression", "models": models}
    return yaml.safe_dump({"predictors": {subject.name: entry}}, sort_keys=False, allow_unicode=True)
