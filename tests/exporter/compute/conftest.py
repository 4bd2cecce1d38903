"""A log to write and buckets to keep its windows in, for the tests of the exporter's compute side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import bucket as buckets
from tests.bucket import Bucket
from tests.exporter.compute.logs import LogFile
from tests.real_parts import Service


@pytest.fixture
def log(tmp_path: Path) -> LogFile:
    return LogFile(tmp_path / "log.duckdb")


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with buckets.server(tmp_path_factory.mktemp("s3")) as service:
        yield service


@pytest.fixture
def bucket(s3: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    made = buckets.made(s3, monkeypatch)
    yield made
    made.let_in()
