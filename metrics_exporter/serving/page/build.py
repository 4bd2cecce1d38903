"""Reports, groups and trails → what the page says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

import yaml

from metrics_exporter.compute.refresh import LogReport
from metrics_exporter.definitions import Definitions
from metrics_exporter.definitions import Predictor as Registered
from metrics_exporter.profiles.profile import Profile, Series
from metrics_exporter.serving.page import charts, words
from metrics_exporter.serving.page.facts import Chart, Feature, Gap, Log, Model, Predictor
from metrics_exporter.serving.page.trails import HOUR, SLOTS, Point, Trails
from metrics_exporter.serving.view import Group
from metrics_exporter.statistics.kinds import ModelState

ENOUGH_ROWS = 20  # a ratio of fewer rows says little
MOST_SERIES = 600
MOST_FEATURES = 60


@dataclass(frozen=True, slots=True)
class Subject:
    """A predictor as its groups show it; `main` is its primary model, or the busiest where nobody said which."""

    name: str
    log: str
    end: datetime | None
    models: tuple[ModelState, ...]
    main: ModelState
    features: tuple[tuple[str, Profile], ...]


def subjects(groups: Iterable[Group], reports: Sequence[LogReport]) -> tuple[Subject, ...]:
    """The predictors, by name; their features are those of the main model in the latest day or hour."""
    ends = {report.log: report.latest["1h"].end for report in reports if "1h" in report.latest}
    gathered: dict[str, list[Group]] = defaultdict(list)
    for group in groups:
        gathered[group.predictor].append(group)
    return tuple(_subject(name, found, ends.get(found[0].log)) for name, found in sorted(gathered.items()))


def _subject(name: str, groups: Sequence[Group], end: datetime | None) -> Subject:
    latest = max(groups, key=lambda group: group.context.window == "1h")
    daily_rows = {model.model_id: model.rows or 0 for group in groups for model in group.models}
    models = sorted(latest.models, key=lambda model: (model.role != "primary", -daily_rows[model.model_id]))
    features = {
        profile.series.feature: profile
        for group in groups
        for profile in group.features
        if profile.series.model_id == models[0].model_id and profile.series.feature is not None
    }
    return Subject(name, groups[0].log, end, tuple(models), models[0], tuple(sorted(features.items())))


def wanted(subjects: Sequence[Subject]) -> list[Series]:
    """The series that charts need, the most telling first: main models, other models, features by their gaps."""
    mains = [Series(subject.name, subject.main.model_id, None) for subject in subjects]
    others = [Series(s.name, model.model_id, None) for s in subjects for model in s.models[1:]]
    features = sorted(
        (profile for subject in subjects for _, profile in subject.features),
        key=lambda profile: -(profile.defaults + profile.nulls) / (profile.rows or 1),
    )
    return [*mains, *others, *(profile.series for profile in features)]


def predictor(subject: Subject, definitions: Definitions, trails: Trails, place: int) -> Predictor:
    """A predictor's row and section."""
    registered = definitions.predictors.get(subject.name)
    unit = registered.unit or "" if registered else ""
    points = {m.model_id: _points(subject, trails, m.model_id, None) for m in subject.models}
    main = points[subject.main.model_id]
    others = [points[model.model_id] for model in subject.models[1:4]]
    anchor = f"p{place}"
    features = tuple(
        _feature(name, profile, _points(subject, trails, profile.series.model_id, name), _unit(registered, name))
        for name, profile in subject.features[:MOST_FEATURES]
    )
    return Predictor(
        name=subject.name,
        title=registered.title if registered else subject.name,
        team=registered.team if registered else "",
        unit=unit,
        anchor=anchor,
        end=subject.end,
        models=tuple(_model(model, points[model.model_id], subject.end) for model in subject.models),
        chart=_chart("predictions", main, unit, others),
        features=features,
        hidden_features=len(subject.features) - len(features),
        paste=None if registered else _paste(subject),
    )


def gaps(subject: Subject, trails: Trails, place: int) -> Iterator[Gap]:
    """The features of the main model that are missing in some of its latest predictions."""
    for name, profile in subject.features:
        points = _points(subject, trails, profile.series.model_id, name)
        back, point = _latest_back(points), latest(points)
        if subject.end and back is not None and point and point.default_ratio + point.null_ratio > 0:
            yield Gap(
                predictor=subject.name,
                model_id=subject.main.model_id,
                feature=name,
                anchor=f"p{place}",
                end=subject.end - back * HOUR,
                defaults=point.default_ratio,
                nulls=point.null_ratio,
                usual=_usual(points),
            )


def latest(points: Sequence[Point | None]) -> Point | None:
    """The last hour with enough rows to tell, else the last with any."""
    back = _latest_back(points)
    return None if back is None else points[-1 - back]


def _latest_back(points: Sequence[Point | None]) -> int | None:
    """How many hours before the last that hour is."""
    seen = [(back, point.rows) for back, point in enumerate(reversed(points)) if point and point.rows]
    enough = (back for back, rows in seen if rows >= ENOUGH_ROWS)
    return next(enough, seen[0][0] if seen else None)


def log(report: LogReport, definitions: Definitions, trails: Trails) -> Log:
    """A log's facts and its windows as a calendar, the newest day first."""
    hour = report.latest.get("1h")
    facts = [
        ("last success", words.moment(report.last_success) if report.last_success else "never"),
        ("warehouse", f"{report.query_seconds:.1f} s" if report.query_seconds is not None else "nothing to ask"),
        ("caught up late", words.plural(report.missed_windows, "window")),
        ("failed refreshes", words.count(report.errors)),
    ]
    if report.undated_rows is not None:
        facts.append(("rows without a time", words.count(report.undated_rows)))
    if hour:
        unparsable = sum(profile.unparsable for profile in hour.profiles)
        facts += [
            ("rows in the last hour", words.count(hour.rows)),
            ("duplicates, counted once", words.count(hour.duplicates)),
            ("values that are no number", words.count(unparsable)),
        ]
    return Log(
        name=report.log,
        table=definitions.catalogue.logs[report.log].table,
        since=trails.since(report.log),
        end=hour.end if hour else None,
        facts=tuple(facts),
        days=_calendar(report.log, hour.end, trails) if hour else (),
    )


def _calendar(name: str, end: datetime, trails: Trails) -> tuple[tuple[str, tuple[charts.Cell | None, ...]], ...]:
    ends = [end - HOUR * back for back in range(SLOTS - 1, -1, -1)]
    days: dict[str, list[charts.Cell | None]] = {}
    for cell in charts.calendar(trails.rows(name, end), ends):
        start = cell.end - HOUR
        days.setdefault(f"{start:%a} {start.day} {start:%b}", [None] * 24)[start.hour] = cell
    return tuple((day, tuple(cells)) for day, cells in reversed(days.items()))


def _points(subject: Subject, trails: Trails, model_id: str, feature: str | None) -> list[Point | None]:
    if subject.end is None:
        return []
    return trails.points(subject.log, Series(subject.name, model_id, feature), subject.end)


def _unit(registered: Registered | None, feature: str) -> str:
    declared = registered.features.get(feature) if registered else None
    return declared.unit or "" if declared else ""


def _model(model: ModelState, points: Sequence[Point | None], end: datetime | None) -> Model:
    point = latest(points)
    silent = next((hours for hours, seen in enumerate(reversed(points)) if seen and seen.rows), None)
    return Model(
        id=model.model_id,
        role=model.role,
        rows=model.rows,
        now=words.number(point.band[1]) if point and point.band else "–",
        range=_range(point),
        last_seen="more than 14 days ago" if silent is None or end is None else words.moment(end - silent * HOUR),
        volume=charts.volume(points),
    )


def _feature(name: str, profile: Profile, points: Sequence[Point | None], unit: str) -> Feature:
    point = latest(points)
    return Feature(
        name=name,
        unit=unit if point and point.values else "",
        now=_now(point),
        range=_range(point),
        gaps=_gaps(point),
        notes=tuple(_notes(profile)),
        chart=_chart(name, points, unit),
    )


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


def _chart(
    what: str, points: Sequence[Point | None], unit: str, others: Sequence[Sequence[Point | None]] = ()
) -> Chart | None:
    point = latest(points)
    if layers := charts.layers(points):
        return Chart(f"{what}, 14 days by hour: shares of its categories; now {_now(point)}", None, layers)
    band = charts.band(points, others)
    now = f"{_now(point)} {unit}".rstrip()
    return Chart(f"{what}, 14 days by hour: now {now}, P5 to P95 {_range(point)}", band, ()) if band else None


def _usual(points: Sequence[Point | None]) -> float | None:
    """The median share of missing values in the hours before, where there are enough of them."""
    shares = [p.default_ratio + p.null_ratio for p in points[:-1] if p and p.rows >= ENOUGH_ROWS]
    return median(shares) if len(shares) >= 24 else None


def _paste(subject: Subject) -> str:
    """The registry entry to start from; as YAML quotes it, whatever the names hold."""
    models: dict[str, object] = {"primary": subject.main.model_id}
    if len(subject.models) > 1:
        models["shadows"] = [model.model_id for model in subject.models[1:]]
    entry = {"title": subject.name, "team": "YOUR-TEAM", "task": "regression", "models": models}
    return yaml.safe_dump({"predictors": {subject.name: entry}}, sort_keys=False, allow_unicode=True)
