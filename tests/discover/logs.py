"""Small prediction logs in DuckDB files, and the command over them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from click.testing import CliRunner, Result

from generator.cli import main

NOW = datetime(2026, 3, 9, 12, 30, tzinfo=UTC)

_TABLE = """CREATE TABLE {table} (
    sent_at TIMESTAMP, prediction_id VARCHAR, predictor_name VARCHAR, model_id VARCHAR,
    features MAP(VARCHAR, VARCHAR), prediction_result DOUBLE, default_values_used VARCHAR[])"""

_COLUMNS = (
    "unnest($1::TIMESTAMP[]), unnest($2::VARCHAR[]), unnest($3::VARCHAR[]), unnest($4::VARCHAR[]), "
    "map(unnest($5::VARCHAR[][]), unnest($6::VARCHAR[][])), unnest($7::DOUBLE[]), unnest($8::VARCHAR[][])"
)


@dataclass(frozen=True)
class Traffic:
    """A model's rows: `rows` in each of the hours, which count back from the one that NOW is in (0)."""

    predictor: str | None
    model: str
    hours: Iterable[int] = range(24)
    rows: int = 4
    features: Mapping[str, list[str | None]] = field(default_factory=dict)
    results: tuple[float, ...] = (1.5, 20.0)
    defaults: tuple[str, ...] = ()

    def table_rows(self) -> Iterable[tuple[Any, ...]]:
        for hour in self.hours:
            start = NOW.replace(minute=0, tzinfo=None) - timedelta(hours=hour)
            for number in range(self.rows):
                values = [choice[number % len(choice)] for choice in self.features.values()]
                result = self.results[number % len(self.results)]
                key = f"{hour}-{number}"
                who = (start, key, self.predictor, self.model)
                yield *who, list(self.features), values, result, list(self.defaults)


def write_log(file: Path, *traffic: Traffic, table: str = "predictions") -> str:
    """Write a log; its warehouse URL."""
    with duckdb.connect(str(file)) as database:
        database.execute(_TABLE.format(table=table))
        rows = [row for part in traffic for row in part.table_rows()]
        if rows:
            database.execute(
                f"INSERT INTO {table} SELECT {_COLUMNS}", [list(column) for column in zip(*rows, strict=True)]
            )
    return f"duckdb:{file}"


def discover(url: str, *arguments: str | Path, now: datetime = NOW) -> Result:
    """Run `driftgauge discover` in this process, as of NOW, over three days."""
    clock = now.strftime("%Y-%m-%dT%H:%M:%S")
    return run("discover", "--warehouse", url, "--now", clock, "--days", "3", *arguments)


def run(*arguments: str | Path) -> Result:
    """Run a command in this process; a defect is raised."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments], catch_exceptions=False)
