"""One Trino for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from metrics_exporter.sources import Access
from metrics_exporter.sources.trino import TrinoWarehouse, connect
from tests.warehouses.trino.server import running


@pytest.fixture(scope="session")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with running(tmp_path_factory.mktemp("trino")) as port:
        yield port


@pytest.fixture
def warehouse(port: int) -> TrinoWarehouse:
    return connect(Access(f"trino://driftgauge@127.0.0.1:{port}/memory/default"))
