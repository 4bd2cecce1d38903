"""Names that nobody expected in the prediction log: through SQL, history, exposition and status page."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tests.browser import dom
from tests.exporter.serving.builders import END, NOW, definitions, predictor, write_definitions, write_log
from tests.hostile.names import NAMES
from tests.real_parts import DRIFTGAUGE, PrometheusBinaries, Service, exporter, get

pytestmark = pytest.mark.slow

ARGUMENTS = ("--warehouse", "duckdb:log.duckdb", "--lookback-days", "1", "--now", NOW.isoformat())
NUL = "nul\0nul"


def append(path: Path, names: tuple[str, ...]) -> None:
    """Two predictions of each name: it is the predictor, the model, a number, a category's feature and its value."""
    names = tuple(name for name in names for _ in range(2))
    features = [[(name, 2.0 * place), (f"{name}?", name)] for place, name in enumerate(names)]
    rows = pa.table(
        {
            "sent_at": pa.array([(END - timedelta(minutes=5)).replace(tzinfo=None)] * len(names), pa.timestamp("us")),
            "prediction_id": [str(place) for place, _ in enumerate(names)],
            "predictor_name": list(names),
            "model_id": list(names),
            "prediction_result": pa.array([1.5] * len(names), pa.float64()),
            "features": pa.array(
                [[(key, str(value)) for key, value in row] for row in features], pa.map_(pa.string(), pa.string())
            ),
            "default_values_used": pa.array([[f"{name}!"] for name in names], pa.list_(pa.string())),
        }
    )
    with duckdb.connect(str(path)) as database:
        database.register("rows", rows)
        database.execute("INSERT INTO predictions BY NAME SELECT * FROM rows")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The exporter over a log in which hostile predictors are beside the one that is registered."""
    place = tmp_path_factory.mktemp("hostile")
    write_definitions(place / "output" / "metrics", definitions(predictor("eta")))
    write_log(place / "log.duckdb", predictor="delivery")
    append(place / "log.duckdb", (*NAMES, NUL))
    with exporter(ARGUMENTS, place) as running:
        yield running


@pytest.fixture(scope="module")
def metrics(service: Service) -> bytes:
    return get(f"{service.url}/metrics")


def samples(metrics: bytes, name: str) -> list[Sample]:
    families = text_string_to_metric_families(metrics.decode())
    return [sample for family in families for sample in family.samples if sample.name == name]


def seen(name: str) -> str:
    """A name as labels can say it."""
    return name.replace("\0", "\ufffd")


def test_promtool_takes_the_exposition(prometheus_binaries: PrometheusBinaries, metrics: bytes) -> None:
    prometheus_binaries.check("check", "metrics", stdin=metrics.decode())


def test_every_name_arrives_as_it_is(metrics: bytes) -> None:
    found = {
        (sample.labels["predictor"], sample.labels["model_id"], sample.labels["feature"]): sample.value
        for sample in samples(metrics, "ml_feature_mean")
        if sample.labels["window"] == "1h"
    }
    for place, name in enumerate((*NAMES, NUL)):
        assert found[seen(name), seen(name), seen(name)] == 4 * place + 1
    ratios = samples(metrics, "ml_feature_default_ratio")
    assert {seen(f"{name}!") for name in (*NAMES, NUL)} <= {sample.labels["feature"] for sample in ratios}


def test_other_predictors_are_unharmed(metrics: bytes) -> None:
    counts = {
        sample.labels["predictor"]: sample.value
        for sample in samples(metrics, "ml_predictions")
        if sample.labels["window"] == "1h" and sample.labels["model_id"].endswith("_v1")
    }
    assert counts == {"delivery": 30, "eta": 0, "tips": 30}


def test_names_stay_text_on_the_status_page(service: Service, tmp_path: Path) -> None:
    page = dom(f"{service.url}/", tmp_path)
    assert page.is_inert
    assert page.title.endswith("driftgauge")
    for name in NAMES:
        assert " ".join(name.split())[:40] in " ".join(page.text.split())


def test_a_restart_reads_the_same_names_from_the_history(service: Service, metrics: bytes) -> None:
    place = service.log.parent
    (place / "log.duckdb").rename(place / "away.duckdb")
    again = subprocess.run(
        [DRIFTGAUGE, "export", *ARGUMENTS, "--recompute", "0", "--once"],
        cwd=place,
        capture_output=True,
        timeout=120,
        check=True,
    )
    (place / "away.duckdb").rename(place / "log.duckdb")
    served, printed = (
        [line for line in text.splitlines() if line.startswith(b"ml_")] for text in (metrics, again.stdout)
    )
    assert printed == served
