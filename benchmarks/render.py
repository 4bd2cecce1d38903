"""Rendering a million series and serving them, beside prometheus-client.

As in the exporter, one process renders and another serves; the scraping client is a third, so that its own work is not
taken for the server's.
"""

from __future__ import annotations

import http.client
import multiprocessing
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.lines import Line
from benchmarks.profiles import numeric
from generator.catalogue import METRICS
from metrics_exporter.compute.refresh import LogReport
from metrics_exporter.definitions import DEFAULT_CADENCE, Catalogue, Definitions, Log
from metrics_exporter.profiles.table import WindowProfiles
from metrics_exporter.service import SWITCH_SECONDS, WORKER_NICE
from metrics_exporter.serving.exposition import Family, families, render
from metrics_exporter.serving.server import Server, Site
from metrics_exporter.serving.snapshot import Snapshot, Snapshots
from metrics_exporter.serving.view import Group, groups
from metrics_exporter.statistics.readings import all_readings

MEGABYTE = 1 << 20

_PREDICTORS, _MODELS, _FEATURES = 345, 2, 60
_END = datetime(2026, 3, 2, tzinfo=UTC)
_NOW = _END + timedelta(minutes=15)
_MAX_AGE = timedelta(hours=3)
_REPEATS = 5
_CONTEXT = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Rendered:
    """What the renderer measured: processor seconds of the text alone, and of the snapshot; memory beyond the data."""

    text_seconds: float
    seconds: float
    megabytes: float
    snapshot: Snapshot


def run() -> Iterator[Line]:
    """Render, then scrape, first idle, then while another process renders."""
    sys.setswitchinterval(SWITCH_SECONDS)
    ours, commands = _CONTEXT.Pipe()
    renderer = _CONTEXT.Process(target=_render_on_demand, args=(commands,), daemon=True)
    renderer.start()
    commands.close()
    ours.send("render")
    rendered: Rendered = ours.recv()
    peer, series = _peer_seconds(rendered.snapshot)
    ratio = peer / rendered.text_seconds
    reference = f"prometheus-client {peer:.2f} s"
    yield Line(
        f"render {series:,} series",
        f"{rendered.text_seconds:.2f} s",
        reference,
        f"{ratio:.1f} x",
        ">= 12 x",
        ratio >= 12,
    )
    whole = peer / rendered.seconds
    yield Line(
        "render, both formats, gzipped", f"{rendered.seconds:.2f} s", f"{reference}, not gzipped", f"{whole:.1f} x"
    )
    extra = rendered.megabytes
    yield Line("render, memory beyond the data", f"{extra:.0f} MB", goal="<= 300 MB", ok=extra <= 300)
    yield from _scrapes(rendered.snapshot, ours)
    renderer.terminate()


def _scrapes(snapshot: Snapshot, renderer: Connection) -> Iterator[Line]:
    server = Server(("127.0.0.1", 0), Site(lambda: _NOW, snapshot))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ours, theirs = _CONTEXT.Pipe()
    client = _CONTEXT.Process(target=_scrape_until_told, args=(server.server_address[1], theirs), daemon=True)
    client.start()
    theirs.close()
    try:
        idle = _scrape_for(ours, 5)
        busy = []
        for _ in range(_REPEATS):
            renderer.send("render")
            busy.append(max(_scrape_for(ours, renderer)))
    finally:
        client.terminate()
        server.shutdown()
        server.server_close()
    typical = statistics.median(idle)
    size = f"{len(snapshot.current.text) / MEGABYTE:.1f} MB gzip"
    yield Line(f"scrape, {size}, median", f"{typical * 1e3:.1f} ms", goal="<= 20 ms", ok=typical <= 0.02)
    stall = min(busy) - typical  # what rendering causes is there each time, what others on the machine cause is not
    what = f"longest idle {(max(idle) - typical) * 1e3:.1f} ms"
    yield Line("scrape stall while rendering", f"{stall * 1e3:.1f} ms", what, goal="<= 50 ms", ok=stall <= 0.05)


def _scrape_for(client: Connection, until: float | Connection) -> list[float]:
    """Seconds of each scrape, for a time or until the renderer answers."""
    client.send("start")
    if isinstance(until, Connection):
        until.recv()
    else:
        time.sleep(until)
    client.send("stop")
    return list(client.recv())


def _scrape_until_told(port: int, parent: Connection) -> None:
    """The client's process."""
    while parent.recv() == "start":
        seconds = []
        while not parent.poll(0.02):
            connection = http.client.HTTPConnection("127.0.0.1", port)
            started = time.perf_counter()
            connection.request("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
            response = connection.getresponse()
            while response.read(MEGABYTE):
                pass
            seconds.append(time.perf_counter() - started)
            connection.close()
        parent.recv()
        parent.send(seconds)


def _render_on_demand(parent: Connection) -> None:
    """The renderer's process, as nice as the exporter's worker."""
    os.nice(WORKER_NICE)
    definitions, reports = _data()
    wanted = families(definitions.catalogue.metrics)
    while parent.recv() == "render":
        shown = groups(definitions, reports, _NOW, _MAX_AGE)
        text_seconds = _processor_seconds(partial(_render_text, wanted, shown))
        before = _reset_peak()
        started = time.process_time()
        snapshot = Snapshots().make(definitions, reports, shown, _NOW)
        parent.send(Rendered(text_seconds, time.process_time() - started, _peak() - before, snapshot))


class _Passed:
    """Where the text goes by, as it does on its way into compression."""

    def write(self, data: bytes, /) -> None:
        """Take it, and keep nothing."""


def _render_text(wanted: Sequence[Family], shown: Sequence[Group]) -> None:
    render(wanted, shown, _Passed())


def _processor_seconds(work: Callable[[], object]) -> float:
    """What one thread of pure work takes, whatever else the machine does; the better of two."""
    seconds = []
    for _ in range(2):
        started = time.process_time()
        work()
        seconds.append(time.process_time() - started)
    return min(seconds)


def _peer_seconds(snapshot: Snapshot) -> tuple[float, int]:
    """Seconds of prometheus-client for the same series, and how many these are."""
    registry = CollectorRegistry()
    series = 0
    for family in text_string_to_metric_families(snapshot.current.text.text()):
        if family.name.startswith("ml_"):
            gauge = Gauge(family.name, family.documentation, sorted(family.samples[0].labels), registry=registry)
            for sample in family.samples:
                gauge.labels(**sample.labels).set(sample.value)
            series += len(family.samples)
    return _processor_seconds(partial(generate_latest, registry)), series


def _data() -> tuple[Definitions, tuple[LogReport, ...]]:
    """A fleet of numeric features, each profile with values of its own."""
    metrics = tuple(metric.definition for metric in METRICS)
    catalogue = Catalogue(schema_version=1, logs={"default": Log(table="predictions")}, metrics=metrics)
    random_numbers = np.random.default_rng(0)
    latest = {
        window: WindowProfiles("default", window, _END, 1000, 0, numeric(_models(), _FEATURES, random_numbers))
        for window in DEFAULT_CADENCE
    }
    known = dict.fromkeys(_models(), _END)
    report = LogReport("default", DEFAULT_CADENCE, latest, known, {}, all_readings(()), _NOW, 1.0, None, 0, 0)
    return Definitions(catalogue=catalogue, predictors={}), (report,)


def _models() -> list[tuple[str, str]]:
    return [
        (f"predictor_{place}", f"predictor_{place}_v{model}")
        for place in range(_PREDICTORS)
        for model in range(_MODELS)
    ]


def _reset_peak() -> float:
    """Forget the peak of resident memory (Linux); the megabytes resident now."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _resident("VmRSS")


def _peak() -> float:
    return _resident("VmHWM")


def _resident(what: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    kilobytes = next(line.split()[1] for line in lines if line.startswith(f"{what}:"))
    return int(kilobytes) * 1024 / MEGABYTE
