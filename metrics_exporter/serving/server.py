"""HTTP: `/metrics`, `/healthz`, `/readyz` and the status page, from bytes that exist already.

A thread a connection, each with a deadline for its request, and so many connections and no more: a client that
dribbles, hangs, or opens a thousand of them holds up nobody.
"""

from __future__ import annotations

import base64
import errno
import hmac
import io
import logging
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from metrics_exporter.serving.connections import MOST_CONNECTIONS, Connections
from metrics_exporter.serving.exposition import Encoded, encode
from metrics_exporter.serving.snapshot import Exposition, Snapshot

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
REQUEST_SECONDS = 10.0
RESPONSE_SECONDS = 60.0
MOST_BODY = 1 << 16  # bytes of a request's body, which nothing here needs, that are read past

_DIGITS = re.compile(r"\d{1,9}", re.ASCII)
_NO_ROOM = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_NO_ROOM_SECONDS = 0.05

_PLAIN = "text/plain; charset=utf-8"
_HTML = "text/html; charset=utf-8"
_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_OPEN_PATHS = frozenset({"/healthz", "/readyz"})  # probes of an orchestrator carry no credentials

_log = logging.getLogger(__name__)


@dataclass
class Site:
    """What is served now; each attribute is replaced as a whole.

    Attributes:
        snapshot: the latest, None before the first.
        page: the status page.
        waiting: why there is no snapshot yet.
        restarts: what /metrics has while there is none and workers die; None: none has died yet.
    """

    clock: Callable[[], datetime]
    snapshot: Snapshot | None = None
    page: Encoded | None = None
    waiting: str = "the first windows are being computed"
    restarts: Exposition | None = None

    def exposition(self) -> Exposition | None:
        """What /metrics has now."""
        return self.snapshot.exposition(self.clock()) if self.snapshot else self.restarts


@dataclass(frozen=True, slots=True)
class Response:
    """A status, a content type, and the body."""

    status: HTTPStatus
    content_type: str
    body: Encoded


class Server(ThreadingHTTPServer):
    """Listens from the start; `serve_forever` serves the site until `shutdown`."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        address: tuple[str, int],
        site: Site,
        credentials: tuple[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        most_connections: int = MOST_CONNECTIONS,
    ) -> None:
        """Bind and listen.

        Args:
            address: host and port.
            site: what is served.
            credentials: user name and password that are asked for.
            tls: serves HTTPS.
            most_connections: beyond it, the connection that has waited longest is closed for a new one.

        Raises:
            OSError: the address is in use, or not this machine's.
        """
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.site = site
        self.secure(credentials, tls)
        self.connections = Connections(most_connections)
        super().__init__(address, Handler)

    def secure(self, credentials: tuple[str, str] | None, tls: ssl.SSLContext | None) -> None:
        """Ask new requests for these credentials, and show new connections this certificate."""
        self._expected = None if credentials is None else ":".join(credentials).encode()
        self._tls = tls

    def allows(self, authorization: str | None) -> bool:
        """Whether the header carries the credentials, compared in constant time."""
        if self._expected is None:
            return True
        scheme, _, encoded = (authorization or "").partition(" ")
        try:
            given = base64.b64decode(encoded, validate=True)
        except ValueError:
            given = b""
        return hmac.compare_digest(given, self._expected) and scheme.lower() == "basic"

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection; where there is no room for one, make some and pause, as the next try comes at once."""
        try:
            connection, address = super().get_request()
        except OSError as error:
            if error.errno in _NO_ROOM:
                self.connections.give_one_up()
                time.sleep(_NO_ROOM_SECONDS)
            raise
        if self._tls is not None:
            connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def process_request(self, request: Any, client_address: Any) -> None:
        """Count the connection in, and serve it in a thread of its own."""
        self.connections.add(request)
        super().process_request(request, client_address)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the connection's own thread, so that a silent client delays nobody."""
        request.settimeout(REQUEST_SECONDS)
        if isinstance(request, ssl.SSLSocket):
            request.do_handshake()
        super().finish_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Count the connection out."""
        self.connections.remove(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away or speaks no TLS is no failure of ours."""
        _log.debug("connection failed", exc_info=True)


class Handler(BaseHTTPRequestHandler):
    """Answers one connection's requests."""

    protocol_version = "HTTP/1.1"
    server: Server

    def setup(self) -> None:
        """Read the request under a deadline for the whole of it, not for each byte."""
        super().setup()
        self._incoming = _DeadlineReader(self.connection)
        self.rfile = io.BufferedReader(self._incoming)

    def handle_one_request(self) -> None:
        """Give each request on the connection its own deadline."""
        self.server.connections.waits(self.request)
        self._incoming.start()
        super().handle_one_request()

    def do_GET(self) -> None:
        """Answer with headers and body."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Answer with the headers that GET would have."""
        self._answer(with_body=False)

    def version_string(self) -> str:
        """The Server header: no versions to pick an attack by."""
        return "driftgauge"

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are no news."""
        _log.debug(format, *args)

    def _answer(self, *, with_body: bool) -> None:
        is_read = self._pass_body()
        self.server.connections.answers(self.request)
        self._send(self._response(), with_body)
        if not is_read:
            self._linger()

    def _response(self) -> Response:
        path = self.path.partition("?")[0]
        if path not in _OPEN_PATHS and not self.server.allows(self.headers.get("Authorization")):
            return _plain(HTTPStatus.UNAUTHORIZED, "user name and password wanted\n")
        route = _ROUTES.get(path)
        return route(self) if route else _plain(HTTPStatus.NOT_FOUND, "not found; see /\n")

    def _pass_body(self) -> bool:
        """Read past the request's body, so that it is not taken for the next request; whether that could be done."""
        lengths = self.headers.get_all("Content-Length", ["0"])
        is_short = len(lengths) == 1 and _DIGITS.fullmatch(lengths[0]) and int(lengths[0]) <= MOST_BODY
        if not is_short or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            return False
        self.rfile.read(int(lengths[0]))
        return True

    def _linger(self) -> None:
        """Take what still comes, until the deadline: a connection closed with bytes unread may drop its answer."""
        self.wfile.flush()
        socket.socket.shutdown(self.connection, socket.SHUT_WR)
        while self.rfile.read1(MOST_BODY):
            pass

    def metrics(self) -> Response:
        """The snapshot in the format that the client prefers."""
        exposition = self.server.site.exposition()
        if exposition is None:
            return _plain(HTTPStatus.SERVICE_UNAVAILABLE, f"not ready: {self.server.site.waiting}\n")
        if prefers_openmetrics(self.headers.get("Accept", "")):
            return Response(HTTPStatus.OK, OPENMETRICS, exposition.openmetrics)
        return Response(HTTPStatus.OK, TEXT, exposition.text)

    def healthz(self) -> Response:
        """The process is alive."""
        return _plain(HTTPStatus.OK, "ok\n")

    def readyz(self) -> Response:
        """There is a snapshot."""
        if self.server.site.snapshot is None:
            return _plain(HTTPStatus.SERVICE_UNAVAILABLE, f"not ready: {self.server.site.waiting}\n")
        return _plain(HTTPStatus.OK, "ok\n")

    def page(self) -> Response:
        """The status page."""
        page = self.server.site.page
        if page is None:
            return _plain(HTTPStatus.SERVICE_UNAVAILABLE, f"not ready: {self.server.site.waiting}\n")
        return Response(HTTPStatus.OK, _HTML, page)

    def _send(self, response: Response, with_body: bool) -> None:
        zipped = accepts_gzip(self.headers.get("Accept-Encoding", ""))
        self.connection.settimeout(RESPONSE_SECONDS)
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body) if zipped else response.body.size))
        self.send_header("Vary", "Accept, Accept-Encoding")
        self.send_header("X-Content-Type-Options", "nosniff")
        if zipped:
            self.send_header("Content-Encoding", "gzip")
        if response.content_type == _HTML:
            self.send_header("Content-Security-Policy", _PAGE_POLICY)
        if self.close_connection:
            self.send_header("Connection", "close")
        if response.status is HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", 'Basic realm="driftgauge"')
        self.end_headers()
        if with_body:
            body = response.body
            for piece in (body.head, body.tail) if zipped else body.chunks():
                self.wfile.write(piece)


_ROUTES: dict[str, Callable[[Handler], Response]] = {
    "/metrics": Handler.metrics,
    "/healthz": Handler.healthz,
    "/readyz": Handler.readyz,
    "/": Handler.page,
}


class _DeadlineReader(io.RawIOBase):
    """Reads from a socket until a moment that dribbling bytes do not put off."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._deadline = 0.0

    def start(self) -> None:
        """A request begins."""
        self._deadline = time.monotonic() + REQUEST_SECONDS

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the request took too long")
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


def prefers_openmetrics(accept: str) -> bool:
    """Whether the Accept header ranks OpenMetrics at least as high as plain text, and names it."""
    ranks = dict(sorted(_qualities(accept)))
    wanted = ranks.get("application/openmetrics-text", 0.0)
    return wanted > 0 and wanted >= ranks.get("text/plain", 0.0)


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether the Accept-Encoding header allows gzip."""
    ranks = dict(_qualities(accept_encoding))
    return ranks.get("gzip", ranks.get("*", 0.0)) > 0


def _qualities(header: str) -> Iterable[tuple[str, float]]:
    """Each name in a header of choices with its quality; one that can't be read counts as 0."""
    for choice in header.split(","):
        name, *parameters = (part.strip().lower() for part in choice.split(";"))
        quality = next((p.removeprefix("q=") for p in parameters if p.startswith("q=")), "1")
        try:
            yield name, float(quality)
        except ValueError:
            yield name, 0.0


def _plain(status: HTTPStatus, text: str) -> Response:
    return Response(status, _PLAIN, encode(text.encode()))
