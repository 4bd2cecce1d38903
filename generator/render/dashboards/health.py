"""The exporter's own health: what it says of itself, on the fleet dashboard."""

from __future__ import annotations

from generator.alerting.health import STALE_SECONDS
from generator.render.dashboards import grafana
from generator.render.dashboards.fields import Json
from generator.render.dashboards.grafana import About, Placed, Query
from generator.render.dashboards.queries import WINDOW
from metrics_exporter.definitions import OwnMetric

_NOT_SCRAPED = "The exporter is not scraped"


def panels() -> list[Placed]:
    """A panel a metric; ids from 41."""
    return [
        _last_success(),
        _rows(42, "Rows", OwnMetric.ROWS, "Rows in the latest window.", "More traffic, or rows that repeat."),
        _rows(
            43,
            "Duplicate rows",
            OwnMetric.DUPLICATE_ROWS,
            "Rows that were in the log twice and counted once.",
            "The log is written twice: a retry, a replay.",
        ),
        _rows(
            44,
            "Unparsable values",
            OwnMetric.UNPARSABLE_VALUES,
            "Text where a number belongs.",
            "A source changed its format: look at the newest deployment of the features' pipelines.",
        ),
        _series(
            45,
            "Series",
            OwnMetric.SERIES,
            "Series that the exporter serves.\n\n**When it rises:** "
            "new models or features; or a feature's name holds an id, which whoever writes the log has to mend.",
        ),
        _series(
            46,
            "Dropped series",
            OwnMetric.DROPPED_SERIES,
            "Series beyond the exporter's limit, which nobody monitors.\n\n**When it is red:** its status page says "
            "who grew: mend that, or raise the limit.",
            red_from=1,
        ),
        _events(
            47, "Missed windows", OwnMetric.MISSED_WINDOWS, "windows that were due while it did not run, or that failed"
        ),
        _events(48, "Errors", OwnMetric.ERRORS, "refreshes that failed, each named in the exporter's log"),
        _query_time(),
    ]


def _last_success() -> Placed:
    told = About(
        41,
        "Since the last success",
        "Time since the exporter last read each prediction log.\n\n**When it is red,** its query fails or hangs: its "
        "log and its status page say why. Until it is mended, no value and no alert of that log's models can be "
        "trusted.",
        "s",
        _NOT_SCRAPED,
    )
    return _stat(told, Query(f"time() - max by (log) ({OwnMetric.LAST_SUCCESS})", "{{log}}"), STALE_SECONDS)


def _rows(panel_id: int, title: str, metric: OwnMetric, what: str, rise: str) -> Placed:
    told = About(panel_id, title, f"{what}\n\n**When it rises:** {rise}", "short", _NOT_SCRAPED)
    return _stat(told, Query(f"max by (log) ({metric}{{window={WINDOW}}})", "{{log}}"))


def _series(panel_id: int, title: str, metric: OwnMetric, description: str, *, red_from: float | None = None) -> Placed:
    told = About(panel_id, title, description, "short", _NOT_SCRAPED)
    total = f"sum(max by (predictor) ({metric})) or 0 * sum({OwnMetric.SERIES})"  # what is 0 everywhere may be absent
    return _stat(told, Query(total, title.lower()), red_from)


def _events(panel_id: int, title: str, metric: OwnMetric, what: str) -> Placed:
    described = f"In the chosen time range: {what}.\n\n**When it is red:** look at the exporter's log and status page."
    told = About(panel_id, title, described, "short", _NOT_SCRAPED)
    expr = f"sum by (log) (increase({metric}[$__range]))"
    return _stat(told, Query(expr, "{{log}}", instant=True), red_from=1)


def _stat(told: About, query: Query, red_from: float | None = None) -> Placed:
    red: list[Json] = [{"color": "text"}, {"color": "red", "value": red_from}]
    thresholds = () if red_from is None else red
    return grafana.stat(told, query, thresholds=thresholds, width=6, height=3)


def _query_time() -> Placed:
    told = About(
        49,
        "Query time",
        "Seconds that the last query of each log took in the warehouse.\n\n**When it rises:** more rows, or a busy "
        "warehouse; when it nears the deadline, windows will be missed.",
        "s",
        _NOT_SCRAPED,
    )
    return grafana.timeseries(
        told, [Query(f"max by (log) ({OwnMetric.QUERY_SECONDS})", "{{log}}")], low=0, width=24, height=6
    )
