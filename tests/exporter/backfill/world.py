"""A log of five weeks with what live exporters meet, and what one that ran all the time would have shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from metrics_exporter.compute.refresh import Refresher
from metrics_exporter.definitions import Alert, Comparison, Definitions
from metrics_exporter.profiles.history import History
from metrics_exporter.serving.snapshot import Snapshots
from metrics_exporter.serving.view import groups
from metrics_exporter.sources import open_warehouse
from metrics_exporter.windows import DAILY
from tests.exporter.serving import builders

START = datetime(2026, 3, 2, tzinfo=UTC)  # the samples begin here; the log five weeks earlier
END = START + timedelta(hours=40)
HOUR = timedelta(hours=1)
SETTLE = timedelta(seconds=builders.SETTLE_SECONDS)
_LINE = re.compile(r"(?P<series>\w+\{.*\}) (?P<value>\S+)(?: (?P<time>\d+))?")

Found = dict[tuple[str, int], str]


def definitions() -> Definitions:
    """A predictor with an alert of each kind that matters here: on many features, on days, and against past weeks."""
    change = Alert(
        id="mean-moves",
        title="The mean moves",
        metric="ml_prediction_mean",
        window=builders.HOURLY,
        comparison=Comparison.CHANGE_ABOVE,
        high=0.01,
        consecutive=2,
        models=("eta_v1",),
        severity="page",
    )
    alerts = (builders.alert(), builders.alert("days", window=DAILY), change)
    return builders.definitions(builders.predictor(alerts=alerts))


def write_log(file: Path) -> Path:
    """A row every ten minutes of three models; one is silent for hours, and a feature has another name for some."""
    with duckdb.connect(str(file)) as database:
        database.execute(
            "CREATE TABLE predictions AS SELECT ?::TIMESTAMP + INTERVAL (i * 10 + 5) MINUTE AS sent_at, "
            "'id' || i AS prediction_id, p[1] AS predictor_name, p[2] AS model_id, "
            "(hash(i) % 1000) / 7.0 AS prediction_result, "
            "MAP {CASE WHEN i BETWEEN 5100 AND 5130 THEN 'range' ELSE 'distance' END: (hash(i) % 50)::VARCHAR, "
            "'city': ['ams', 'ber'][1 + i % 2]} AS features, "
            "CASE WHEN i BETWEEN 5060 AND 5090 AND i % 2 = 0 THEN ['distance'] ELSE []::VARCHAR[] END "
            "AS default_values_used "
            "FROM range(0, 5300) r(i), "
            "(SELECT unnest([['eta', 'eta_v1'], ['eta', 'eta_v2'], ['tips', 'tips_v1']])) m(p) "
            "WHERE NOT (p[2] = 'eta_v2' AND i BETWEEN 5070 AND 5110)",
            [(START - timedelta(weeks=5)).replace(tzinfo=None)],
        )
    return file


def live(log: Path, history: Path) -> Iterator[tuple[datetime, dict[str, str]]]:
    """What an exporter would have shown of models from each publication on: values by series."""
    running = definitions()
    refresher = Refresher(running, open_warehouse(f"duckdb:{log}"), History(str(history)), recompute=0)
    snapshots = Snapshots()
    moment = START - 6 * HOUR + SETTLE
    while moment < END:
        *_, reports = refresher.refresh(moment)
        text = snapshots.make(running, reports, groups(running, reports, moment, snapshots.max_age), moment)
        yield moment, {series: value for (series, _), value in samples(text.current.text.text()).items()}
        moment += HOUR


def samples(text: str) -> Found:
    """The samples of models in a text, by series and time; without the labels of the scrape, in one order of labels."""
    found: Found = {}
    for match in _LINE.finditer(text):
        if match["series"].startswith("ml_"):
            name, _, labels = match["series"].removesuffix("}").partition("{")
            kept = sorted(
                label for label in re.findall(r'\w+="[^"]*"', labels) if not label.startswith(("job", "instance"))
            )
            key = f"{name}{{{','.join(kept)}}}", int(match["time"] or 0)
            assert key not in found, f"{key} comes twice"
            found[key] = match["value"]
    return found


def files(folder: Path) -> list[Path]:
    """The files of a backfill, oldest first."""
    return sorted(folder.glob("*.om"))
