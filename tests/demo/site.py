"""A server that answers as the exporter does, or as it must not."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

END = datetime.now(UTC).replace(minute=0, second=0, microsecond=0, tzinfo=None)
FEATURES = 20


def exposition() -> str:
    lines = [
        'ml_model_info{predictor="eta",model_id="v1",role="primary",team="logistics"} 1',
        'ml_model_info{predictor="new",model_id="n1",role="unregistered",team=""} 1',
    ]
    for predictor, model, mean in (("eta", "v1", 2.0), ("new", "n1", 7.0)):
        who = f'predictor="{predictor}",model_id="{model}",window="1h"'
        rows = 2 if model == "v1" else 1
        lines += [
            f"ml_window_end_timestamp_seconds{{{who}}} {END.replace(tzinfo=UTC).timestamp()}",
            f"ml_predictions{{{who}}} {rows}",
            f"ml_prediction_mean{{{who}}} {mean}",
        ]
        lines += [f'ml_feature_null_ratio{{{who},feature="f{n}"}} 0' for n in range(FEATURES)]
    lines.append('ml_feature_default_ratio{predictor="eta",model_id="v1",window="1h",feature="f3"} 0.5')
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Site:
    """What a server answers."""

    text: str = field(default_factory=exposition)
    openmetrics: str = field(default_factory=lambda: exposition() + "# EOF\n")
    text_type: str = "text/plain; version=0.0.4; charset=utf-8"
    openmetrics_type: str = "application/openmetrics-text; version=1.0.0; charset=utf-8"
    page: str = "<html>eta new</html>"
    page_type: str = "text/html; charset=utf-8"
    ready: int = 200
    compresses: bool = True

    def answer(self, path: str, accept: str) -> tuple[int, str, str]:
        if path == "/metrics":
            if "openmetrics" in accept:
                return 200, self.openmetrics_type, self.openmetrics
            return 200, self.text_type, self.text
        if path == "/":
            return 200, self.page_type, self.page
        return (self.ready if path == "/readyz" else 200), "text/plain", "fine\n"


class Server(ThreadingHTTPServer):
    site = Site()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        status, content_type, text = self.server.site.answer(self.path, self.headers["Accept"])
        body = gzip.compress(text.encode()) if self.server.site.compresses else text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        if self.server.site.compresses:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[Server]:
    """Serve right answers; change `site` for others."""
    with Server(("127.0.0.1", 0), Handler) as running:
        Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()
