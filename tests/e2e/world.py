"""A month of a real prediction log that ends now, in a busy hour, with an incident in its last hours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from demo.log import ensure_log
from metrics_exporter import definitions
from metrics_exporter.compute.refresh import Refresher
from metrics_exporter.profiles.history import History
from metrics_exporter.serving.snapshot import Snapshots
from metrics_exporter.serving.view import groups
from metrics_exporter.sources import open_warehouse
from tests.real_parts import ROOT, PrometheusBinaries

HOUR = timedelta(hours=1)
WEEK = timedelta(weeks=1)
SETTLE = timedelta(minutes=10)
LOOKBACK_DAYS = 3
DEFINITIONS = ROOT / "output" / "metrics"

# A busy hour of an ordinary week: Wednesday, 20 November 2013, in the afternoon of New York.
_BUSY = datetime(2013, 11, 20, 21)
_WEEKS_KEPT = 5
_HOURS_AHEAD = 4  # the tests may take until the next window


@dataclass(frozen=True)
class Incident:
    """What goes wrong with predictions: which, since how many hours, and what is set in their rows, as SQL."""

    where: str
    hours: int
    change: str


# The source of a feature is gone, and the primary model decides on its default instead.
SURGE = Incident(
    "model_id = 'arrival_delay_v3'",
    5,
    "features = map_concat(features, MAP {'aircraft_seats': '140.0'}), "
    "default_values_used = list_distinct(list_append(default_values_used, 'aircraft_seats'))",
)
# A model is stuck.
STUCK = Incident("model_id = 'cancellation_v1'", 5, "prediction_result = 0.9")
# For days, two features have been missing now and then: too rarely for any alert, but dashboards show it.
GAPS = Incident(
    "hash(prediction_id) % 20 = 0",
    60,
    "features = map_concat(features, MAP {'dew_point': CAST(NULL AS VARCHAR)}), "
    "default_values_used = list_distinct(list_append(default_values_used, 'pressure'))",
)
INCIDENTS = (SURGE, STUCK, GAPS)


def make_log(file: Path, now: datetime, incidents: Iterable[Incident]) -> None:
    """Copy the last weeks of the demo's log to a file of the test's own, moved so that the busy hour is now."""
    demo = ensure_log(ROOT / ".cache" / "driftgauge")
    busy = _BUSY + demo.weeks * WEEK
    hours = (now.replace(tzinfo=None, minute=0, second=0, microsecond=0) - busy) // HOUR
    with duckdb.connect(str(file)) as database:
        database.execute(f"ATTACH '{demo.file}' AS demo (READ_ONLY)")
        database.execute(
            f"CREATE TABLE predictions AS SELECT * REPLACE (sent_at + INTERVAL {hours} HOUR AS sent_at) "
            "FROM demo.all_predictions WHERE sent_at BETWEEN ? AND ? ORDER BY sent_at",
            [busy - _WEEKS_KEPT * WEEK, busy + _HOURS_AHEAD * HOUR],
        )
        for incident in incidents:
            database.execute(
                f"UPDATE predictions SET {incident.change} WHERE {incident.where} AND sent_at >= ?",
                [now.replace(tzinfo=None) - incident.hours * HOUR],
            )


def moments(now: datetime) -> list[datetime]:
    """When a Prometheus that has run for weeks would hold samples, as far as queries look: UTC, oldest first.

    The last hours and the same hours of past weeks every five minutes, from the minute that a window is published on;
    around them, once an hour. A rule that looks back an hour and ten minutes finds the window before the last one, even
    in the seconds in which the next one is due and not yet published.
    """
    step = timedelta(minutes=5)
    spans = [(timedelta(0), 9 * HOUR, step), (timedelta(0), 48 * HOUR, HOUR), (WEEK, 24 * HOUR, HOUR)]
    spans += [(weeks * WEEK - timedelta(minutes=40), timedelta(minutes=120), step) for weeks in (1, 2, 3, 4)]
    last = now - step
    first_minute = last.replace(minute=10, second=0, microsecond=0)
    found = set()
    for back, length, every in spans:
        moment = first_minute + HOUR - back
        while moment > last - back - length:
            if moment <= last - back:
                found.add(moment)
            moment -= every
    return sorted(found)


def replay(
    log: Path, history: Path, at: Iterable[datetime], folder: Path = DEFINITIONS
) -> Iterator[tuple[datetime, str]]:
    """What the exporter would have shown at each of these moments, oldest first, by the definitions in the folder."""
    running = definitions.load(folder)
    warehouse, profiles = open_warehouse(f"duckdb:{log}"), History(str(history))
    refresher = Refresher(running, warehouse, profiles, lookback_days=LOOKBACK_DAYS, recompute=0)
    snapshots = Snapshots()
    published, text = None, ""
    for moment in at:
        hour = (moment - SETTLE).replace(minute=0)
        if hour != published:
            *_, reports = refresher.refresh(moment)
            shown = groups(running, reports, moment, snapshots.max_age)
            text = snapshots.make(running, reports, shown, moment).exposition(moment).text.text()
            published = hour
        yield moment, text


def write_openmetrics(file: Path, samples: Iterable[tuple[datetime, str]], target: Mapping[str, str]) -> None:
    """Write expositions as promtool's backfill reads them: with the target's labels, and a time each."""
    added = ",".join(f'{name}="{value}"' for name, value in target.items())
    with file.open("w", encoding="utf-8") as out:
        for moment, text in samples:
            stamp = f" {moment.timestamp():.0f}\n"
            for line in text.splitlines():
                if not line.startswith("#"):
                    out.write(_with_labels(line, added) + stamp)
        out.write("# EOF\n")


def _with_labels(line: str, added: str) -> str:
    series, _, value = line.rpartition(" ")
    name, brace, labels = series.partition("{")
    return f"{name}{{{added},{labels} {value}" if brace else f"{name}{{{added}}} {value}"


def backfill(binaries: PrometheusBinaries, file: Path, data: Path) -> None:
    """Turn an OpenMetrics file into blocks for a Prometheus of this version."""
    binaries.check("tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=1440h", file, data)
