"""The status page: what is monitored, and what is wrong. Made once a round, by the worker; no script, no request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from metrics_exporter.compute.refresh import LogReport
from metrics_exporter.definitions import Definitions
from metrics_exporter.profiles.profile import Series
from metrics_exporter.serving.exposition import Encoded, encode
from metrics_exporter.serving.page import build, problems, words
from metrics_exporter.serving.page.charts import midnights
from metrics_exporter.serving.page.facts import Problem, Status
from metrics_exporter.serving.page.trails import SPAN, Trails
from metrics_exporter.serving.view import Group

_MOST_SECTIONS = 60
_MOST_GAPS = 12

_TEMPLATES = Environment(
    loader=PackageLoader("metrics_exporter.serving.page", ""),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters |= {"number": words.number, "count": words.count, "percent": words.percent, "moment": words.moment}
_TEMPLATES.globals |= {"plural": words.plural, "ago": words.ago}


@dataclass(frozen=True)
class News:
    """What a round has found out."""

    definitions: Definitions
    reports: Sequence[LogReport]
    groups: Sequence[Group]
    failures: Sequence[str]
    series: int
    now: datetime
    next_due: datetime


@dataclass
class Page:
    """Renders the page, and remembers the hours that its charts show.

    Attributes:
        complete: the charts show all of the past that there is; else the next page has more of it.
    """

    trails: Trails
    complete: bool = True
    _wanted: dict[Series, None] = field(default_factory=dict)

    def render(self, news: News) -> Encoded:
        """The page as it is to be served."""
        return encode(_TEMPLATES.get_template("status.html.j2").render(status=self.status(news)).encode())

    def status(self, news: News) -> Status:
        """What the page says."""
        subjects = build.subjects(news.groups, news.reports)
        self._follow(subjects, news.reports)
        gaps = sorted(
            (gap for place, subject in enumerate(subjects) for gap in build.gaps(subject, self.trails, place)),
            key=lambda gap: (-gap.total, gap.predictor, gap.feature),
        )
        found = [
            *(Problem(True, failure) for failure in news.failures),
            *problems.stale_logs(news.definitions, news.reports, news.now),
            *problems.silent_models(subjects, self.trails),
            *problems.jumps(gaps),
            *problems.unregistered(subjects, news.definitions),
        ]
        end = max((subject.end for subject in subjects if subject.end), default=news.now)
        return Status(
            now=news.now,
            next_due=news.next_due,
            problems=tuple(sorted(found, key=lambda problem: not problem.failing)),
            predictors=tuple(
                build.predictor(subject, news.definitions, self.trails, place)
                for place, subject in enumerate(subjects[:_MOST_SECTIONS])
            ),
            hidden_predictors=tuple(subject.name for subject in subjects[_MOST_SECTIONS:]),
            gaps=tuple(gaps[:_MOST_GAPS]),
            hidden_gaps=len(gaps[_MOST_GAPS:]),
            logs=tuple(build.log(report, news.definitions, self.trails) for report in news.reports),
            series=news.series,
            features=sum(len(subject.features) for subject in subjects),
            midnights=midnights(end),
            dates=(words.moment(end - SPAN), words.moment(end)),
        )

    def _follow(self, subjects: Sequence[build.Subject], reports: Sequence[LogReport]) -> None:
        """Keep to the series that were wanted first: those that come later have no past to show."""
        for series in build.wanted(subjects):
            if len(self._wanted) < build.MOST_SERIES:
                self._wanted.setdefault(series)
        latest = [report.latest["1h"] for report in reports if "1h" in report.latest]
        complete = [self.trails.follow(window, self._wanted.keys()) for window in latest]
        self.complete = all(complete)
