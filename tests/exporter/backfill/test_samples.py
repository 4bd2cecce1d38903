"""Backfilled samples are what a Prometheus would hold that had scraped the exporter all the time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from tests import real_parts
from tests.exporter.backfill import world
from tests.exporter.backfill.world import END, HOUR, SETTLE, START, Found
from tests.exporter.serving import builders
from tests.real_parts import Prometheus, PrometheusBinaries

OUT_OF_ORDER = "1000d"


@dataclass(frozen=True)
class Backfilled:
    """A backfill of some days from the warehouse, and what was live then."""

    arguments: tuple[str | Path, ...]
    folder: Path
    samples: Found
    live: dict[datetime, dict[str, str]]


@pytest.fixture(scope="module")
def backfilled(tmp_path_factory: pytest.TempPathFactory) -> Backfilled:
    folder = tmp_path_factory.mktemp("backfill")
    log = world.write_log(folder / "log.duckdb")
    builders.write_definitions(folder / "definitions", world.definitions())
    arguments: tuple[str | Path, ...] = (
        f"--from={START.isoformat()}",
        f"--to={END.isoformat()}",
        f"--warehouse=duckdb:{log}",
        f"--definitions={folder / 'definitions'}",
        f"--history={folder / 'history'}",
    )
    said = real_parts.driftgauge("backfill", *arguments, f"--out={folder / 'out'}")
    assert said.startswith("2026-03-02T00:00Z to 2026-03-03T16:00Z: 1 file in ")
    found = world.samples("".join(file.read_text() for file in world.files(folder / "out")))
    return Backfilled(arguments, folder / "out", found, dict(world.live(log, folder / "live")))


def test_each_publication_has_the_values_that_were_live(backfilled: Backfilled) -> None:
    """Of what was new then, to the last digits; of what stood on, the last sample, not older than queries look back."""
    by_series: dict[str, list[tuple[int, str]]] = {}
    for (series, at), value in backfilled.samples.items():
        by_series.setdefault(series, []).append((at, value))
    for moment, shown in backfilled.live.items():
        if moment < START:
            continue
        at = int(moment.timestamp())
        for series, value in shown.items():
            sampled = max(sample for sample in by_series[series] if sample[0] <= at)
            assert float(sampled[1]) == same(series, float(value)), (series, moment)
            assert at - sampled[0] <= (86400 if 'window="1d"' in series else 0), (series, moment)
        assert judged(backfilled, at) <= shown.keys()


def test_a_series_that_ends_has_a_sample_from_just_before(backfilled: Backfilled) -> None:
    moments = sorted(moment for moment in backfilled.live if moment >= START)
    ended = 0
    for before, after in pairwise(moments):
        last = int((after - timedelta(minutes=1)).timestamp())
        there = backfilled.live[before]
        gone = {series for series in there.keys() - backfilled.live[after].keys() if there[series] != "NaN"}
        ended += len(gone)
        assert judged(backfilled, last) == gone
    assert ended > 20


def test_what_stands_at_the_beginning_is_sampled_then(backfilled: Backfilled) -> None:
    before = backfilled.live[START - HOUR + SETTLE]
    at_start = {series: value for (series, at), value in backfilled.samples.items() if at == START.timestamp()}
    assert at_start == before


def test_the_range_is_half_open(backfilled: Backfilled, tmp_path: Path) -> None:
    arguments = [*backfilled.arguments, f"--out={tmp_path}", "--history-only", "--every=5m"]
    arguments[1] = f"--to={(START + HOUR + SETTLE).isoformat()}"
    real_parts.driftgauge("backfill", *arguments)
    times = {at for _, at in world.samples(world.files(tmp_path)[0].read_text())}
    begin = int(START.timestamp())
    assert times == set(range(begin, begin + 4200, 300))


def test_labels_of_the_scrape(backfilled: Backfilled, tmp_path: Path) -> None:
    options = ("--label=instance=", "--label=job=ml", '--label=cluster=a"b', f"--out={tmp_path}")
    real_parts.driftgauge("backfill", *backfilled.arguments, *options)
    line = next(line for line in world.files(tmp_path)[0].read_text().splitlines() if line.startswith("ml_model_info"))
    assert 'job="ml",cluster="a\\"b"} 1' in line
    assert "instance" not in line


def test_prometheus_answers_the_same_from_files_and_remote_write(
    backfilled: Backfilled, prometheus_binaries: PrometheusBinaries, tmp_path: Path
) -> None:
    from_files, from_remote = tmp_path / "files", tmp_path / "remote"
    for file in world.files(backfilled.folder):
        command = ("tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=162h", file, from_files / "data")
        prometheus_binaries.check(*command)
    storage = {"storage": {"tsdb": {"out_of_order_time_window": OUT_OF_ORDER}}}
    with (
        real_parts.prometheus(prometheus_binaries, {}, from_files) as blocks,
        real_parts.prometheus(
            prometheus_binaries, storage, from_remote, flags=["--web.enable-remote-write-receiver"]
        ) as remote,
    ):
        url = f"--remote-write={remote.url}/api/v1/write"
        real_parts.driftgauge("backfill", *backfilled.arguments, url, f"--out={tmp_path / 'sent'}")
        moments = sorted(moment for moment in backfilled.live if moment >= START)
        for moment in (moments[0], moments[15], moments[-1]):
            shown = backfilled.live[moment]
            for server in (blocks, remote):
                assert answers(server, moment, 'window="1h"', "1h10m") == of_window(shown, 'window="1h"')
                assert answers(server, moment, 'window="1d"', "1d10m") == of_window(shown, 'window="1d"')
                assert answers(server, moment, 'window=""', "1h") == of_window(shown, None)


def same(series: str, value: float) -> object:
    """But for its rounding: a day in one scan adds up in another order than its hours.

    Percentiles may be the value beside: which values are counted on their own is learnt from the windows before. So may
    drift, which is told from them.
    """
    if "reference=" in series:
        return pytest.approx(value, rel=0.05, abs=0.3)  # less than what chance alone makes of so few rows
    return pytest.approx(value, rel=0.05 if "quantile=" in series else 1e-14, abs=0, nan_ok=True)


def judged(backfilled: Backfilled, at: int) -> set[str]:
    """The series that have a number then: how long a reading is told not to be judged moves no rule."""
    return {series for (series, time), value in backfilled.samples.items() if time == at and value != "NaN"}


def answers(server: Prometheus, moment: datetime, matcher: str, look_back: str) -> dict[str, float]:
    """What a query that looks back finds, of the series that have not ended."""
    found = {}
    for sample in server.query(f'last_over_time({{__name__=~"ml_.+",{matcher}}}[{look_back}])', moment.timestamp()):
        labels = {
            name: value for name, value in sample["metric"].items() if name not in {"__name__", "job", "instance"}
        }
        text = ",".join(f'{name}="{value}"' for name, value in sorted(labels.items()))
        found[f"{sample['metric']['__name__']}{{{text}}}"] = float(sample["value"][1])
    return {series: value for series, value in found.items() if not math.isnan(value)}


def of_window(shown: dict[str, str], window: str | None) -> dict[str, object]:
    """The live values of a window, or of none, that are numbers; to Prometheus an empty label is none."""
    wanted = {
        series: value for series, value in shown.items() if (window in series if window else "window=" not in series)
    }
    numbers = {series: float(value) for series, value in wanted.items() if value != "NaN"}
    return {series.replace(',team=""', ""): same(series, value) for series, value in numbers.items()}
