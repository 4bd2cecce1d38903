"""The status page: what is monitored, and what is wrong. Made once a round, by the worker; no script, no request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from metrics_exporter.compute.refresh import LogReport
from metrics_exporter.definitions import Definitions
from metrics_exporter.profiles.profile import Series
from metrics_exporter.serving.exposition import Encoded, encode
from metrics_exporter.serving.page import build, problems, words
from metrics_exporter.serving.page.drifts import drifts
from metrics_exporter.serving.page.facts import Problem, Status
from metrics_exporter.serving.page.problems import AlertKey
from metrics_exporter.serving.page.subjects import MOST_SECTIONS, MOST_SERIES, followed, wanted, worst
from metrics_exporter.serving.page.trails import SPAN, Slots, Trails
from metrics_exporter.serving.view import Group
from metrics_exporter.statistics import readings
from metrics_exporter.statistics.readings import Firing

_MOST_ROWS = 12  # of a table

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
    grafana_url: str | None = None


@dataclass
class Page:
    """Renders the page, and remembers what its charts show.

    Attributes:
        complete: the charts show all of the past that there is; else the next page has more of it.
    """

    trails: Trails
    complete: bool = True
    _fires: dict[AlertKey, datetime | None] | None = None
    _wanted: dict[Series, None] = field(default_factory=dict)

    def render(self, news: News) -> Encoded:
        """The page as it is to be served."""
        return encode(_TEMPLATES.get_template("status.html.j2").render(status=self.status(news)).encode())

    def status(self, news: News) -> Status:
        """What the page says."""
        found = followed(news.groups, news.reports)
        self._follow(wanted(found, news.groups), news.reports)
        gaps = build.gaps(found, worst(news.groups), self.trails)
        drifted, judged = drifts(found, news.groups)
        firing = [each for report in news.reports for each in readings.firing(news.definitions, report.readings)]
        told = [
            *(Problem(True, failure) for failure in news.failures),
            *problems.stale_logs(news.definitions, news.reports, news.now),
            *problems.silent_models(found, self.trails),
            *problems.gaps_and_alerts(found, gaps, firing, news.definitions, self._firing_since(firing, news.now)),
            *problems.unregistered(found, news.definitions),
        ]
        end = max((subject.end for subject in found if subject.end), default=news.now)
        places = {report.log: place for place, report in enumerate(news.reports)}
        return Status(
            now=news.now,
            next_due=news.next_due,
            problems=tuple(sorted(told, key=lambda problem: not problem.failing)),
            predictors=tuple(
                build.predictor(subject, news.definitions, self.trails, place, places[subject.log])
                for place, subject in enumerate(found[:MOST_SECTIONS])
            ),
            hidden_predictors=tuple(subject.name for subject in found[MOST_SECTIONS:]),
            gaps=tuple(gaps[:_MOST_ROWS]),
            hidden_gaps=len(gaps[_MOST_ROWS:]),
            drifted=tuple(drifted[:_MOST_ROWS]),
            hidden_drifted=len(drifted[_MOST_ROWS:]),
            judged=judged,
            logs=tuple(build.log(report, news.definitions, self.trails) for report in news.reports),
            series=news.series,
            features=sum(len(subject.features) for subject in found),
            grafana_url=news.grafana_url,
            dates=(words.moment(end - SPAN), words.moment(end)),
        )

    def _firing_since(self, firing: Iterable[Firing], now: datetime) -> Mapping[AlertKey, datetime | None]:
        """When each alert that fires was first seen to; None of those that did so on the first page."""
        first = None if self._fires is None else now
        before = self._fires or {}
        self._fires = {key: before.get(key, first) for key in {(each.predictor, each.alert.id) for each in firing}}
        return self._fires

    def _follow(self, series: Iterable[Series], reports: Sequence[LogReport]) -> None:
        """Keep to the series that were wanted first: those that come later have no past to show."""
        for each in series:
            if len(self._wanted) < MOST_SERIES:
                self._wanted.setdefault(each)
        complete = []
        for report in reports:
            slots = Slots.of(report.windows)
            if latest := report.latest.get(slots.window):
                complete.append(self.trails.follow(latest, slots, self._wanted.keys()))
        self.complete = all(complete)
