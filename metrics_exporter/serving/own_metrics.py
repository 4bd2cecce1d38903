"""The exporter's metrics about itself, made by prometheus-client in a registry of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector

from metrics_exporter.compute.refresh import LogReport
from metrics_exporter.definitions import OwnMetric


@dataclass(frozen=True, eq=False)
class OwnMetrics(Collector):
    """What the last refresh did, log by log, and what was rendered of it.

    Attributes:
        series: exported series by predictor.
        dropped: series over the limit by predictor.
        digests: what each registered predictor is measured by, as `metrics_exporter.digests` has it.
        restarts: how many worker processes there were before the one that reports.
    """

    reports: tuple[LogReport, ...]
    series: Mapping[str, int]
    dropped: Mapping[str, int]
    digests: Mapping[str, str]
    restarts: int = 0

    def text(self) -> bytes:
        """In the text format 0.0.4."""
        return generate_latest(self._registry())

    def openmetrics(self) -> bytes:
        """In OpenMetrics 1.0, with the final `# EOF`."""
        return bytes(generate_openmetrics(self._registry()))  # type: ignore[no-untyped-call]

    def collect(self) -> Iterator[Metric]:
        """The metric families."""
        yield from self._of_logs()
        yield from self._of_windows()
        yield _gauge(OwnMetric.SERIES, "Series exported.", ["predictor"], _by_name(self.series))
        yield _gauge(
            OwnMetric.DROPPED_SERIES,
            "Series left out because the predictor grew beyond the series limit.",
            ["predictor"],
            _by_name(self.dropped),
        )
        yield _gauge(
            OwnMetric.DEFINITION_INFO,
            "What a registered predictor is measured by, as a digest: another one once that changes.",
            ["predictor", "digest"],
            [((name, digest), 1) for name, digest in sorted(self.digests.items())],
        )

        yield CounterMetricFamily(
            OwnMetric.WORKER_RESTARTS, "Worker processes that died or hung, and were replaced.", self.restarts
        )

    def _registry(self) -> CollectorRegistry:
        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        return registry

    def _of_logs(self) -> Iterator[Metric]:
        successes = [((r.log,), r.last_success.timestamp()) for r in self.reports if r.last_success]
        seconds = [((r.log,), r.query_seconds) for r in self.reports if r.query_seconds is not None]
        yield _gauge(OwnMetric.LAST_SUCCESS, "When a refresh of the log last succeeded.", ["log"], successes)
        yield _gauge(OwnMetric.QUERY_SECONDS, "How long the log's last query took.", ["log"], seconds)
        yield _counter(
            OwnMetric.MISSED_WINDOWS,
            "Windows that were due while the exporter did not run, or that failed.",
            [((r.log,), r.missed_windows) for r in self.reports],
        )
        undated = [((r.log,), r.undated_rows) for r in self.reports if r.undated_rows is not None]
        yield _gauge(
            OwnMetric.UNDATED_ROWS,
            "Rows of the whole log without a time from 1970 to 2099 that can be read, so that they are in no window.",
            ["log"],
            undated,
        )
        yield _counter(OwnMetric.ERRORS, "Refreshes that failed.", [((r.log,), r.errors) for r in self.reports])

    def _of_windows(self) -> Iterator[Metric]:
        latest = [((r.log, str(window)), r.latest[window]) for r in self.reports for window in sorted(r.latest)]
        labels = ["log", "window"]
        yield _gauge(
            OwnMetric.ROWS, "Rows of the latest closed window.", labels, [(key, window.rows) for key, window in latest]
        )
        yield _gauge(
            OwnMetric.DUPLICATE_ROWS,
            "Rows of the latest closed window that repeat another, and were counted once.",
            labels,
            [(key, window.duplicates) for key, window in latest],
        )
        yield _gauge(
            OwnMetric.UNPARSABLE_VALUES,
            "Values of the latest closed window that are no number in a numeric feature.",
            labels,
            [(key, int(window.profiles.unparsable.sum())) for key, window in latest],
        )
        yield _gauge(
            OwnMetric.UNREADABLE_ROWS,
            "Rows of the latest closed window in which something could not be read, by what it was.",
            [*labels, "what"],
            [((*key, what), rows) for key, window in latest for what, rows in window.unreadable],
        )


def _by_name(counts: Mapping[str, int]) -> list[tuple[tuple[str, ...], float]]:
    return [((name,), count) for name, count in sorted(counts.items())]


def _gauge(
    name: OwnMetric, help_: str, labels: list[str], samples: Iterable[tuple[tuple[str, ...], float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, help_, labels=labels)
    for key, value in samples:
        family.add_metric([text.replace("\0", "\ufffd") for text in key], value)  # as in the metrics of the log
    return family


def _counter(name: OwnMetric, help_: str, samples: Iterable[tuple[tuple[str, ...], float]]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, help_, labels=["log"])
    for key, value in samples:
        family.add_metric(key, value)
    return family
