"""The exporter's own health: what it says of itself, on the fleet dashboard."""

from __future__ import annotations

from generator.render.dashboards import grafana
from generator.render.dashboards.fields import Json
from generator.render.dashboards.grafana import About, Placed, Query
from metrics_exporter.definitions import OwnMetric

_NOT_SCRAPED = "The exporter is not scraped"


def panels() -> list[Placed]:
    """A panel a metric; ids from 41."""
    return [
        _last_success(),
        _now(42, "Rows", OwnMetric.ROWS, "Rows of the log in the last window.", "More traffic, or rows that repeat."),
        _now(
            43,
            "Duplicate rows",
            OwnMetric.DUPLICATE_ROWS,
            "Rows that were in the log twice and counted once.",
            "The log is written twice: a retry, a replay.",
        ),
        _now(
            44,
            "Unparsable values",
            OwnMetric.UNPARSABLE_VALUES,
            "Text where a number belongs.",
            "A source changed its format: look at the newest deployment of the features' pipelines.",
        ),
        _now(
            45,
            "Series",
            OwnMetric.SERIES,
            "Series that the exporter serves.",
            "New models or features; or a feature's name holds an id, which whoever writes the log has to mend.",
        ),
        _now(
            46,
            "Dropped series",
            OwnMetric.DROPPED_SERIES,
            "Series beyond the exporter's limit.",
            "What is dropped is not monitored: the status page says who grew; raise the limit, or mend it.",
        ),
        _events(47, "Missed windows", OwnMetric.MISSED_WINDOWS, "windows that were skipped after a downtime"),
        _events(48, "Errors", OwnMetric.ERRORS, "failures of any kind, each named in the exporter's log"),
        _query_time(),
    ]


def _last_success() -> Placed:
    told = About(
        41,
        "Since the last success",
        "Time since the exporter last finished a window.\n\n**When it rises** past a window's length: its query fails "
        "or hangs; its log and its status page say why.",
        "s",
        _NOT_SCRAPED,
    )
    return grafana.stat(told, Query(f"time() - max({OwnMetric.LAST_SUCCESS})", "age"))


def _now(panel_id: int, title: str, metric: OwnMetric, what: str, rise: str) -> Placed:
    told = About(panel_id, title, f"{what}\n\n**When it rises:** {rise}", "short", _NOT_SCRAPED)
    return grafana.stat(told, Query(f"sum({metric})", title.lower()))


def _events(panel_id: int, title: str, metric: OwnMetric, what: str) -> Placed:
    described = f"In the chosen time range: {what}.\n\n**When it is red:** look at the exporter's log and status page."
    told = About(panel_id, title, described, "short", _NOT_SCRAPED)
    red: list[Json] = [{"color": "text"}, {"color": "red", "value": 1}]
    return grafana.stat(told, Query(f"sum(increase({metric}[$__range]))", title.lower()), thresholds=red)


def _query_time() -> Placed:
    told = About(
        49,
        "Query time",
        "Seconds that the warehouse took for a window.\n\n**When it rises:** more rows, or a busy warehouse; when it "
        "nears the deadline, windows will be missed.",
        "s",
        _NOT_SCRAPED,
    )
    return grafana.timeseries(told, [Query(f"max({OwnMetric.QUERY_SECONDS})", "query time")], low=0, width=16)
