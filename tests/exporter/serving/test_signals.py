"""Signals, deaths and what they leave, on the real exporter."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from tests.exporter.serving.builders import NOW, definitions, predictor, write_definitions, write_log
from tests.real_parts import DRIFTGAUGE, Service, exporter, free_port, get, running, stop, wait_until

pytestmark = pytest.mark.slow

ARGUMENTS = ("--warehouse", "duckdb:log.duckdb", "--lookback-days", "1", "--recompute", "0", "--now", NOW.isoformat())
ENDLESS = (
    "CREATE OR REPLACE VIEW endless AS SELECT p.* FROM predictions p, range(1000000) a(i), range(1000000) b(i) "
    "WHERE sin(a.i * b.i) < -0.9999999"
)
RESTARTS = re.compile(rb"^driftgauge_worker_restarts_total (\d+)\.0$", re.M)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with definitions and a log, as `export` finds them by default."""
    write_definitions(tmp_path / "output" / "metrics", definitions(predictor()))
    write_log(tmp_path / "log.duckdb")
    (tmp_path / "tmp").mkdir()
    return tmp_path


@pytest.fixture
def service(place: Path) -> Iterator[Service]:
    with exporter(ARGUMENTS, place) as running:
        yield running


@contextmanager
def started(place: Path, *command: str | Path, ready: str = "/healthz") -> Iterator[Service]:
    """The exporter, or a script that runs it, from its first answer at the path; its temporary files are in `tmp`."""
    port = free_port()
    whole = [*(command or (DRIFTGAUGE,)), "export", *ARGUMENTS, "--listen", f"127.0.0.1:{port}"]
    environment = {"TMPDIR": str(place / "tmp")}
    log = place / f"exporter-{port}.log"
    with running(
        whole, f"http://127.0.0.1:{port}", ready, log, environment=environment, cwd=place, timeout=60
    ) as service:
        yield service


def log_of(service: Service) -> str:
    return service.log.read_text()


def worker_of(service: Service) -> int:
    """The worker's process, once there is one."""
    return wait_until("worker", lambda: next(filter(_is_worker, _children(service.process.pid)), None), every=0.01)


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def _is_worker(pid: int) -> bool:
    return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()


def _is_gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def read_endless(place: Path) -> None:
    """Have the log's query go on for ever."""
    with duckdb.connect(str(place / "log.duckdb")) as database:
        database.execute(ENDLESS)
    catalogue = place / "output" / "metrics" / "catalogue.yaml"
    catalogue.write_text(catalogue.read_text().replace("table: predictions", "table: endless"))


def _handles(process: subprocess.Popen[bytes], number: int) -> bool:
    caught = re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{process.pid}/status").read_text())
    return caught is not None and bool(int(caught[1], 16) >> (number - 1) & 1)


class TestEnd:
    """SIGTERM and SIGINT end it cleanly, at whatever moment."""

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_in_its_first_moments(self, place: Path, number: int) -> None:
        with (place / "log.txt").open("wb") as log:
            process = subprocess.Popen(
                [DRIFTGAUGE, "export", *ARGUMENTS, "--listen", "127.0.0.1:0"], cwd=place, stderr=log
            )
        wait_until("its start", lambda: _handles(process, signal.SIGHUP) and _handles(process, number), every=0.001)
        process.send_signal(number)
        assert process.wait(30) == 0
        assert (place / "log.txt").read_text().endswith("info stopped\n")

    def test_while_the_worker_starts(self, place: Path) -> None:
        with started(place) as service:
            worker = worker_of(service)
            assert stop(service.process) == 0
        assert _is_gone(worker)
        assert "Traceback" not in log_of(service)
        assert list((place / "tmp").iterdir()) == []

    def test_in_the_middle_of_a_query(self, place: Path) -> None:
        read_endless(place)
        with started(place) as service:
            worker = worker_of(service)
            wait_until("query", lambda: _cpu_seconds(worker) > 3)
            assert stop(service.process) == 0
        assert _is_gone(worker)
        assert list((place / "tmp").iterdir()) == []

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_sent_to_all_its_processes(self, service: Service, number: int) -> None:
        worker = worker_of(service)
        os.kill(worker, number)
        service.process.send_signal(number)
        assert service.process.wait(15) == 0
        assert "worker died" not in log_of(service)


class TestReload:
    """SIGHUP takes up what has changed, at once, and keeps what was before where that can't be used."""

    def test_definitions(self, place: Path, service: Service) -> None:
        renamed = predictor().model_copy(update={"team": "maps"})
        write_definitions(place / "output" / "metrics", definitions(renamed))
        service.process.send_signal(signal.SIGHUP)
        wait_until("the other team", lambda: b'team="maps"' in get(f"{service.url}/metrics"))

        (place / "output" / "metrics" / "catalogue.yaml").write_text("schema_version: 1\nlogs: *hunter2")
        service.process.send_signal(signal.SIGHUP)
        wait_until("complaint", lambda: "the definitions before are kept" in log_of(service))
        assert b'team="maps"' in get(f"{service.url}/metrics")
        assert "hunter2" not in log_of(service)

        write_definitions(place / "output" / "metrics", definitions(predictor()))
        service.process.send_signal(signal.SIGHUP)
        wait_until("the first team", lambda: b'team="maps"' not in get(f"{service.url}/metrics"))
        assert RESTARTS.findall(get(f"{service.url}/metrics")) == [b"0"]

    def test_ten_at_once_and_the_worker_too(self, service: Service) -> None:
        for _ in range(10):
            service.process.send_signal(signal.SIGHUP)
            os.kill(worker_of(service), signal.SIGHUP)
        wait_until("reload", lambda: log_of(service).count("published") > 1)
        assert "worker died" not in log_of(service)

    def test_in_its_first_moments(self, place: Path) -> None:
        port = free_port()
        with (place / "log.txt").open("wb") as log:
            process = subprocess.Popen(
                [DRIFTGAUGE, "export", *ARGUMENTS, "--listen", f"127.0.0.1:{port}"], cwd=place, stderr=log
            )
        wait_until("its start", lambda: _handles(process, signal.SIGHUP), every=0.001)
        process.send_signal(signal.SIGHUP)
        wait_until("snapshot", lambda: "published" in (place / "log.txt").read_text())
        assert stop(process) == 0

    def test_the_password(self, place: Path) -> None:
        (place / "secret").write_text("hunter2")
        options = ("--auth-username", "prometheus", "--auth-password-file", "secret")
        with exporter([*ARGUMENTS, *options], place) as service:
            (place / "secret").write_text("hunter3")
            assert self._takes(service, "hunter2")
            service.process.send_signal(signal.SIGHUP)
            wait_until("the other password", lambda: self._takes(service, "hunter3"))
            assert not self._takes(service, "hunter2")
            (place / "secret").unlink()
            service.process.send_signal(signal.SIGHUP)
            wait_until("complaint", lambda: "the credentials before are kept" in log_of(service))
            assert self._takes(service, "hunter3")

    def _takes(self, service: Service, password: str) -> bool:
        curl = ["curl", "--silent", "--fail", "--user", f"prometheus:{password}", f"{service.url}/metrics"]
        return subprocess.run(curl, capture_output=True, timeout=30, check=False).returncode == 0


class TestDeathOfTheParent:
    """Killed, it takes its worker with it; what it leaves, the next one removes."""

    def test_in_the_middle_of_a_query(self, place: Path) -> None:
        read_endless(place)
        with started(place) as service:
            worker = worker_of(service)
            wait_until("query", lambda: _cpu_seconds(worker) > 3)
            service.process.kill()
            service.process.wait()
            wait_until("end of the worker", lambda: _is_gone(worker), timeout=5)

    def test_with_a_worker_that_is_stopped(self, service: Service) -> None:
        worker = worker_of(service)
        os.kill(worker, signal.SIGSTOP)
        service.process.kill()
        service.process.wait()
        wait_until("end of the worker", lambda: _is_gone(worker), timeout=5)

    def test_its_scratch_is_cleared_by_the_next_and_no_living_one_s_is(self, place: Path) -> None:
        with started(place, ready="/readyz") as first:
            first.process.kill()
            first.process.wait()
        (left,) = (place / "tmp").iterdir()
        (left / "spilled").write_text("x" * 1000)
        (place / "tmp" / "driftgauge-of-somebody").mkdir()
        with started(place, ready="/readyz"):
            assert not left.exists()
            living = {*(place / "tmp").iterdir()}
            assert len(living) == 2
            with started(place, ready="/readyz"):
                assert len(living & {*(place / "tmp").iterdir()}) == 2
        assert [each.name for each in (place / "tmp").iterdir()] == ["driftgauge-of-somebody"]

    def test_a_half_written_window_is_cleared(self, place: Path) -> None:
        folder = place / "history" / "default" / "1h" / "2026-03"
        folder.mkdir(parents=True)
        gone = subprocess.Popen(["true"])
        gone.wait()
        half, ours, foreign = (
            folder / f"20260302T1000Z.parquet.{name}" for name in (f"{gone.pid}.tmp", f"{os.getpid()}.tmp", "x.tmp")
        )
        for file in (half, ours, foreign):
            file.write_bytes(b"PAR1")
        with started(place, ready="/readyz"):
            assert (half.exists(), ours.exists(), foreign.exists()) == (False, True, True)


DEADLY = """\
import os, signal
from metrics_exporter import service
from metrics_exporter.sources import duckdb

service._RESTART_SECONDS = (0.1,)
columns = duckdb.DuckDBWarehouse.columns


def deadly(self, table, timeout_seconds):
    if table == "deadly":
        os.kill(os.getpid(), signal.SIGKILL)
    return columns(self, table, timeout_seconds)


duckdb.DuckDBWarehouse.columns = deadly

if __name__ == "__main__":
    from generator.cli import main

    main()
"""


class TestDeathOfTheWorker:
    """It is counted where it is seen, also while no worker lives, and costs the other logs nothing for long."""

    def test_is_counted_beside_the_last_values(self, service: Service) -> None:
        assert RESTARTS.findall(get(f"{service.url}/metrics")) == [b"0"]
        os.kill(worker_of(service), signal.SIGKILL)
        wait_until("count", lambda: RESTARTS.findall(get(f"{service.url}/metrics")) == [b"1"], every=0.01)
        assert log_of(service).count("published") == 1
        metrics = get(f"{service.url}/metrics", {"Accept": "application/openmetrics-text"})
        assert b"\ndriftgauge_worker_restarts_total 1.0\n" in metrics
        assert metrics.endswith(b"# EOF\n")
        assert b"ml_predictions{" in metrics

    def test_is_counted_before_there_are_any_values(self, place: Path) -> None:
        (place / "deadly.py").write_text(DEADLY)
        catalogue = place / "output" / "metrics" / "catalogue.yaml"
        catalogue.write_text(catalogue.read_text().replace("table: predictions", "table: deadly"))
        with started(place, sys.executable, "deadly.py") as service:
            wait_until("death", lambda: "worker died" in log_of(service))
            (count,) = RESTARTS.findall(get(f"{service.url}/metrics"))
            assert int(count) >= 1
            with pytest.raises(urllib.error.HTTPError, match="503"):
                get(f"{service.url}/readyz")

    def test_a_log_that_kills_it_is_set_aside(self, place: Path) -> None:
        (place / "deadly.py").write_text(DEADLY)
        both = definitions(predictor(), predictor("tips", log="other"), logs=("other", "default"))
        deadly = both.catalogue.logs["other"].model_copy(update={"table": "deadly"})
        catalogue = both.catalogue.model_copy(update={"logs": {**both.catalogue.logs, "other": deadly}})
        write_definitions(place / "output" / "metrics", both.model_copy(update={"catalogue": catalogue}))
        with started(place, sys.executable, "deadly.py") as service:
            wait_until("values", lambda: "published" in log_of(service))
            metrics = get(f"{service.url}/metrics")
            assert b'ml_predictions{predictor="eta",model_id="eta_v1",window="1h"} 30' in metrics
            assert RESTARTS.findall(metrics) == [b"3"]
            assert "error log set aside log=other deaths=3 seconds=3.6e+03" in log_of(service)
            assert 'failed reason="log other: set aside, as the worker died' in log_of(service)
            service.process.send_signal(signal.SIGHUP)  # whoever sends it has seen to the log
            wait_until("another try", lambda: log_of(service).count("worker died") > 3)
