"""A log to write, for the tests of the exporter's compute side."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.exporter.compute.logs import LogFile


@pytest.fixture
def log(tmp_path: Path) -> LogFile:
    return LogFile(tmp_path / "log.duckdb")
