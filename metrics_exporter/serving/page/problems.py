"""What is wrong, in plain words, the worst first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from metrics_exporter.compute.refresh import LogReport
from metrics_exporter.definitions import UNREGISTERED, Alert, Comparison, Definitions, Statistic
from metrics_exporter.serving.page import words
from metrics_exporter.serving.page.build import JUMP
from metrics_exporter.serving.page.facts import Gap, Problem
from metrics_exporter.serving.page.subjects import Followed
from metrics_exporter.serving.page.trails import ENOUGH_ROWS, Point, Trails
from metrics_exporter.statistics.readings import Firing
from metrics_exporter.windows import HOUR, last_end

_WEEK = timedelta(weeks=1)
_SILENT = 3 * HOUR
_NAMED = 3
_HALF, _ALL = 0.5, 0.9999
_REPORT = "report"  # the severity that notifies nobody
_SHARES = frozenset({Statistic.DEFAULT_RATIO, Statistic.NULL_RATIO, Statistic.UNSEEN_RATIO, Statistic.LABELLED_RATIO})
_MISSING = frozenset({Statistic.DEFAULT_RATIO, Statistic.NULL_RATIO})


AlertKey = tuple[str, str]  # predictor and alert


def stale_logs(definitions: Definitions, reports: Iterable[LogReport], now: datetime) -> Iterator[Problem]:
    """Logs whose latest window is not the one that was due last."""
    for report in reports:
        if not report.windows:
            continue
        scanned = report.windows[0]
        latest = report.latest.get(scanned)
        settle = timedelta(seconds=definitions.catalogue.logs[report.log].settle_seconds)
        due = last_end(now, settle, scanned.length)
        if latest is None:
            yield Problem(True, f"Log {report.log}: no window has been computed yet.")
        elif latest.end < due:
            late = words.ago(due - latest.end)
            yield Problem(
                True, f"Log {report.log}: the latest window ended {words.moment(latest.end)}; {late} of it are missing."
            )


def silent_models(found: Sequence[Followed], trails: Trails) -> Iterator[Problem]:
    """Registered models without predictions for hours in which they made some a week ago."""
    for place, subject in enumerate(found):
        step = subject.slots.step
        week = _WEEK // step
        for model in subject.models:
            if model.role == UNREGISTERED or subject.end is None:
                continue
            points = subject.points(trails, model.id, None)
            silent = next((back for back, point in enumerate(reversed(points)) if point and point.rows), len(points))
            before = points[: len(points) - week][-silent:] if silent else ()
            if silent * step >= _SILENT and any(_had_rows(before)):
                since = words.moment(subject.end - silent * step)
                text = (
                    f"{model.id} ({subject.name}) has made no predictions since {since}; "
                    "it made some at these times a week ago."
                )
                yield Problem(True, text, f"p{place}")


def _had_rows(points: Iterable[Point | None]) -> Iterator[bool]:
    return (bool(point and point.rows >= ENOUGH_ROWS) for point in points)


@dataclass(frozen=True)
class _Cause:
    """Features of a predictor that have been missing since the same time, in some of its models."""

    gaps: tuple[Gap, ...]
    is_grave: bool

    @property
    def features(self) -> set[str]:
        return {gap.feature for gap in self.gaps}


def gaps_and_alerts(
    found: Sequence[Followed],
    gaps: Iterable[Gap],
    firing: Iterable[Firing],
    definitions: Definitions,
    since: Mapping[AlertKey, datetime | None],
) -> Iterator[Problem]:
    """What is missing far more than usual and which alerts fire, what has one cause as one problem."""
    subjects = {subject.name: (place, subject) for place, subject in enumerate(found)}
    fires = _by_alert(firing)
    statistics = {metric.name: metric.statistic for metric in definitions.catalogue.metrics}
    for cause in _causes(gaps):
        predictor = cause.gaps[0].predictor
        because = [
            key
            for key, series in fires.items()
            if key[0] == predictor
            and statistics.get(series[0].alert.metric) in _MISSING
            and {each.feature for each in series} <= cause.features
        ]
        alerts = [fires.pop(key)[0].alert for key in because]
        yield _missing(cause, subjects[predictor][1], alerts)
    for key, series in fires.items():
        place = subjects[key[0]][0] if key[0] in subjects else None
        yield _fires(series, statistics.get(series[0].alert.metric), place, since[key])


def _by_alert(firing: Iterable[Firing]) -> dict[AlertKey, list[Firing]]:
    found: dict[AlertKey, list[Firing]] = defaultdict(list)
    for each in firing:
        found[each.predictor, each.alert.id].append(each)
    return found


def _causes(gaps: Iterable[Gap]) -> Iterator[_Cause]:
    found: dict[tuple[str, bool, datetime | None], list[Gap]] = defaultdict(list)
    for gap in gaps:
        if _is_missing(gap):
            found[gap.predictor, _is_grave(gap), gap.since].append(gap)
    for (_, is_grave, _), together in found.items():
        yield _Cause(tuple(together), is_grave)


def _is_missing(gap: Gap) -> bool:
    """Whether it is worth a look: far more than usual, or all of them."""
    return gap.total >= _ALL or (gap.usual is not None and gap.total - gap.usual >= JUMP)


def _is_grave(gap: Gap) -> bool:
    """Whether a person is needed: half of the values or more, which is not what is usual."""
    return gap.total >= _HALF and (gap.usual is None or gap.total - gap.usual >= JUMP)


def _missing(cause: _Cause, subject: Followed, alerts: Sequence[Alert]) -> Problem:
    worst: dict[str, Gap] = {}
    for gap in cause.gaps:  # the largest first
        worst.setdefault(gap.feature, gap)
    named = [f"{each.feature} {words.percent(each.total)}{_usually(each)}" for each in list(worst.values())[:_NAMED]]
    more = [f"{len(worst) - _NAMED:,} more"] if len(worst) > _NAMED else []
    since = cause.gaps[0].since
    told = f"; firing: {_named([alert.title for alert in alerts])}" if alerts else ""
    text = (
        f"{subject.name}: {words.features(len(worst))} {'is' if len(worst) == 1 else 'are'} missing in "
        f"{_in_models(cause, subject)}{_far(cause)}, "
        f"{f'since {words.moment(since)}' if since else 'in all windows that the page looks back on'}: "
        f"{words.listed([*named, *more])}{told}."
    )
    is_failing = cause.is_grave or any(alert.severity != _REPORT for alert in alerts)
    return Problem(is_failing, text, cause.gaps[0].anchor, len(alerts), len(worst))


def _in_models(cause: _Cause, subject: Followed) -> str:
    models = sorted({gap.model_id for gap in cause.gaps})
    if len(models) == len(subject.models) > 1:
        return "both models" if len(models) == 2 else f"all {len(models)} models"
    return _named(models)


def _far(cause: _Cause) -> str:
    return " far more often than usual" if all(gap.usual is not None and gap.usual < 1 for gap in cause.gaps) else ""


def _usually(gap: Gap) -> str:
    return "" if gap.usual is None else f" (usually {words.percent(gap.usual)})"


def _fires(series: Sequence[Firing], statistic: Statistic | None, place: int | None, since: datetime | None) -> Problem:
    alert = series[0].alert
    values: dict[str, str] = {}
    for each in series:
        values.setdefault(each.feature or each.model_id, _value(each.value, alert, statistic))
    worst = [f"{name} at {value}" for name, value in list(values.items())[:_NAMED]]
    models = sorted({each.model_id for each in series})
    more = [f"{len(values) - _NAMED:,} more"] if len(values) > _NAMED else []
    of = f" in {_named(models)}" if series[0].feature is not None else ""
    when = f" since {words.moment(since)}" if since else ""
    named = words.listed([*worst, *more])
    text = f"{series[0].predictor}: alert {alert.title} fires{of}{when}: {named}{_past(alert, statistic)}."
    return Problem(alert.severity != _REPORT, text, None if place is None else f"p{place}", alerts=1)


def _named(names: Sequence[str]) -> str:
    more = [f"{len(names) - _NAMED:,} more"] if len(names) > _NAMED else []
    return words.listed([*names[:_NAMED], *more])


def _past(alert: Alert, statistic: Statistic | None) -> str:
    low, high = (None if each is None else _value(each, alert, statistic) for each in (alert.low, alert.high))
    match alert.comparison:
        case Comparison.BELOW:
            return f", below {low}"
        case Comparison.OUTSIDE:
            return f", outside {low} to {high}"
        case Comparison.CHANGE_ABOVE:
            return f" from the same windows of past weeks, above {high}"
        case Comparison.ABOVE:
            return f", above {high}"


def _value(value: float, alert: Alert, statistic: Statistic | None) -> str:
    if alert.comparison is Comparison.CHANGE_ABOVE:
        return f"{words.percent(value)} off"
    if statistic is Statistic.SILENCE:
        return words.ago(timedelta(seconds=value))
    return words.percent(value) if statistic in _SHARES else words.number(value)


def unregistered(found: Sequence[Followed], definitions: Definitions) -> Iterator[Problem]:
    """Predictors and models that no registry file names."""
    for place, subject in enumerate(found):
        if subject.name not in definitions.predictors:
            yield Problem(
                False,
                f"{subject.name} is in the log, but in no registry file: it is monitored, and nobody is alerted.",
                f"p{place}",
            )
            continue
        for model in subject.models:
            if model.role == UNREGISTERED:
                yield Problem(
                    False,
                    f"Model {model.id} of {subject.name} is not in the registry; add it to its shadows.",
                    f"p{place}",
                )
