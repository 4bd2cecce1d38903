"""The exporter's rounds over a log in PostgreSQL: what happens to the server and its role needs no restart."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from psycopg import sql

from metrics_exporter import config
from metrics_exporter.cycle import Cycle, Update
from metrics_exporter.windows import HOUR
from tests.exporter.serving.builders import END, NOW, definitions, predictor, write_definitions
from tests.warehouses.postgresql.conftest import Database
from tests.warehouses.postgresql.server import READER, READER_PASSWORD

LOG = """\
CREATE TABLE predictions AS
SELECT timestamptz '{end}' + i * interval '2 minutes' AS sent_at, 'id' || i AS prediction_id, 'eta' AS predictor_name,
  'eta_v1' AS model_id, i * 0.5 AS prediction_result, jsonb_build_object('distance', i % 7) AS features,
  ARRAY[]::text[] AS default_values_used
FROM generate_series(-179, 120) AS i"""


@pytest.fixture
def cycle(database: Database, tmp_path: Path) -> Iterator[Cycle]:
    database.ask(LOG.format(end=END.isoformat()))
    write_definitions(tmp_path / "metrics", definitions(predictor()))
    (tmp_path / "password").write_text(READER_PASSWORD)
    options = {
        "warehouse": database.url(),
        "warehouse_password_file": str(tmp_path / "password"),
        "definitions": str(tmp_path / "metrics"),
        "history": str(tmp_path / "history"),
        "lookback_days": "1",
        "query_timeout": "20s",
    }
    yield Cycle(config.read(options, {}, None))
    _set_password(database, READER_PASSWORD)


def _set_password(database: Database, password: str) -> None:
    statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(READER), password)
    database.ask(statement.as_string())


def _round(cycle: Cycle, now: datetime) -> Update:
    *_, update = cycle.run(now)
    return update


def _predictions(update: Update) -> list[str]:
    text = b"".join(update.snapshot.current.text.chunks()).decode()
    return [line for line in text.splitlines() if line.startswith("ml_predictions{") and 'window="1h"' in line]


def test_a_round_after_an_outage_catches_up(database: Database, cycle: Cycle) -> None:
    first = _round(cycle, NOW)
    assert not first.failures
    assert 'ml_predictions{predictor="eta",model_id="eta_v1",window="1h"} 30' in _predictions(first)
    database.server.stop()
    try:
        down = _round(cycle, NOW + HOUR)
    finally:
        database.server.start()
    (failure,) = down.failures
    assert "can't connect" in failure
    assert _predictions(down) == _predictions(first)
    up = _round(cycle, NOW + HOUR + timedelta(minutes=1))
    assert not up.failures
    assert _predictions(up) == _predictions(first)
    assert not database.server.queries()


def test_a_new_password_needs_no_restart(database: Database, cycle: Cycle, tmp_path: Path) -> None:
    assert not _round(cycle, NOW).failures
    _set_password(database, "another one")
    (failure,) = _round(cycle, NOW + HOUR).failures
    assert "set warehouse_password_file or DRIFTGAUGE_WAREHOUSE_PASSWORD" in failure
    (tmp_path / "password").write_text("another one\n")
    assert not _round(cycle, NOW + HOUR + timedelta(minutes=1)).failures


def test_a_log_that_changes_its_shape_is_told_and_read_again_once_it_is_back(database: Database, cycle: Cycle) -> None:
    assert not _round(cycle, NOW).failures
    for spoil, mend, told in (
        (
            "ALTER TABLE predictions RENAME COLUMN sent_at TO at",
            "ALTER TABLE predictions RENAME COLUMN at TO sent_at",
            "table predictions has no column 'sent_at'; name the one that holds sent_at in the registry",
        ),
        (
            f"REVOKE SELECT ON predictions FROM {READER}",
            f"GRANT SELECT ON predictions TO {READER}",
            "table predictions: permission denied for table predictions; have its owner run GRANT SELECT ON the table",
        ),
        (
            "ALTER TABLE predictions RENAME TO prediction",
            "ALTER TABLE prediction RENAME TO predictions",
            "table predictions is not in the log's database; name the table in the registry (logs: table), or create",
        ),
    ):
        database.ask(spoil)
        (failure,) = _round(cycle, NOW + HOUR).failures
        assert told in failure
        database.ask(mend)
    assert not _round(cycle, NOW + HOUR + timedelta(minutes=1)).failures
