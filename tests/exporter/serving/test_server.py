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


def test_idle_connections_beyond_the_most_give_way(site: Site) -> None:
    with serving(site, most_connections=20) as port:
        idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(100)]
        for _ in range(30):
            assert ask(port, "/healthz")[0] == 200
        assert all(_is_closed(connection) for connection in idle[:70])


def test_clients_that_read_nothing_give_way(site: Site) -> None:
    huge = Site(lambda: NOW, site.snapshot, encode(b"x" * 50_000_000))
    with serving(huge, most_connections=5) as port:
        stuck = [socket.create_connection(("127.0.0.1", port)) for _ in range(5)]
        for connection in stuck:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(4) == b"HTTP"
        for _ in range(10):
            assert ask(port, "/healthz")[0] == 200
        for connection in stuck:
            connection.close()


def test_a_connection_in_use_outlives_idle_ones(site: Site) -> None:
    with serving(site, most_connections=5) as port:
        kept = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        for _ in range(5):
            idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
            kept.request("GET", "/healthz")
            assert kept.getresponse().read() == b"ok\n"
            for connection in idle:
                connection.close()
        kept.close()


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 34\r\n\r\nGET /nope HTTP/1.1\r\nHost: smuggled",
        b"HEAD /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody",
    ],
)
def test_a_body_is_read_past(port: int, request_: bytes) -> None:
    answer = _talk(port, request_ + b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert (answer.count(b"HTTP/1.1 "), answer.count(b"HTTP/1.1 200 ")) == (2, 2)


@pytest.mark.parametrize(
    "headers",
    [
        b"Transfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: identity\r\nContent-Length: 3\r\n",
        b"Content-Length: 99999999\r\n",
        b"Content-Length: 0000000000000000000000000000000000000000000000099999999\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 3, 4\r\n",
        b"Content-Length: 3\r\nContent-Length: 4\r\n",
        "Content-Length: ٣\r\n".encode(),
    ],
)
def test_after_a_body_that_can_not_be_read_past_the_connection_is_closed(port: int, headers: bytes) -> None:
    smuggled = b"5\r\nhello\r\n0\r\n\r\nGET /nope HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = _talk(port, b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n" + smuggled)
    assert (answer.count(b"HTTP/1.1 "), b"Connection: close" in answer) == (1, True)


def test_the_answer_to_a_request_with_a_long_body_arrives(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/healthz", body=b"x" * 20_000_000)
    assert connection.getresponse().read() == b"ok\n"
    connection.close()


def _talk(port: int, request: bytes) -> bytes:
    """All that is answered to these bytes, until the connection is closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(1 << 16), b""))


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
