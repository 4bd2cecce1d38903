"""Does the exporter answer what the log says? Asked over HTTP, and compared with the log itself."""

from __future__ import annotations

import gzip
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPResponse
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import duckdb
from prometheus_client.parser import text_string_to_metric_families

from demo.report import Check, checked
from metrics_exporter.definitions import UNREGISTERED, Definitions, OwnMetric
from metrics_exporter.windows import Window

_TEXT = "text/plain; version=0.0.4"
_OPENMETRICS = "application/openmetrics-text; version=1.0.0"
_LEAST_FEATURES = 20
_PRECISION = 1e-9

Labels = frozenset[tuple[str, str]]


class Samples:
    """What a scrape holds, by name and labels."""

    def __init__(self, values: Mapping[tuple[str, Labels], float]) -> None:
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    def get(self, name: str, **labels: str) -> float | None:
        """The sample with exactly these labels, if there is one."""
        return self._values.get((name, frozenset(labels.items())))

    def of(self, name: str) -> Iterator[tuple[dict[str, str], float]]:
        """Labels and value of each sample of a metric."""
        return ((dict(labels), value) for (found, labels), value in self._values.items() if found == name)

    def names(self) -> set[tuple[str, Labels]]:
        """Names and labels of all of them."""
        return set(self._values)


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; `body` as it was before compression."""

    status: int
    content_type: str
    compressed: bool
    body: str


def ask(url: str, accept: str = "*/*", seconds: float = 10.0) -> Answer:
    """GET a URL, compressed if the server can.

    Raises:
        OSError: there is no answer.
    """
    request = Request(url, headers={"Accept": accept, "Accept-Encoding": "gzip"})  # noqa: S310
    try:
        with urlopen(request, timeout=seconds) as response:  # noqa: S310
            return _answer(response.status, response)
    except HTTPError as error:
        with error:
            return _answer(error.code, error)


def is_up(url: str) -> bool:
    """Whether the URL answers 200."""
    try:
        return ask(url).status == 200
    except (URLError, OSError):
        return False


def has_read_the_log(base: str) -> bool:
    """Whether the exporter has come through the log, and no longer shows what its history alone has."""
    try:
        return f"{OwnMetric.LAST_SUCCESS}{{" in ask(f"{base}/metrics", _TEXT).body
    except (URLError, OSError):
        return False


def scrape(base: str) -> Samples:
    """The samples of `/metrics`, as text."""
    return _samples(ask(f"{base}/metrics", _TEXT).body)


def check_all(base: str, log: Path, definitions: Definitions) -> list[Check]:
    """Ask everything that the exporter answers at `base`, and hold it against the log and the definitions."""
    samples = scrape(base)
    return [
        _check_health(base),
        _check_formats(base, samples),
        _check_page(base, samples),
        _check_models(samples, log, definitions),
        _check_features(samples),
        _check_values(samples, log),
    ]


def _answer(status: int, response: HTTPResponse | HTTPError) -> Answer:
    body = response.read()
    compressed = response.headers.get("Content-Encoding") == "gzip"
    text = (gzip.decompress(body) if compressed else body).decode()
    return Answer(status, response.headers.get("Content-Type", ""), compressed, text)


def _samples(text: str) -> Samples:
    return Samples(
        {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
    )


def _check_health(base: str) -> Check:
    paths = ("/healthz", "/readyz")
    wrong = [f"{path} answers {status}" for path in paths if (status := ask(base + path).status) != 200]
    return checked("health", wrong, " and ".join(paths) + " answer 200")


def _check_formats(base: str, samples: Samples) -> Check:
    openmetrics = ask(f"{base}/metrics", _OPENMETRICS)
    # prometheus-client's own parser of OpenMetrics refuses quantiles below zero, which Prometheus takes.
    again = _samples(openmetrics.body)
    wrong = []
    if not ask(f"{base}/metrics", _TEXT).content_type.startswith(_TEXT):
        wrong.append("the text format has another content type")
    if not openmetrics.content_type.startswith(_OPENMETRICS):
        wrong.append(f"asked for OpenMetrics, got {openmetrics.content_type}")
    if not openmetrics.body.endswith("# EOF\n"):
        wrong.append("OpenMetrics doesn't end with # EOF")
    if not openmetrics.compressed:
        wrong.append("OpenMetrics isn't compressed")
    if missing := samples.names() ^ again.names():
        wrong.append(f"the formats differ in {sorted(name for name, _ in missing)[0]}")
    return checked("/metrics", wrong, f"{len(samples):,} samples as text, the same as gzipped OpenMetrics")


def _check_page(base: str, samples: Samples) -> Check:
    page = ask(f"{base}/")
    predictors = sorted({labels["predictor"] for labels, _ in samples.of("ml_model_info")})
    wrong = [f"{name} is not on the page" for name in predictors if name not in page.body]
    if not page.content_type.startswith("text/html"):
        wrong.append(f"the status page is {page.content_type}")
    if foreign := re.search(r"(?:src|href)=[\"']?(?:https?:)?//[^\"' >]+", page.body):
        wrong.append(f"the status page loads {foreign[0]}")
    return checked("status page", wrong, f"shows {', '.join(predictors)}")


def _check_models(samples: Samples, log: Path, definitions: Definitions) -> Check:
    """Each model of the definitions and of the log's last days is there once, with role and team."""
    expected = {
        (predictor.predictor, model.id): (str(model.role), predictor.team)
        for predictor in definitions.predictors.values()
        for model in predictor.models
    }
    with duckdb.connect(str(log), read_only=True) as database:
        seen = database.sql(
            "SELECT DISTINCT predictor_name, model_id FROM predictions "
            "WHERE sent_at > (SELECT max(sent_at) FROM predictions) - INTERVAL 6 DAY"
        ).fetchall()
    for model in seen:
        expected.setdefault(model, (UNREGISTERED, ""))
    found = {
        (labels["predictor"], labels["model_id"]): (labels["role"], labels["team"])
        for labels, _ in samples.of("ml_model_info")
    }
    wrong = [
        f"{'/'.join(model)} should be {expected.get(model)}, is {found.get(model)}"
        for model in sorted(expected.keys() | found.keys())
        if expected.get(model) != found.get(model)
    ]
    unregistered = sorted(model for (_, model), (role, _) in found.items() if role == UNREGISTERED)
    registered = len(found) - len(unregistered)
    return checked("models", wrong, f"{registered} registered, and {', '.join(unregistered)}, which no file names")


def _check_features(samples: Samples) -> Check:
    features = defaultdict(set)
    for labels, _ in samples.of("ml_feature_null_ratio"):
        features[labels["model_id"]].add(labels["feature"])
    models = {labels["model_id"] for labels, _ in samples.of("ml_model_info")}
    wrong = [
        f"{model} has {len(features[model])} features"
        for model in sorted(models)
        if len(features[model]) < _LEAST_FEATURES
    ]
    counts = ", ".join(f"{model} {len(features[model])}" for model in sorted(features))
    return checked("features", wrong, counts)


@dataclass(frozen=True)
class _Recomputed:
    """What the log says of a model's window."""

    rows: int
    mean: float | None
    defaulted: dict[str, float]


def _check_values(samples: Samples, log: Path) -> Check:
    """Counts, mean predictions and default ratios of each model's latest windows, recomputed."""
    wrong, compared = [], 0
    with duckdb.connect(str(log), read_only=True) as database:
        for labels, end in samples.of("ml_window_end_timestamp_seconds"):
            recomputed = _recompute(database, labels, end)
            for name, extra, expected in _expectations(recomputed):
                found = samples.get(name, **labels, **extra)
                compared += 1
                if not _same(found, expected):
                    wrong.append(f"{name} of {labels['model_id']} is {found}, the log says {expected}")
    return checked("values", wrong, f"{compared} equal what a query on the log yields")


def _recompute(database: duckdb.DuckDBPyConnection, labels: Mapping[str, str], end: float) -> _Recomputed:
    until = datetime.fromtimestamp(end, UTC).replace(tzinfo=None)
    since = until - timedelta(seconds=Window.parse(labels["window"]).seconds)
    window = database.execute(
        "SELECT DISTINCT prediction_id, sent_at, prediction_result, default_values_used FROM predictions "
        "WHERE predictor_name = ? AND model_id = ? AND sent_at >= ? AND sent_at < ?",
        [labels["predictor"], labels["model_id"], since, until],
    ).fetchall()
    defaulted: dict[str, int] = defaultdict(int)
    for *_, names in window:
        for name in names:
            defaulted[name] += 1
    rows = len(window)
    mean = math.fsum(row[2] for row in window) / rows if rows else None
    return _Recomputed(rows, mean, {name: count / rows for name, count in defaulted.items()})


def _expectations(window: _Recomputed) -> Iterator[tuple[str, dict[str, str], float | None]]:
    yield "ml_predictions", {}, window.rows
    yield "ml_prediction_mean", {}, window.mean
    for feature, ratio in window.defaulted.items():
        yield "ml_feature_default_ratio", {"feature": feature}, ratio


def _same(found: float | None, expected: float | None) -> bool:
    if found is None or expected is None:
        return found is expected
    return math.isclose(found, expected, rel_tol=_PRECISION, abs_tol=_PRECISION)
