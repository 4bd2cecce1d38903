"""What is in a prediction log, read with the exporter's own scan: one statement a day, whatever there is to find.

So a feature's kind is found as the exporter will find it, and each warehouse that can be exported can be discovered.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import datetime

from metrics_exporter import windows
from metrics_exporter.compute.log_facts import FeatureFacts, LogFacts, ModelFacts, PredictorFacts, Range
from metrics_exporter.compute.memory import is_number
from metrics_exporter.definitions import Kind, Log
from metrics_exporter.profiles.profile import Profile
from metrics_exporter.sources import Warehouse, open_warehouse
from metrics_exporter.sources.assemble import Scanned, assemble
from metrics_exporter.sources.scan import Kinds, ScanRequest, scan
from metrics_exporter.windows import DAY, HOUR, HOURLY


def discover(
    url: str,
    logs: Mapping[str, Log],
    declared: Kinds,
    *,
    now: datetime,
    days: int,
    timeout_seconds: float,
    password: Callable[[], str | None] = lambda: None,
) -> tuple[LogFacts, ...]:
    """Read the last days of each log.

    Args:
        url: the warehouse, such as `duckdb:log.duckdb`.
        logs: by name.
        declared: the kinds that the registry declares.
        now: UTC; the hour that it is in is read, too.
        days: how far back.
        timeout_seconds: the deadline of each statement.
        password: for the warehouse, if it is not in the URL.

    Raises:
        WarehouseError: a log can't be read; the message says what to do.
    """
    end = windows.floor(now, HOUR) + HOUR
    with closing(open_warehouse(url, password=password)) as warehouse:
        return tuple(
            _Reader(warehouse, name, log, declared, timeout_seconds).read(end - days * DAY, end)
            for name, log in logs.items()
        )


class _Reader:
    """Reads a log day by day, so that only facts pile up and no profiles."""

    def __init__(self, warehouse: Warehouse, name: str, log: Log, declared: Kinds, timeout_seconds: float):
        self._warehouse, self._name, self._log, self._timeout = warehouse, name, log, timeout_seconds
        self._kinds = dict(declared)
        self._models: defaultdict[str, defaultdict[str, Counter[datetime]]] = defaultdict(lambda: defaultdict(Counter))
        self._features: defaultdict[str, dict[str, FeatureFacts]] = defaultdict(dict)
        self._results: dict[str, Range | None] = {}

    def read(self, start: datetime, end: datetime) -> LogFacts:
        """The facts of a range of full hours."""
        due = list(windows.ends(start, end, HOUR))
        while due:
            span_start, span_end = windows.span(due, HOURLY, DAY)
            for window in self._scan(span_start, span_end).windows:
                for profile in window.profiles:
                    self._take(profile, window.end)
            due = [at for at in due if at > span_end]
        return LogFacts(self._name, start, end, tuple(self._predictor(name) for name in sorted(self._models)))

    def _scan(self, start: datetime, end: datetime) -> Scanned:
        scanned = self._ask(start, end)
        self._kinds.update(scanned.new_kinds)
        return self._ask(start, end) if scanned.must_repeat else scanned

    def _ask(self, start: datetime, end: datetime) -> Scanned:
        request = ScanRequest(self._log, start, end, self._kinds)
        return assemble(self._name, request, scan(self._warehouse, request, self._timeout))

    def _take(self, profile: Profile, end: datetime) -> None:
        series = profile.series
        if series.feature is None:
            self._models[series.predictor][series.model_id][end] += profile.rows
            self._results[series.predictor] = _joined(_range(profile), self._results.get(series.predictor))
        else:
            features = self._features[series.predictor]
            kind = self._kinds.get((series.predictor, series.feature))
            facts = _facts(series.feature, kind, profile)
            features[series.feature] = _combined(features.get(series.feature), facts)

    def _predictor(self, name: str) -> PredictorFacts:
        features = self._features[name]
        return PredictorFacts(
            name=name,
            models=tuple(
                ModelFacts(model, tuple(sorted(hours.items()))) for model, hours in sorted(self._models[name].items())
            ),
            features=tuple(features[feature] for feature in sorted(features)),
            results=self._results[name],
        )


def _facts(name: str, kind: Kind | None, profile: Profile) -> FeatureFacts:
    return FeatureFacts(
        name=name,
        kind=kind,
        numbers=_range(profile) if kind is Kind.NUMERIC else None,
        is_mixed=profile.unparsable > 0 or _mixes(profile),
    )


def _combined(found: FeatureFacts | None, more: FeatureFacts) -> FeatureFacts:
    if found is None:
        return more
    return replace(more, numbers=_joined(more.numbers, found.numbers), is_mixed=more.is_mixed or found.is_mixed)


def _range(profile: Profile) -> Range | None:
    return Range(profile.distribution.minimum, profile.distribution.maximum) if profile.distribution else None


def _joined(one: Range | None, other: Range | None) -> Range | None:
    return one.joined(other) if one else other


def _mixes(profile: Profile) -> bool:
    """Whether some of the categories are numbers and others aren't."""
    if profile.categories is None or profile.distribution is not None:
        return False
    return len({is_number(category) for category, _ in profile.categories.top}) > 1
