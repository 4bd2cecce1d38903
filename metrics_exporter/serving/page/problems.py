"""What is wrong, in plain words, the worst first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from metrics_exporter.compute.refresh import LogReport
from metrics_exporter.definitions import UNREGISTERED, Definitions
from metrics_exporter.profiles.profile import Series
from metrics_exporter.serving.page import words
from metrics_exporter.serving.page.build import ENOUGH_ROWS, Subject
from metrics_exporter.serving.page.facts import Gap, Problem
from metrics_exporter.serving.page.trails import HOUR, Point, Trails
from metrics_exporter.windows import last_end

_WEEK = 7 * 24
_SILENT_HOURS = 3
_NAMED = 3
_JUMP = 0.2  # more missing values than usual, as a share of all predictions


def stale_logs(definitions: Definitions, reports: Iterable[LogReport], now: datetime) -> Iterator[Problem]:
    """Logs whose latest hour is not the one that was due last."""
    for report in reports:
        latest = report.latest.get("1h")
        settle = timedelta(seconds=definitions.catalogue.logs[report.log].settle_seconds)
        due = last_end(now, settle, HOUR)
        if latest is None:
            yield Problem(True, f"Log {report.log}: no window has been computed yet.")
        elif latest.end < due:
            late = words.ago(due - latest.end)
            yield Problem(
                True, f"Log {report.log}: the latest window ended {words.moment(latest.end)}; {late} of it are missing."
            )


def silent_models(subjects: Sequence[Subject], trails: Trails) -> Iterator[Problem]:
    """Registered models without predictions for hours in which they made some a week ago."""
    for place, subject in enumerate(subjects):
        for model in subject.models:
            if model.role == UNREGISTERED or subject.end is None:
                continue
            points = trails.points(subject.log, Series(subject.name, model.model_id, None), subject.end)
            hours = _silent_hours(points)
            if hours >= _SILENT_HOURS and any(_had_rows(points[-hours - _WEEK : -_WEEK])):
                since = words.moment(subject.end - hours * HOUR)
                yield Problem(
                    True,
                    f"{model.model_id} ({subject.name}) has made no predictions since {since}; "
                    "it made some in these hours a week ago.",
                    f"p{place}",
                )


def jumps(gaps: Iterable[Gap]) -> Iterator[Problem]:
    """Models some of whose features are missing much more often than usual, the worst features named."""
    jumped = [gap for gap in gaps if gap.usual is not None and gap.total - gap.usual >= _JUMP]
    for (_, model_id), found in groupby(sorted(jumped, key=_model), key=_model):
        worst = sorted(found, key=lambda gap: (-gap.total, gap.feature))
        named = ", ".join(f"{gap.feature} {words.percent(gap.total)}{_usually(gap)}" for gap in worst[:_NAMED])
        more = f" and {len(worst) - _NAMED:,} more" if len(worst) > _NAMED else ""
        count = f"{words.plural(len(worst), 'feature')} {'is' if len(worst) == 1 else 'are'}"
        when = words.moment(worst[0].end)
        text = f"{model_id}: {count} missing far more often than usual in the hour to {when}: {named}{more}."
        yield Problem(False, text, worst[0].anchor)


def _usually(gap: Gap) -> str:
    return "" if gap.usual is None else f" (usually {words.percent(gap.usual)})"


def _model(gap: Gap) -> tuple[str, str]:
    return gap.predictor, gap.model_id


def unregistered(subjects: Sequence[Subject], definitions: Definitions) -> Iterator[Problem]:
    """Predictors and models that no registry file names."""
    for place, subject in enumerate(subjects):
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
                    f"Model {model.model_id} of {subject.name} is not in the registry; add it to its shadows.",
                    f"p{place}",
                )


def _silent_hours(points: Sequence[Point | None]) -> int:
    return next((hours for hours, point in enumerate(reversed(points)) if point and point.rows), len(points))


def _had_rows(points: Iterable[Point | None]) -> Iterator[bool]:
    return (bool(point and point.rows >= ENOUGH_ROWS) for point in points)
