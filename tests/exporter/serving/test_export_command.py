"""`driftgauge export` as a person runs it: once, or serving until a signal."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.exporter.serving.builders import END, NOW, definitions, predictor, write_definitions, write_log
from tests.real_parts import DRIFTGAUGE, Service, exporter, free_port, get, running, stop, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with definitions and a log, as `export` finds them by default."""
    write_definitions(tmp_path / "output" / "metrics", definitions(predictor()))
    write_log(tmp_path / "log.duckdb")
    return tmp_path


ARGUMENTS = ("--warehouse", "duckdb:log.duckdb", "--lookback-days", "1")


def once(place: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return export(place, *arguments, "--once", **environment)


def export(place: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [DRIFTGAUGE, "export", *arguments, "--now", NOW.isoformat()],
        cwd=place,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_once_prints_the_metrics_and_nothing_else(place: Path) -> None:
    run = once(place, *ARGUMENTS)
    assert (run.returncode, run.stderr) == (0, "")
    samples = {
        (s.name, s.labels.get("model_id"), s.labels.get("window")): s.value
        for family in text_string_to_metric_families(run.stdout)
        for s in family.samples
    }
    assert samples["ml_predictions", "eta_v1", "1h"] == 30
    assert samples["ml_window_end_timestamp_seconds", "tips_v1", "1h"] == END.timestamp()


def test_progress_shows_on_a_terminal_only(place: Path) -> None:
    terminal, theirs = os.openpty()
    command = [DRIFTGAUGE, "export", *ARGUMENTS, "--once", "--now", NOW.isoformat()]
    with subprocess.Popen(command, cwd=place, stdout=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while b"\x1b[K" not in shown or process.poll() is None:
            try:
                shown += os.read(terminal, 1000)
            except OSError:  # it has ended, and closed the terminal's other side
                break
    assert process.returncode == 0
    assert "computing the windows due … 0 s".encode() in shown
    assert shown.endswith(b"\r\x1b[K")


def test_once_again_asks_the_warehouse_nothing(place: Path) -> None:
    first = once(place, *ARGUMENTS)
    (place / "log.duckdb").rename(place / "elsewhere.duckdb")
    again = once(place, *ARGUMENTS)
    assert again.returncode == 0, again.stderr
    window_data = [[line for line in run.stdout.splitlines() if line.startswith("ml_")] for run in (first, again)]
    assert window_data[0] == window_data[1]


def test_the_sql_of_a_scan_is_printed_and_nothing_is_computed(place: Path) -> None:
    before = sorted(place.rglob("*"))
    run = export(place, *ARGUMENTS, "--explain")
    assert (run.returncode, run.stderr) == (0, "")
    code = [line for line in run.stdout.splitlines() if line and not line.startswith("--")]
    assert code[0].startswith("WITH ")
    assert code[-1].endswith(";")
    assert re.search(r"^-- start: '.*00:00'$", run.stdout, re.M)
    assert "Table: log.main.predictions" in run.stdout
    assert sorted(place.rglob("*")) == before
    both = once(place, *ARGUMENTS, "--explain")
    assert both.returncode == 2
    assert "exclude each other" in both.stderr


def test_settings_from_file_and_environment(place: Path) -> None:
    (place / "exporter.yaml").write_text("warehouse: duckdb:nowhere.duckdb\nlookback_days: 1\nhistory: kept\n")
    run = once(place, DRIFTGAUGE_CONFIG="exporter.yaml", DRIFTGAUGE_WAREHOUSE="duckdb:log.duckdb")
    assert run.returncode == 0, run.stderr
    assert list((place / "kept").rglob("*.parquet"))


def _not_a_database(place: Path) -> None:
    (place / "log.duckdb").write_text("predictions\n" * 1000)


def _newer(place: Path) -> None:
    file = place / "output" / "metrics" / "catalogue.yaml"
    file.write_text(file.read_text().replace("schema_version: 1", "schema_version: 99"))


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda place: (place / "log.duckdb").unlink(), "log.duckdb"),
        (_not_a_database, "log.duckdb"),
        (lambda place: (place / "output" / "metrics" / "catalogue.yaml").unlink(), "run `driftgauge generate`"),
        (_newer, "schema_version is 99"),
    ],
    ids=["no database", "not a database", "no definitions", "newer definitions"],
)
def test_a_mistake_is_one_line_and_exit_1(place: Path, spoil: object, told: str) -> None:
    assert callable(spoil)
    spoil(place)
    run = once(place, *ARGUMENTS)
    assert run.returncode == 1
    assert told in run.stderr
    assert "Traceback" not in run.stderr
    assert len(run.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ((), 2, "warehouse is not set"),
        (("--warehouse", "oracle:x"), 1, "no known kind"),
        ((*ARGUMENTS, "--max-age", "soon"), 2, "--max-age: is no duration"),
        ((*ARGUMENTS, "--config", "nowhere.yaml"), 1, "nowhere.yaml: can't be read"),
        ((*ARGUMENTS, "--now", "yesterday"), 2, "'yesterday' is no ISO time"),
        ((*ARGUMENTS, "--history", "nowhere://x"), 1, "nowhere"),
    ],
)
def test_wrong_arguments(place: Path, arguments: tuple[str, ...], code: int, told: str) -> None:
    run = subprocess.run(
        [DRIFTGAUGE, "export", "--once", *arguments], cwd=place, capture_output=True, text=True, timeout=60, check=False
    )
    assert (run.returncode, told in run.stderr, "Traceback" in run.stderr) == (code, True, False), run.stderr


def test_who_outgrows_the_limit_is_told_and_ends_in_1(place: Path) -> None:
    run = once(place, *ARGUMENTS, "--series-limit", "60")
    assert run.returncode == 1
    assert "predictor 'eta' has" in run.stderr
    assert 'driftgauge_dropped_series{predictor="eta"}' in run.stdout


@pytest.fixture
def service(place: Path) -> Iterator[Service]:
    """The exporter over the place, at the time of its log."""
    arguments = [*ARGUMENTS, "--now", NOW.isoformat(), "--recompute", "0"]
    with exporter(arguments, place) as running:
        yield running


def test_it_serves_until_a_signal_and_leaves_no_process(service: Service) -> None:
    assert b'ml_predictions{predictor="eta",model_id="eta_v1",window="1h"} 30' in get(f"{service.url}/metrics")
    assert b"tips" in get(f"{service.url}/")
    workers = _children(service.process.pid)
    assert workers
    assert stop(service.process) == 0
    wait_until("end of its processes", lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
    log = service.log.read_text()
    assert "info listening address=127.0.0.1:" in log
    assert "info published" in log
    assert log.endswith("info stopped\n")
    assert "Traceback" not in log


def test_a_worker_that_dies_is_started_again_while_its_last_values_are_served(service: Service) -> None:
    for pid in _children(service.process.pid):
        os.kill(pid, signal.SIGKILL)
    wait_until("death in the log", lambda: "worker died" in service.log.read_text())
    assert b"ml_predictions" in get(f"{service.url}/metrics")
    wait_until("new snapshot", lambda: "published" in service.log.read_text().partition("worker died")[2])


IMPATIENT = """\
from metrics_exporter import service

service.BEAT_SECONDS, service.GRACE_SECONDS = 0.5, 5.0  # in the worker, too, which imports this file

if __name__ == "__main__":
    from generator.cli import main

    main()
"""


@pytest.fixture
def impatient(place: Path) -> Iterator[Service]:
    """An exporter that gives up a worker that has been silent for eight seconds."""
    (place / "impatient.py").write_text(IMPATIENT)
    port = free_port()
    arguments = [*ARGUMENTS, "--now", NOW.isoformat(), "--recompute", "0", "--query-timeout", "3s"]
    command = [sys.executable, "impatient.py", "export", *arguments, "--listen", f"127.0.0.1:{port}"]
    with running(command, f"http://127.0.0.1:{port}", "/readyz", place / "exporter.log", cwd=place) as service:
        yield service


def test_a_worker_that_hangs_is_replaced_while_its_last_values_are_served(impatient: Service) -> None:
    (hanging,) = [pid for pid in _children(impatient.process.pid) if _is_worker(pid)]
    os.kill(hanging, signal.SIGSTOP)
    wait_until("end of the worker", lambda: not Path(f"/proc/{hanging}").exists())
    assert b"ml_predictions{" in get(f"{impatient.url}/metrics")
    wait_until("new snapshot", lambda: "published" in impatient.log.read_text().partition("worker died")[2])
    assert b"driftgauge_worker_restarts_total 1.0" in get(f"{impatient.url}/metrics")
    log = impatient.log.read_text()
    assert "error worker hangs silent_seconds=8" in log
    assert "error worker died exit_code=-9 restart_seconds=1" in log


def test_a_call_that_nothing_interrupts_is_ended_and_leaves_no_files(place: Path) -> None:
    os.mkfifo(place / "log.csv")  # that is opened once somebody writes into it, and nobody does
    (place / "tmp").mkdir()
    (place / "impatient.py").write_text(IMPATIENT)
    arguments = [*ARGUMENTS, "--warehouse", "duckdb:log.csv", "--query-timeout", "3s", "--listen", "127.0.0.1:0"]
    log = place / "log.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "impatient.py", "export", *arguments],
            cwd=place,
            env={**os.environ, "TMPDIR": str(place / "tmp")},
            stderr=output,
        )
    wait_until("folder for what it spills", lambda: len(list((place / "tmp").glob("*/*"))) == 1)
    wait_until("end of the worker", lambda: "worker died exit_code=-9" in log.read_text())
    assert "worker hangs silent_seconds=8" in log.read_text()
    assert list((place / "tmp").glob("*/*")) == []
    assert stop(process) == 0
    assert list((place / "tmp").iterdir()) == []


def test_a_worker_that_waits_is_alive(impatient: Service) -> None:
    (worker,) = [pid for pid in _children(impatient.process.pid) if _is_worker(pid)]
    with pytest.raises(subprocess.TimeoutExpired):
        impatient.process.wait(10)
    assert worker in _children(impatient.process.pid)


def test_a_signal_ends_it_with_a_worker_that_hangs(service: Service) -> None:
    (hanging,) = [pid for pid in _children(service.process.pid) if _is_worker(pid)]
    os.kill(hanging, signal.SIGSTOP)
    assert stop(service.process) == 0
    assert not Path(f"/proc/{hanging}").exists()


def test_a_worker_ends_with_its_parent(service: Service) -> None:
    (worker,) = [pid for pid in _children(service.process.pid) if _is_worker(pid)]
    service.process.kill()
    service.process.wait()
    wait_until("end of the worker", lambda: not Path(f"/proc/{worker}").exists())


@pytest.mark.parametrize("limits", ["1024:1024", "100:100"])
def test_a_thousand_idle_connections_lock_out_nobody(place: Path, limits: str) -> None:
    port = free_port()
    command = ["prlimit", f"--nofile={limits}", DRIFTGAUGE, "export", *ARGUMENTS, "--now", NOW.isoformat()]
    command += ["--listen", f"127.0.0.1:{port}"]
    with running(command, f"http://127.0.0.1:{port}", "/readyz", place / "exporter.log", cwd=place) as crowded:
        idle = []
        for place_ in range(1150):
            idle.append(socket.create_connection(("127.0.0.1", port), timeout=10))
            if place_ % 50 == 0:
                assert get(f"{crowded.url}/healthz") == b"ok\n"
        before = _cpu_seconds(crowded.process.pid)
        for _ in range(20):
            assert get(f"{crowded.url}/healthz") == b"ok\n"
            time.sleep(0.1)
        assert _cpu_seconds(crowded.process.pid) - before < 1
        assert b"ml_predictions{" in get(f"{crowded.url}/metrics")
        for connection in idle:
            connection.close()


def test_the_limit_of_open_files_is_raised(place: Path) -> None:
    port = free_port()
    command = ["prlimit", "--nofile=256:2048", DRIFTGAUGE, "export", *ARGUMENTS, "--listen", f"127.0.0.1:{port}"]
    with running(command, f"http://127.0.0.1:{port}", "/healthz", place / "exporter.log", cwd=place) as raised:
        limits = Path(f"/proc/{raised.process.pid}/limits").read_text()
        assert re.search(r"Max open files +2048 +2048", limits)


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_port_in_use_is_one_line(place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = _serve(place, *ARGUMENTS, "--listen", f"127.0.0.1:{port}")
    assert run.returncode == 1
    assert run.stderr.endswith(
        f"can't listen on 127.0.0.1:{port} (address already in use); "
        "choose another address with --listen, or stop what uses it\n"
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--warehouse", "duckdb:nowhere.duckdb"), "nowhere.duckdb"),
        (("--definitions", "nowhere"), "nowhere/catalogue.yaml: not found"),
        (("--tls-certificate", "cert.pem", "--tls-key", "key.pem"), "tls_certificate cert.pem or tls_key key.pem"),
        (("--auth-username", "prometheus"), "basic auth needs both"),
        (("--listen", "nowhere.invalid:80"), "can't listen on nowhere.invalid:80"),
    ],
)
def test_what_can_not_be_served_ends_in_1(place: Path, arguments: tuple[str, ...], told: str) -> None:
    run = _serve(place, *ARGUMENTS, "--listen", "127.0.0.1:0", *arguments)
    assert run.returncode == 1
    assert told in run.stderr.splitlines()[-1]
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--config", "fifo"),
        ("--tls-certificate", "fifo", "--tls-key", "fifo"),
        ("--auth-username", "prometheus", "--auth-password-file", "fifo"),
        ("--definitions", "piped"),
    ],
)
def test_what_is_no_regular_file_is_refused_and_not_waited_for(place: Path, arguments: tuple[str, ...]) -> None:
    (place / "piped").mkdir()
    for fifo in (place / "fifo", place / "piped" / "catalogue.yaml"):
        os.mkfifo(fifo)
    run = _serve(place, *ARGUMENTS, "--listen", "127.0.0.1:0", *arguments)
    assert run.returncode == 1
    assert "not a regular file" in run.stderr.splitlines()[-1]


def test_a_predictor_s_fifo_takes_no_other_predictor_down(place: Path) -> None:
    os.mkfifo(place / "output" / "metrics" / "predictors" / "tips.yaml")
    run = once(place, *ARGUMENTS)
    assert (run.returncode, "tips.yaml: can't be read (not a regular file)" in run.stderr) == (1, True)
    assert 'ml_predictions{predictor="eta",model_id="eta_v1",window="1h"} 30' in run.stdout


def test_a_log_line_is_json_where_that_is_wanted(place: Path) -> None:
    (place / "log.duckdb").unlink()
    run = _serve(place, *ARGUMENTS, "--listen", "127.0.0.1:0", "--log-format", "JSON", "--log-level", "info")
    listening = json.loads(run.stderr.splitlines()[0])
    assert (listening["level"], listening["message"], listening["tls"]) == ("info", "listening", False)


def test_a_quiet_log_has_no_news(place: Path) -> None:
    with exporter([*ARGUMENTS, "--now", NOW.isoformat(), "--log-level", "warning"], place) as quiet:
        assert get(f"{quiet.url}/healthz") == b"ok\n"
    assert quiet.log.read_text() == ""


def test_a_misspelt_variable_ends_in_1(place: Path) -> None:
    run = once(place, *ARGUMENTS, DRIFTGAUGE_LISTN="0.0.0.0:80")
    assert (run.returncode, run.stderr) == (
        1,
        "Error: DRIFTGAUGE_LISTN: unknown variable; did you mean DRIFTGAUGE_LISTEN?\n",
    )


def _serve(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [DRIFTGAUGE, "export", *arguments], cwd=place, capture_output=True, text=True, timeout=60, check=False
    )


def test_https_with_credentials_and_no_secret_in_sight(place: Path) -> None:
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-keyout", "key.pem", "-out", "cert.pem"),
        ],
        cwd=place,
        capture_output=True,
        check=True,
        timeout=60,
    )
    (place / "exporter.yaml").write_text(
        "warehouse: duckdb:log.duckdb\nlisten: 127.0.0.1:0\nlookback_days: 1\n"
        "tls_certificate: cert.pem\ntls_key: key.pem\nauth_username: prometheus\n"
    )
    with (place / "log.txt").open("w") as log:
        process = subprocess.Popen(
            [DRIFTGAUGE, "export", "--config", "exporter.yaml", "--now", NOW.isoformat()],
            cwd=place,
            env={**os.environ, "DRIFTGAUGE_AUTH_PASSWORD": "hunter2"},
            stdout=log,
            stderr=log,
        )
    try:
        wait_until("snapshot", lambda: "published" in (place / "log.txt").read_text())
        address = (place / "log.txt").read_text().partition("address=")[2].split()[0]
        silent = socket.create_connection(address.split(":"))
        assert _curl(place, f"http://{address}/healthz") == ""
        assert "not found" not in _curl(place, f"https://{address}/healthz")
        assert "wanted" in _curl(place, f"https://{address}/metrics")
        metrics = _curl(place, f"https://{address}/metrics", "-u", "prometheus:hunter2")
        page = _curl(place, f"https://{address}/", "-u", "prometheus:hunter2")
        silent.close()
    finally:
        stop(process)
    assert "ml_predictions{" in metrics
    assert "Predictors" in page
    for text in (metrics, page, (place / "log.txt").read_text()):
        assert "hunter2" not in text


def _curl(place: Path, url: str, *arguments: str) -> str:
    command = ["curl", "--silent", "--cacert", "cert.pem", "--connect-to", "::localhost:", *arguments, url]
    run = subprocess.run([*command, "--insecure"], cwd=place, capture_output=True, text=True, timeout=30, check=False)
    return run.stdout


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def _is_worker(pid: int) -> bool:
    return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_the_command_says_what_it_takes(place: Path) -> None:
    run = subprocess.run(
        [DRIFTGAUGE, "export", "--help"], capture_output=True, text=True, timeout=30, check=True, env={**os.environ}
    )
    for option in ("--definitions", "--warehouse", "--history", "--listen", "--once", "--now", "--config", "--max-age"):
        assert option in run.stdout
    assert "\n    driftgauge export --config exporter.yaml --once | grep ml_predictions\n" in run.stdout
