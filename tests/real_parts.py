"""The real programs that tests run: found, started on loopback in a folder of the test's own, stopped by their own id.

A test whose program is not on this machine is skipped, and the reason says how to get it; where
`DRIFTGAUGE_REQUIRE_REAL_PARTS=1` it fails instead, so that CI can't lose a proof without noticing.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
DRIFTGAUGE = Path(sys.executable).with_name("driftgauge")
PROMETHEUS_MAJORS = ("2", "3")

_TOOLS = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "driftgauge-tools"
_DEBIAN = "scripts/install-real-parts installs it on Debian"
_HOW_TO_GET = {
    "prometheus2": f"{_DEBIAN}; or set PROMETHEUS2 to a Prometheus 2 binary with promtool beside it",
    "prometheus3": f"{_DEBIAN}; or set PROMETHEUS3 to a Prometheus 3 binary with promtool beside it",
    "promtool2": _DEBIAN,
    "promtool3": _DEBIAN,
    "alertmanager": _DEBIAN,
    "amtool": _DEBIAN,
    "chromium": _DEBIAN,
    "compose": f"{_DEBIAN}; or install Docker Compose 2",
    "go": "install Go >= 1.26",
    "npm": "install Node.js with npm",
    "postgres": f"{_DEBIAN}; or put the folder of PostgreSQL's server programs on PATH",
    "systemd-analyze": _DEBIAN,
    "terraform": "install Terraform >= 1.7",
    "trino": _DEBIAN,
    "java25": "install a JDK 25 below /usr/lib/jvm, or set JAVA25 to its java",
}
T = TypeVar("T")

_OTHER_NAMES = {"alertmanager": ("prometheus-alertmanager",), "chromium": ("chromium-browser", "google-chrome")}


def require(name: str) -> Path:
    """The program's path; without it the test is skipped, or fails where real parts are required.

    Args:
        name: a key of `_HOW_TO_GET`.
    """
    found = _find(name)
    if found is None:
        missing(f"{name} is not on this machine: {_HOW_TO_GET[name]}")
    return found


def missing(reason: str) -> NoReturn:
    """Skip the running test for want of a real part, or fail it where real parts are required."""
    if os.environ.get("DRIFTGAUGE_REQUIRE_REAL_PARTS") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@cache
def _find(name: str) -> Path | None:
    if name.startswith("prometheus"):
        return _find_prometheus(name.removeprefix("prometheus"))
    if name.startswith("promtool"):
        prometheus = _find_prometheus(name.removeprefix("promtool"))
        promtool = prometheus and prometheus.with_name("promtool")
        return promtool if promtool and promtool.exists() else None
    special = {"compose": _find_compose, "postgres": _find_postgres, "trino": _find_trino, "java25": _find_java25}
    if name in special:
        return special[name]()
    paths = (shutil.which(candidate) for candidate in (*_OTHER_NAMES.get(name, ()), name))
    return next((Path(path) for path in paths if path), None)


def _find_prometheus(major: str) -> Path | None:
    """The Prometheus that the environment names, or the tools' cache has, else one on PATH that is of that version."""
    for named in (os.environ.get(f"PROMETHEUS{major}"), _TOOLS / f"prometheus{major}" / "bin" / "prometheus"):
        if named and Path(named).exists():
            return Path(named)
    found = shutil.which("prometheus")
    return Path(found) if found and _version(found).startswith(f"{major}.") else None


def _find_compose() -> Path | None:
    """Docker Compose 2 as a program of its own: the one in the tools' cache, or docker's plugin."""
    plugins = ("/usr/libexec", "/usr/lib", "/usr/local/libexec", "/usr/local/lib", Path.home() / ".docker")
    places = (Path(folder) / "docker" / "cli-plugins" / "docker-compose" for folder in plugins)
    return next((place for place in (_TOOLS / "compose" / "bin" / "cmd", *places) if place.exists()), None)


def _find_postgres() -> Path | None:
    """PostgreSQL's server: the newest where Debian has them, which is not on PATH, or the one that is there."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    found = shutil.which("postgres")
    return debian[-1] if debian else Path(found) if found else None


def _find_trino() -> Path | None:
    """The folder of Trino's server, in the tools' cache."""
    return _TOOLS / "trino" if (_TOOLS / "trino").exists() else None


def _find_java25() -> Path | None:
    """The one that the environment names, or where Debian's packages have it."""
    places = (Path(os.environ.get("JAVA25", "/nowhere")), *Path("/usr/lib/jvm").glob("*25*/bin/java"))
    return next((place for place in places if place.exists()), None)


def _version(prometheus: str) -> str:
    run = subprocess.run([prometheus, "--version"], capture_output=True, text=True, timeout=30, check=False)
    version = re.search(r"version (\S+)", run.stdout + run.stderr)
    return version[1] if version else ""


@dataclass(frozen=True)
class PrometheusBinaries:
    """A Prometheus and the promtool of the same version."""

    major: str
    prometheus: Path
    promtool: Path

    @classmethod
    def require(cls, major: str) -> PrometheusBinaries:
        """Both of that major version, "2" or "3"; skips or fails as `require` does."""
        return cls(major, require(f"prometheus{major}"), require(f"promtool{major}"))

    def check(self, *arguments: str | Path, stdin: str | None = None) -> None:
        """Run `promtool check`, or any other promtool command, and fail with what it says."""
        command = [self.promtool, *arguments]
        run = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=120, check=False)
        assert run.returncode == 0, f"promtool {' '.join(map(str, arguments))}:\n{run.stdout}{run.stderr}"


def driftgauge(*arguments: str | Path, environment: dict[str, str] | None = None, timeout: float = 300) -> str:
    """Run the command from the project's root; what it printed. Fails, with its stderr, when it does not succeed."""
    run = subprocess.run(
        [DRIFTGAUGE, *arguments],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert run.returncode == 0, f"driftgauge {' '.join(map(str, arguments))}: {run.returncode}\n{run.stderr}"
    return run.stdout


def free_port() -> int:
    """A TCP port of the loopback interface that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def get(url: str, headers: dict[str, str] | None = None, timeout: float = 10) -> bytes:
    """The body of a successful answer to a GET."""
    request = urllib.request.Request(url, headers=headers or {})
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        body: bytes = answer.read()
        return body


def post(url: str, content: Any) -> bytes:
    """POST a JSON document; the body of the successful answer."""
    request = urllib.request.Request(
        url, data=json.dumps(content).encode(), headers={"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        body: bytes = answer.read()
        return body


def wait_until(what: str, poll: Callable[[], T], timeout: float = 30, every: float = 0.1) -> T:
    """Poll until the result is truthy, and return it; fail, naming `what`, when it is not in time."""
    deadline = time.monotonic() + timeout
    while not (result := poll()):
        if time.monotonic() > deadline:
            pytest.fail(f"no {what} within {timeout:g} s")
        time.sleep(every)
    return result


@dataclass(frozen=True)
class Service:
    """A program that a test has started: where it answers, its process, and the file that has what it printed."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path


@contextmanager
def running(
    command: Sequence[str | Path],
    url: str,
    ready: str,
    log: Path,
    *,
    environment: dict[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = 60,
) -> Iterator[Service]:
    """Run a server for the length of a with-block, which starts when it answers at the path `ready` with success.

    Args:
        command: program and arguments.
        url: where it will listen, without a trailing slash.
        ready: the path that answers with success once it is ready.
        log: the file for what it prints; its end is in the failure when it does not come up.
        environment: variables on top of the test's own.
        cwd: its working directory.
        timeout: seconds it may take to be ready.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            list(map(str, command)),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            cwd=cwd,
        )
    service = Service(url, process, log)
    try:
        _await_ready(service, f"{url}{ready}", timeout)
        yield service
    finally:
        stop(process)


def _await_ready(service: Service, url: str, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while True:
        try:
            get(url, timeout=2)
        except OSError as error:
            exited = service.process.poll()
            if exited is None and time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            state = f"exited with {exited}" if exited is not None else f"not ready after {timeout:g} s"
            tail = service.log.read_text(errors="replace")[-4000:]
            pytest.fail(f"{service.process.args!r} {state} ({error}):\n{tail}", pytrace=False)
        return


def stop(process: subprocess.Popen[bytes], patience: float = 15) -> int:
    """Ask it to end, and end it after `patience` seconds; its exit code."""
    process.terminate()
    try:
        return process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


@dataclass(frozen=True)
class Prometheus(Service):
    """A running Prometheus."""

    config_file: Path

    def reload(self, config: dict[str, Any]) -> None:
        """Go on with another configuration."""
        self.config_file.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
        self.process.send_signal(signal.SIGHUP)

    def query(self, expression: str, at: float | None = None) -> list[dict[str, Any]]:
        """The instant query's result; fails with Prometheus' own words when it does not parse."""
        parameters = {"query": expression} | ({} if at is None else {"time": f"{at:.3f}"})
        result: list[dict[str, Any]] = self.api("query", parameters)["result"]
        return result

    def query_range(self, expression: str, start: float, end: float, step: float) -> list[dict[str, Any]]:
        """The range query's matrix; times and step in seconds."""
        parameters = {"query": expression, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:g}"}
        result: list[dict[str, Any]] = self.api("query_range", parameters)["result"]
        return result

    def api(self, path: str, parameters: dict[str, str] | None = None) -> Any:
        """The `data` of an answer of the HTTP API's version 1."""
        url = f"{self.url}/api/v1/{path}"
        body = urllib.parse.urlencode(parameters).encode() if parameters else None  # a POST: expressions may be long
        try:
            with urllib.request.urlopen(url, data=body, timeout=60) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            pytest.fail(f"{path} {parameters}: {error.read().decode(errors='replace')}")


@contextmanager
def prometheus(
    binaries: PrometheusBinaries, config: dict[str, Any], folder: Path, *, flags: Sequence[str] = ()
) -> Iterator[Prometheus]:
    """Run a Prometheus with this configuration; its data lie in `folder/data`, where backfilled blocks may wait."""
    folder.mkdir(parents=True, exist_ok=True)
    config_file = folder / "prometheus.yaml"
    config_file.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    port = free_port()
    command: list[str | Path] = [
        binaries.prometheus,
        f"--config.file={config_file}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--storage.tsdb.retention.time=10y",
        f"--web.listen-address=127.0.0.1:{port}",
        *flags,
    ]
    with running(command, f"http://127.0.0.1:{port}", "/-/ready", folder / "prometheus.log") as service:
        yield Prometheus(service.url, service.process, service.log, config_file)


@contextmanager
def alertmanager(config: dict[str, Any], folder: Path) -> Iterator[Service]:
    """Run an Alertmanager with this configuration, alone (no cluster port)."""
    folder.mkdir(parents=True, exist_ok=True)
    config_file = folder / "alertmanager.yaml"
    config_file.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    port = free_port()
    command: list[str | Path] = [
        require("alertmanager"),
        f"--config.file={config_file}",
        f"--storage.path={folder / 'alertmanager-data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with running(command, f"http://127.0.0.1:{port}", "/-/ready", folder / "alertmanager.log") as service:
        yield service


@contextmanager
def exporter(arguments: Sequence[str | Path], folder: Path, *, timeout: float = 120) -> Iterator[Service]:
    """Run `driftgauge export` on a free port until a block ends; it is ready when it has values to show.

    Args:
        arguments: what follows `driftgauge export`, without the listening address.
        folder: for its log; a fresh working directory unless the arguments say otherwise.
        timeout: seconds it may take for its first windows.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command: list[str | Path] = [DRIFTGAUGE, "export", *arguments, "--listen", f"127.0.0.1:{port}"]
    with running(
        command, f"http://127.0.0.1:{port}", "/readyz", folder / "exporter.log", cwd=folder, timeout=timeout
    ) as service:
        yield service


@dataclass(frozen=True)
class Message:
    """A request that the receiver got; `content` is its JSON body."""

    path: str
    content: dict[str, Any]


@dataclass
class Receiver:
    """A local HTTP server that stands where Slack, PagerDuty or a webhook would: it keeps what it is sent."""

    url: str = ""
    messages: list[Message] = field(default_factory=list)

    def wait_for(self, what: str, wanted: Callable[[Message], bool], timeout: float = 60) -> Message:
        """The first message that is `wanted`; fails, with what came instead, when there is none in time."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            for message in list(self.messages):
                if wanted(message):
                    return message
            time.sleep(0.1)
        pytest.fail(f"no {what} within {timeout:g} s; got {self.messages}")


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Run a receiver on a free port."""
    mailbox = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            mailbox.messages.append(Message(self.path, json.loads(body)))
            answer = b'{"status": "success", "ok": true}'  # what PagerDuty and Slack's API look for
            self.send_response(202 if "enqueue" in self.path else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            """Print nothing: messages are kept."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    mailbox.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield mailbox
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
