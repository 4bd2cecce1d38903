"""The demo's checks see what is wrong: a server with right answers passes, each wrong one is named."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import duckdb
import pytest

from demo.answers import check_all, is_up
from demo.report import Check, Outcome
from metrics_exporter.definitions import Catalogue, Definitions, Log, Model, Predictor, Role
from tests.real_parts import free_port

END = datetime.now(UTC).replace(minute=0, second=0, microsecond=0, tzinfo=None)
FEATURES = 20
DEFINITIONS = Definitions(
    catalogue=Catalogue(schema_version=1, logs={"default": Log(table="predictions")}, metrics=()),
    predictors={
        "eta": Predictor(
            schema_version=1,
            predictor="eta",
            title="ETA",
            team="logistics",
            models=(Model(id="v1", role=Role.PRIMARY),),
        )
    },
)


def _exposition() -> str:
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

    text: str = field(default_factory=_exposition)
    openmetrics: str = field(default_factory=lambda: _exposition() + "# EOF\n")
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


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as running:
        Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("log") / "log.duckdb"
    sent = END - timedelta(minutes=30)
    rows = [
        ("a", "eta", "v1", sent, 1.0, ["f3"]),
        ("a", "eta", "v1", sent, 1.0, ["f3"]),  # delivered twice
        ("b", "eta", "v1", sent, 3.0, []),
        ("b", "new", "n1", sent, 7.0, []),
        ("c", "new", "n1", END, 1000.0, []),  # in the next window
    ]
    with duckdb.connect(str(file)) as database:
        database.execute(
            "CREATE TABLE predictions (prediction_id VARCHAR, predictor_name VARCHAR, model_id VARCHAR, "
            "sent_at TIMESTAMP, prediction_result DOUBLE, default_values_used VARCHAR[])"
        )
        database.executemany("INSERT INTO predictions VALUES (?, ?, ?, ?, ?, ?)", rows)
    return file


def _check(server: Server, log: Path, site: Site) -> dict[str, Check]:
    server.site = site
    return {check.name: check for check in check_all(f"http://127.0.0.1:{server.server_port}", log, DEFINITIONS)}


def test_right_answers_pass(server: Server, log: Path) -> None:
    checks = _check(server, log, Site())
    assert {check.outcome for check in checks.values()} == {Outcome.OK}
    assert checks["models"].detail == "1 registered, and n1, which no file names"
    assert checks["values"].detail == "5 equal what a query on the log yields"


def _without(part: str) -> Site:
    text = "".join(line for line in _exposition().splitlines(keepends=True) if part not in line)
    return Site(text=text, openmetrics=text + "# EOF\n")


def _with(old: str, new: str) -> Site:
    text = _exposition().replace(old, new)
    assert text != _exposition()
    return Site(text=text, openmetrics=text + "# EOF\n")


@pytest.mark.parametrize(
    ("site", "name", "detail"),
    [
        (replace(Site(), ready=503), "health", "/readyz answers 503"),
        (replace(Site(), openmetrics=_exposition()), "/metrics", "OpenMetrics doesn't end with # EOF"),
        (replace(Site(), openmetrics="# EOF\n"), "/metrics", "the formats differ in ml_feature_default_ratio"),
        (replace(Site(), text_type="text/html"), "/metrics", "the text format has another content type"),
        (replace(Site(), openmetrics_type="text/plain"), "/metrics", "asked for OpenMetrics, got text/plain"),
        (replace(Site(), compresses=False), "/metrics", "OpenMetrics isn't compressed"),
        (replace(Site(), page="<html>eta</html>"), "status page", "new is not on the page"),
        (replace(Site(), page_type="text/plain"), "status page", "the status page is text/plain"),
        (
            replace(Site(), page="eta new <script src='https://cdn.example.com/x.js'>"),
            "status page",
            "the status page loads src='https://cdn.example.com/x.js",
        ),
        (_without('role="unregistered"'), "models", "new/n1 should be ('unregistered', ''), is None"),
        (
            _with('team="logistics"', 'team="sales"'),
            "models",
            "eta/v1 should be ('primary', 'logistics'), is ('primary",
        ),
        (_without('feature="f0"'), "features", "n1 has 19 features (and 1 more)"),
        (_with('window="1h"} 2.0', 'window="1h"} 2.1'), "values", "ml_prediction_mean of v1 is 2.1, the log says 2.0"),
        (_without("ml_prediction_mean"), "values", "ml_prediction_mean of v1 is None, the log says 2.0 (and 1 more)"),
        (_with('feature="f3"} 0.5', 'feature="f3"} 0.6'), "values", "ml_feature_default_ratio of v1 is 0.6"),
    ],
)
def test_a_wrong_answer_is_named(server: Server, log: Path, site: Site, name: str, detail: str) -> None:
    check = _check(server, log, site)[name]
    assert check.outcome is Outcome.FAILED
    assert detail in check.detail


def test_is_up_means_200(server: Server) -> None:
    server.site = replace(Site(), ready=503)
    base = f"http://127.0.0.1:{server.server_port}"
    assert is_up(f"{base}/healthz")
    assert not is_up(f"{base}/readyz")
    assert not is_up(f"http://127.0.0.1:{free_port()}/readyz")
