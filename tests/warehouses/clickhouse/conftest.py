"""One ClickHouse for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from metrics_exporter.sources import Access
from metrics_exporter.sources.clickhouse import ClickHouseWarehouse, connect
from tests.warehouses.clickhouse.server import PASSWORD, READER, running


@pytest.fixture(scope="session")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with running(tmp_path_factory.mktemp("clickhouse")) as port:
        yield port


@pytest.fixture
def warehouse(port: int) -> ClickHouseWarehouse:
    return connect(Access(f"clickhouse://{READER}@127.0.0.1:{port}/log", lambda: PASSWORD))
