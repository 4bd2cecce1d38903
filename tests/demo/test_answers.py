"""The demo's checks see what is wrong: a server with right answers passes, each wrong one is named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from demo.answers import check_all, is_up
from demo.report import Check, Outcome
from metrics_exporter.definitions import Catalogue, Definitions, Log, Model, Predictor, Role
from tests.demo.site import END, Server, Site, exposition, serving
from tests.real_parts import free_port

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


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


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
    return {check.name: check for check in check_all(server.url, log, DEFINITIONS)}


def test_right_answers_pass(server: Server, log: Path) -> None:
    checks = _check(server, log, Site())
    assert {check.outcome for check in checks.values()} == {Outcome.OK}
    assert checks["models"].detail == "1 registered, and n1, which no file names"
    assert checks["values"].detail == "5 equal what a query on the log yields"


def _without(part: str) -> Site:
    text = "".join(line for line in exposition().splitlines(keepends=True) if part not in line)
    return Site(text=text, openmetrics=text + "# EOF\n")


def _with(old: str, new: str) -> Site:
    text = exposition().replace(old, new)
    assert text != exposition()
    return Site(text=text, openmetrics=text + "# EOF\n")


@pytest.mark.parametrize(
    ("site", "name", "detail"),
    [
        (replace(Site(), ready=503), "health", "/readyz answers 503"),
        (replace(Site(), openmetrics=exposition()), "/metrics", "OpenMetrics doesn't end with # EOF"),
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
    base = server.url
    assert is_up(f"{base}/healthz")
    assert not is_up(f"{base}/readyz")
    assert not is_up(f"http://127.0.0.1:{free_port()}/readyz")
