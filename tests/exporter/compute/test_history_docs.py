"""What `docs/history.md` says of the files."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest

from metrics_exporter.profiles.history import History
from metrics_exporter.profiles.profile import Distribution, Profile, Series
from metrics_exporter.profiles.table import Profiles, WindowProfiles
from metrics_exporter.windows import HOURLY
from tests.exporter.compute.logs import HOUR, START
from tests.real_parts import ROOT

PAGE = (ROOT / "docs" / "history.md").read_text()
SHAPE = Distribution(1.5, 27.0, -1.0, 3.0, tuple(float(i) for i in range(1, 100)), 12, ((0.0, 5), (2.5, 3)))
PROFILES = Profiles.of([Profile(Series("arrival_delay", "m", "distance"), 12, 12, 0, 0, 0, 0, SHAPE, None)])
WINDOW = WindowProfiles("default", HOURLY, START + HOUR, 12, 0, PROFILES)


@pytest.fixture
def history(tmp_path: Path) -> Path:
    written = History(str(tmp_path / "history"))
    for hours in range(2):
        written.write(replace(WINDOW, end=START + (hours + 1) * HOUR))
    return tmp_path / "history"


def test_the_columns_are_those_of_a_file(history: Path) -> None:
    schema = pq.read_schema(next(history.rglob("*.parquet")))
    told = re.findall(r"^\| `(\w+)` \| (\S.*?) \| \S.* \|$", PAGE, re.M)
    # Parquet's lists call their elements so; what pyarrow calls them depends on its version.
    assert [(name, kind.replace("item:", "element:")) for name, kind in told] == [
        (field.name, str(field.type).replace("item:", "element:")) for field in schema
    ]


def test_other_tools_read_it(history: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(history.parent)
    statement, folder = re.findall(r"```sql\n(.*?)```", PAGE, re.S)[0], f"1h/{START:%Y-%m}"
    rows = duckdb.sql(statement.replace("1h/2026-03", folder)).fetchall()
    assert [row[1:] for row in rows] == [("m", 12, 1.5, 1.5, 50.0)] * 2
    assert len(pd.read_parquet(history / "default" / folder)) == 2
    assert f"default/{folder}/{START + HOUR:%Y%m%dT%H%MZ}.parquet" in rows[0][0]
