"""What `docs/warehouses/postgresql.md` tells an administrator to run works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from metrics_exporter.sources import Access, WarehouseError
from metrics_exporter.sources.postgresql import connect
from tests.real_parts import ROOT
from tests.warehouses.postgresql.conftest import Database
from tests.warehouses.postgresql.test_statements import SECONDS

PAGE = ROOT / "docs" / "warehouses" / "postgresql.md"


def _blocks(page: Path, database: str) -> list[str]:
    """Its SQL, with a database and a role of this test's own."""
    text = page.read_text(encoding="utf-8").replace("shop", database)
    return [block.replace("driftgauge", f"{database}_reader") for block in re.findall(r"```sql\n(.*?)```", text, re.S)]


def test_the_role_reads_the_log_and_nothing_else(database: Database) -> None:
    database.ask("CREATE SCHEMA ml; CREATE TABLE ml.predictions (sent_at timestamptz); CREATE TABLE ml.secrets (x int)")
    role, index, activity = _blocks(PAGE, database.name)
    database.ask(role)
    database.ask(index)
    reader = f"{database.name}_reader"
    try:
        url = f"postgresql://{reader}@127.0.0.1:{database.server.port}/{database.name}?application_name={reader}"
        warehouse = connect(Access(url, lambda: "choose one"))
        assert [*warehouse.columns("predictions", SECONDS)] == ["sent_at"]
        assert warehouse.run("SELECT current_setting('work_mem') AS x", {}, SECONDS)["x"].to_pylist() == ["64MB"]
        assert len(database.ask(activity)) == 1
        with pytest.raises(WarehouseError, match="permission denied for table secrets"):
            warehouse.run("SELECT x FROM secrets", {}, SECONDS)
        warehouse.close()
    finally:
        database.ask(f"DROP OWNED BY {reader}")
        database.ask(f"DROP ROLE {reader}")
