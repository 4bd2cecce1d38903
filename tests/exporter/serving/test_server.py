"""The real server on a free port: formats, compression, credentials, and clients that misbehave."""

from __future__ import annotations

import base64
import gzip
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from metrics_exporter.serving import server as served
from metrics_exporter.serving.exposition import encode
from metrics_exporter.serving.server import Server, Site, accepts_gzip, prefers_openmetrics
from metrics_exporter.serving.snapshot import Snapshot, Snapshots
from metrics_exporter.serving.view import groups
from tests.exporter.serving.builders import MAX_AGE, NOW, definitions, profile, report, window

PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


def _snapshot() -> Snapshot:
    defined, reports = definitions(), [report(window([profile(), profile(feature="distance")]))]
    return Snapshots().make(defined, reports, groups(defined, reports, NOW, MAX_AGE), NOW)


@contextmanager
def serving(site: Site, **options: object) -> Iterator[int]:
    """The port of a server of the site."""
    with Server(("127.0.0.1", 0), site, **options) as server:  # type: ignore[arg-type]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def ask(
    port: int, path: str = "/metrics", method: str = "GET", **headers: str
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Status, headers and body of an answer; `accept_encoding` becomes the header Accept-Encoding."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    answer = response.status, response.headers, response.read()
    connection.close()
    return answer


@pytest.fixture(scope="module")
def site() -> Site:
    return Site(lambda: NOW, _snapshot(), encode("<p>größer</p>".encode()))


@pytest.fixture(scope="module")
def port(site: Site) -> Iterator[int]:
    with serving(site) as port:
        yield port


def test_text_by_default(port: int, site: Site) -> None:
    status, headers, body = ask(port)
    assert (status, headers["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert site.snapshot and body == site.snapshot.current.text.text().encode()
    assert headers["Content-Encoding"] is None
    assert headers["Content-Length"] == str(len(body))


@pytest.mark.parametrize("accept", [PROMETHEUS_2, PROMETHEUS_3])
def test_openmetrics_when_asked_as_prometheus_does(port: int, accept: str) -> None:
    _, headers, body = ask(port, accept=accept)
    assert headers["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert body.endswith(b"# EOF\n")


def test_gzip_when_accepted(port: int, site: Site) -> None:
    _, headers, body = ask(port, accept_encoding="br, gzip")
    assert headers["Content-Encoding"] == "gzip"
    assert site.snapshot and gzip.decompress(body).decode() == site.snapshot.current.text.text()


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_head_has_the_headers_of_get(port: int, encoding: str) -> None:
    _, get, _ = ask(port, accept_encoding=encoding)
    status, head, body = ask(port, method="HEAD", accept_encoding=encoding)
    assert (status, body) == (200, b"")
    assert head["Content-Length"] == get["Content-Length"]


def test_the_page_runs_no_script_and_asks_nobody(port: int) -> None:
    status, headers, body = ask(port, "/")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert body.decode() == "<p>größer</p>"
    assert headers["Content-Security-Policy"].startswith("default-src 'none';")


@pytest.mark.parametrize(
    ("path", "status"), [("/healthz", 200), ("/readyz", 200), ("/metrics?x=1", 200), ("/metrics/", 404), ("/etc", 404)]
)
def test_paths(port: int, path: str, status: int) -> None:
    assert ask(port, path)[0] == status


def test_a_connection_serves_several_requests(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    for path in ("/metrics", "/healthz", "/"):
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        assert response.status == 200
    connection.close()


def test_before_the_first_snapshot_it_is_alive_and_not_ready() -> None:
    with serving(Site(lambda: NOW, waiting="the first windows are being computed")) as port:
        assert ask(port, "/healthz")[0] == 200
        for path in ("/readyz", "/metrics", "/"):
            status, _, body = ask(port, path)
            assert (status, body) == (503, b"not ready: the first windows are being computed\n")


def test_values_vanish_at_their_age_though_nothing_renders() -> None:
    now = NOW
    with serving(Site(lambda: now, _snapshot())) as port:
        assert b"ml_predictions" in ask(port)[2]
        now = NOW + timedelta(hours=5)
        body = ask(port)[2]
        assert b"ml_" not in body
        assert b"driftgauge_last_success" in body


def _basic(credentials: str) -> str:
    return f"Basic {base64.b64encode(credentials.encode()).decode()}"


def test_credentials_are_wanted_but_for_probes(site: Site) -> None:
    with serving(site, credentials=("prometheus", "hünter2:")) as port:
        for wrong in (
            "",
            "Basic",
            "Basic !",
            _basic("prometheus:x"),
            _basic("prometheus:hünter2:").replace("Basic", "X"),
        ):
            status, headers, _ = ask(port, authorization=wrong)
            assert (status, headers["WWW-Authenticate"]) == (401, 'Basic realm="driftgauge"')
        assert ask(port, authorization=_basic("prometheus:hünter2:"))[0] == 200
        assert ask(port, "/", authorization="")[0] == 401
        assert ask(port, "/nope")[0] == 401
        assert (ask(port, "/healthz")[0], ask(port, "/readyz")[0]) == (200, 200)


def test_clients_that_dribble_or_hang_hold_up_nobody(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "REQUEST_SECONDS", 1.0)
    with serving(site) as port:
        slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(50)]
        started = time.monotonic()
        while time.monotonic() - started < 2:
            asked = time.monotonic()
            assert ask(port)[0] == 200
            assert time.monotonic() - asked < 1
            for connection in slow:
                _dribble(connection)
        assert all(_is_closed(connection) for connection in slow)


def _dribble(connection: socket.socket) -> None:
    try:
        connection.sendall(b"X")
    except OSError:
        return


def _is_closed(connection: socket.socket) -> bool:
    connection.settimeout(3)
    with connection:
        try:
            return connection.recv(1) == b""
        except ConnectionError:
            return True


def test_a_scrape_of_what_is_replaced_meanwhile_is_whole(site: Site) -> None:
    with serving(site) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/metrics")
        response = connection.getresponse()
        whole = site.snapshot
        site.snapshot = _snapshot()
        assert whole and response.read().decode() == whole.current.text.text()
        connection.close()


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", False),
        ("*/*", False),
        ("text/plain", False),
        ("application/openmetrics-text", True),
        ("application/openmetrics-text;q=0.2, text/plain;q=0.5", False),
        ("text/plain;q=0.2,application/openmetrics-text;version=0.0.1;q=0.1,application/openmetrics-text;q=0.3", True),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text;q=x", False),
    ],
)
def test_which_format_is_preferred(accept: str, expected: bool) -> None:
    assert prefers_openmetrics(accept) is expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [("", False), ("gzip", True), ("gzip;q=0", False), ("*", True), ("br", False), ("GZIP;q=0.5, br", True)],
)
def test_who_takes_gzip(header: str, expected: bool) -> None:
    assert accepts_gzip(header) is expected
