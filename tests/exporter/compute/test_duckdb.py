"""DuckDB's failures in words, its deadline, and logs that change under it."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from metrics_exporter.definitions import Columns, Log
from metrics_exporter.sources import ScanTimeoutError, Warehouse, WarehouseError, open_warehouse
from metrics_exporter.sources.assemble import assemble
from metrics_exporter.sources.duckdb import DuckDBWarehouse
from metrics_exporter.sources.scan import ATOMS, ScanRequest
from metrics_exporter.sources.scan import scan as run_scan
from tests.exporter.compute.logs import HOUR, START, LogFile, Row, ScanRow, by_feature, scan, scan_rows


def _request(table: str = "predictions", columns: Columns | None = None) -> ScanRequest:
    return ScanRequest(Log(table=table, columns=columns or Columns()), START, START + HOUR, {})


def _error(url: str, request: ScanRequest | None = None) -> str:
    with pytest.raises(WarehouseError) as caught:
        run_scan(open_warehouse(url), request or _request(), 60)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert "can't be opened as a DuckDB database" in _error(f"duckdb:{tmp_path}/none.duckdb")
    assert not (tmp_path / "none.duckdb").exists()
    assert "can't be read as the log predictions" in _error(f"duckdb:{tmp_path}/*.parquet")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "x.duckdb").write_text("hello" * 5000, encoding="utf-8")
    assert "can't be opened as a DuckDB database" in _error(f"duckdb:{tmp_path}/x.duckdb")


def test_a_file_that_is_no_utf8_is_said_with_its_line(tmp_path: Path) -> None:
    header = b"sent_at,prediction_id,predictor_name,model_id,prediction_result,features,default_values_used\n"
    rows = [b"2026-03-04 10:00:01,%d,%s,m,1.5,{},[]\n" % (n, b"\xff" if n == 3 else b"p") for n in range(9)]
    (tmp_path / "x.csv").write_bytes(header + b"".join(rows))
    error = _error(f"duckdb:{tmp_path}/x.csv")
    assert f"CSV Error on Line: 5 of {tmp_path}/x.csv: " in error
    assert "Invalid unicode (byte sequence mismatch) detected. This file is not utf-8 encoded.)" in error
    assert "2026" not in error


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_broken_line_changes_nothing_about_how_its_file_is_read(tmp_path: Path, delimiter: str) -> None:
    header = ["sent_at", "prediction_id", "predictor_name", "model_id", "prediction_result", "features"]
    for name, hour in (("a", 8), ("b", 9)):
        lines = [header, *([f"2026-03-04 {hour:02}:{i:02}:00", f"{hour}-{i}", "p", "m", "1", "{}"] for i in range(20))]
        text = "\n".join(delimiter.join(line) for line in lines) + "\n"
        (tmp_path / f"log-{name}.csv").write_text(text, encoding="utf-8")
    start = START.replace(hour=8)
    assert [window.rows for window in scan(f"duckdb:{tmp_path}/*.csv", start=start, hours=2)] == [20, 20]
    with (tmp_path / "log-b.csv").open("a", encoding="utf-8") as file:
        file.write(delimiter.join([*lines[1], "EXTRA"]) + "\n")
    assert "log-b.csv" in _error(f"duckdb:{tmp_path}/*.csv")


def test_a_broken_line_far_down_is_named_with_its_file(tmp_path: Path) -> None:
    header = "sent_at,prediction_id,predictor_name,model_id,prediction_result,features\n"
    line = "2026-03-04 10:00:00,{},p,m,1,{{}}\n"
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text(header + "".join(map(line.format, range(50_000))), encoding="utf-8")
    with (tmp_path / "b.csv").open("a", encoding="utf-8") as file:
        file.write("2026-03-04 10:00:00,secret\n")
    error = _error(f"duckdb:{tmp_path}/*.csv")
    assert f"CSV Error on Line: 50002 of {tmp_path}/b.csv: Expected Number of Columns: 6 Found: 2" in error
    assert "secret" not in error


def test_a_missing_table_and_missing_columns_are_named(log: LogFile) -> None:
    log.write([Row({"a": 1})])
    assert "table gone is not in the log's database" in _error(log.url, _request("gone"))
    missing = _error(log.url, _request(columns=Columns(sent_at="ts")))
    assert "table predictions has no column 'ts'" in missing
    assert "logs: columns: sent_at" in missing
    assert "prediction_id" in missing
    assert "no column 'inputs'" in _error(log.url, _request(columns=Columns(features="inputs")))


def test_a_table_is_one_of_the_database_and_never_a_file_or_what_is_built_in(log: LogFile, tmp_path: Path) -> None:
    log.write([Row({"a": 1})])
    (tmp_path / "secrets.csv").write_text("password\nhunter2\n", encoding="utf-8")
    for table in (f'"{tmp_path}/secrets.csv"', f'"{log.path}"', "sqlite_master", "information_schema.tables"):
        error = _error(log.url, _request(table))
        assert f"table {table} is not in the log's database" in error
        assert "password" not in error
    log.execute(f"COPY predictions TO '{tmp_path}/log.parquet'")
    assert scan(f"duckdb:{tmp_path}/*.parquet", table=f'"{tmp_path}/secrets.csv"')[0].rows == 1


def test_the_names_that_a_table_has(log: LogFile) -> None:
    log.write([Row({"a": 1})])
    log.execute("CREATE SCHEMA s", "CREATE VIEW s.v AS SELECT * FROM predictions")
    for table in ("Predictions", "main.predictions", "log.predictions", "log.main.predictions", "s.v", "log.s.V"):
        assert scan(log.url, table=table)[0].rows == 1
    assert "Did you mean 'predictions'?" in _error(log.url, _request("prediction"))
    assert "There are: predictions, v" in _error(log.url, _request("s.nothing"))


def test_nothing_that_is_read_changes_the_settings(log: LogFile) -> None:
    log.write([Row({"a": 1})])
    warehouse = open_warehouse(log.url)
    for statement in ("SET TimeZone = 'Asia/Seoul'", "SET autoload_known_extensions = true"):
        with pytest.raises(WarehouseError, match="locked"):
            warehouse.run(statement, {}, 60)
    settings = "SELECT count(*) AS n FROM duckdb_settings() WHERE name LIKE 'auto%known_extensions' AND value = 'false'"
    assert warehouse.run(settings, {}, 60).to_pylist() == [{"n": 2}]
    warehouse.close()


@pytest.mark.parametrize("kind", ["INTEGER", "BLOB", "STRUCT(a INTEGER)"])
def test_a_column_without_any_value_is_of_any_type(log: LogFile, kind: str) -> None:
    log.write([Row({"a": 1})])
    log.reshape(f"* REPLACE (NULL::{kind} AS default_values_used, NULL::{kind} AS prediction_result)")
    profiles = by_feature(scan(log.url)[0])
    assert (profiles[None].rows, profiles[None].nulls, profiles["a"].defaults) == (1, 1, 0)


@pytest.mark.parametrize(
    ("select", "words"),
    [
        ("* REPLACE (1 AS sent_at)", "sent_at is INTEGER; sent_at must be a timestamp"),
        ("* REPLACE (1 AS features)", "features is INTEGER; features must be a MAP"),
        ("* REPLACE (1 AS default_values_used)", "default_values_used is INTEGER; default_values_used must be a list"),
        ("* REPLACE ([1] AS prediction_result)", "prediction_result is INTEGER[]; prediction_result must be a number"),
    ],
)
def test_a_column_of_the_wrong_type_is_named(log: LogFile, select: str, words: str) -> None:
    log.write([Row({"a": 1})])
    log.reshape(select)
    assert words in _error(log.url)


def test_no_feature_column_matches(log: LogFile) -> None:
    log.write([Row({"a": 1})])
    assert "no column matches" in _error(log.url, _request(columns=Columns(features=("f_*",))))


def test_a_listed_column_that_is_missing_is_named_with_the_nearest(
    log: LogFile, caplog: pytest.LogCaptureFixture
) -> None:
    log.write([Row({"a": 1})])
    log.reshape('* EXCLUDE features, 1.0 AS distance, 2.0 AS "Weight"')
    columns = Columns(features=("distance", "distnace", "weight", "geo_*"))
    for _ in range(2):
        assert scan(log.url, columns=columns)[0].rows == 1
    said = [message for message in caplog.messages if "no column matches" in message]
    assert len(said) == 3
    for entry, near in (("distnace", "Did you mean 'distance'?"), ("weight", "Did you mean 'Weight'?"), ("geo_*", "")):
        assert any(f"no column matches {entry} " in message and near in message for message in said)


_WRITER = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
print("open", flush=True)
sys.stdin.readline()
connection.execute("INSERT INTO predictions SELECT * REPLACE ('new' AS prediction_id) FROM predictions LIMIT 1")
connection.close()
print("closed", flush=True)
"""


def test_a_log_that_another_process_writes(log: LogFile) -> None:
    log.write([Row({"a": 1})])
    warehouse = open_warehouse(log.url)
    command = [sys.executable, "-c", _WRITER, str(log.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
        with pytest.raises(WarehouseError, match="is locked: another process has it open for writing"):
            run_scan(warehouse, _request(), 60)
        writer.stdin.write("\n")
        writer.stdin.flush()
        assert writer.stdout.readline() == "closed\n"
    models = [row for row in scan_rows(run_scan(warehouse, _request(), 60)) if row.part == "model"]
    assert [row.present for row in models] == [2]


@pytest.fixture
def slow(log: LogFile) -> Warehouse:
    """A log whose view never comes to an end in any test's time."""
    log.execute(
        "CREATE VIEW predictions AS SELECT TIMESTAMP '2026-03-04 10:00:01' AS sent_at, (a.i * b.i)::VARCHAR AS "
        "prediction_id, 'p' AS predictor_name, 'm' AS model_id, MAP([md5((a.i + b.i)::VARCHAR)], [1.0]) AS features, "
        "1 AS prediction_result FROM range(1000000) a(i), range(1000000) b(i) WHERE sin(a.i * b.i) < -0.9999999"
    )
    return open_warehouse(log.url)


def test_the_deadline_stops_the_query_in_the_database(slow: Warehouse) -> None:
    began = time.monotonic()
    with pytest.raises(ScanTimeoutError, match=r"table predictions: the scan of 2026-03-04 10:00 .* after 0.5 s"):
        run_scan(slow, _request(), 0.5)
    assert time.monotonic() - began < 10
    busy = time.process_time()
    time.sleep(0.5)
    assert time.process_time() - busy < 0.3  # DuckDB's threads have stopped, too


def test_another_thread_cancels(slow: Warehouse) -> None:
    slow.cancel()  # nothing runs: nothing to cancel
    threading.Timer(0.5, slow.cancel).start()
    with pytest.raises(WarehouseError) as caught:
        run_scan(slow, _request(), 60)
    assert not isinstance(caught.value, ScanTimeoutError)
    slow.close()


def _quantile_log(log: LogFile, rows: int, models: int = 1) -> None:
    log.execute(
        f"""CREATE TABLE predictions AS
        SELECT TIMESTAMP '2026-03-04 10:00:01' AS sent_at, i::VARCHAR AS prediction_id, 'p' AS predictor_name,
          'm' || (i % {models}) AS model_id, (hash(i) % 1000000) / 1e6 AS prediction_result,
          MAP(['even', 'rare', 'atoms'], [(i * 7919 % {rows}) / {rows}, CASE WHEN i % 50 = 0 THEN i END,
            CASE WHEN hash(i, 1) % 10 < 6 THEN 0 ELSE (hash(i, 2) % 1000) / 1e3 END]::DOUBLE[]) AS features
        FROM range({rows}) t(i)"""
    )


@pytest.mark.slow
def test_quantiles_of_large_models_come_near_from_a_sample(log: LogFile) -> None:
    rows = 400_000
    _quantile_log(log, rows)
    (window,) = scan(log.url)
    profiles = {profile.series.feature: profile for profile in window.profiles}
    even, rare, atoms = (profiles[name].distribution for name in ("even", "rare", "atoms"))
    assert even is not None
    assert rare is not None
    assert atoms is not None
    assert profiles["even"].values == rows
    assert even.mean == pytest.approx((rows - 1) / 2 / rows, rel=1e-9)
    assert max(abs(value - (i + 1) / 100) for i, value in enumerate(even.grid)) < 0.007
    assert max(abs(value / rows - (i + 1) / 100) for i, value in enumerate(rare.grid)) < 0.005
    # The digest draws a line from the last 0 to the next value; where it begins depends on how threads share the rows.
    assert atoms.grid[:57] == pytest.approx([0.0] * 57, abs=1e-5)
    assert atoms.grid[:50] == (0.0,) * 50
    assert max(abs(0.6 + 0.4 * value - (i + 1) / 100) for i, value in enumerate(atoms.grid) if i > 62) < 0.03


def _numbers(log: LogFile, atoms: pa.Table | None = None) -> dict[str | None, ScanRow]:
    """The rows with numbers of the only model, by feature (None: the predictions)."""
    request = _request()
    result = run_scan(open_warehouse(log.url), replace(request, atoms=atoms) if atoms else request, 60)
    return {row.feature: row for row in scan_rows(result) if row.numbers and row.part in ("model", "series")}


def test_grids_say_how_many_values_they_are_made_from(log: LogFile) -> None:
    _quantile_log(log, 100_000)
    rows = _numbers(log)
    for feature in ("even", "atoms", None):  # of a sample
        assert rows[feature].numbers == 100_000
        assert 74_000 < rows[feature].grid_rows < 76_000
    assert (rows["rare"].numbers, rows["rare"].grid_rows) == (2_000, 2_000)


def test_known_atoms_are_counted_over_all_rows(log: LogFile) -> None:
    _quantile_log(log, 100_000)
    rows = _numbers(log, pa.table({"predictor": ["p"], "feature": ["atoms"], "value": [0.0]}, schema=ATOMS))
    ((zeros,),) = log.ask("SELECT count(*) FROM predictions WHERE features['atoms'] = 0")
    assert (rows["atoms"].atoms, rows["atoms"].atom_counts) == ([0], [zeros])
    assert [rows[feature].atoms for feature in ("even", "rare", None)] == [None] * 3


def test_known_atoms_are_counted_though_nothing_repeats_them(log: LogFile) -> None:
    log.write([Row({"a": i, "b": i}, result=i) for i in range(200)])
    known = pa.table(
        {"predictor": ["p", "p", "q", "p"], "feature": ["a", "a", "b", None], "value": [7.0, 999.0, 7.0, 8.0]},
        schema=ATOMS,
    )
    rows = _numbers(log, known)
    assert {feature: (row.atoms, row.atom_counts) for feature, row in rows.items()} == {
        "a": ([7], [1]),
        "b": (None, None),
        None: ([8], [1]),
    }


def test_at_most_the_greatest_atoms_are_kept(log: LogFile) -> None:
    log.write([Row({"a": i}) for i in range(60) for _ in range(2 if i < 50 else 1)])
    known = pa.table({"predictor": ["p"] * 60, "feature": ["a"] * 60, "value": range(60)}, schema=ATOMS)
    row = _numbers(log, known)["a"]
    assert (row.atoms, row.atom_counts) == ([float(i) for i in range(50)], [2] * 50)


def test_the_same_scan_gives_the_same_numbers(log: LogFile) -> None:
    _quantile_log(log, 30_000, models=2)
    warehouse = open_warehouse(log.url)
    first, second = (sorted(map(repr, scan_rows(run_scan(warehouse, _request(), 60)))) for _ in range(2))
    assert first == second


def test_a_day_comes_from_one_statement(log: LogFile) -> None:
    log.write([Row({"a": hour}, at=START + timedelta(hours=hour)) for hour in range(24)])
    windows = scan(log.url, hours=24)
    assert [window.rows for window in windows] == [1] * 24


def test_threads_and_memory_are_set(log: LogFile) -> None:
    log.write([Row({"a": 1})])
    limited = DuckDBWarehouse(str(log.path), threads=1, memory_limit="300MB")
    assert [row.present for row in scan_rows(run_scan(limited, _request(), 60)) if row.part == "model"] == [1]
    with pytest.raises(WarehouseError, match="can't be opened"):
        run_scan(DuckDBWarehouse(str(log.path), memory_limit="much"), _request(), 60)
    assert duckdb.connect(str(log.path)).execute("SELECT count(*) FROM predictions").fetchone() == (1,)


def test_too_little_memory_names_the_setting(log: LogFile) -> None:
    _quantile_log(log, 100_000)
    with pytest.raises(WarehouseError, match="raise the exporter's query_memory"):
        run_scan(open_warehouse(log.url, threads=1, memory_limit="4MB"), _request(), 60)


def test_rows_with_other_features_than_most(log: LogFile) -> None:
    usual = [Row({"a": i, "b": 1}) for i in range(300)]
    others = [Row({"b": 2, "a": 1000}), Row({"c": 3}), Row({"a": 5, "c": 4}, predictor="q")]
    log.write([*usual, *others])
    log.reshape("* REPLACE (features::JSON::MAP(VARCHAR, DOUBLE) AS features)")
    found = {
        (profile.series.predictor, profile.series.feature): (profile.values, profile.distribution.maximum)
        for profile in scan(log.url)[0].profiles
        if profile.series.feature and profile.distribution
    }
    assert found == {
        ("p", "a"): (301, 1000),
        ("p", "b"): (301, 2),
        ("p", "c"): (1, 3),
        ("q", "a"): (1, 5),
        ("q", "c"): (1, 4),
    }


@pytest.mark.parametrize("values", ["DOUBLE", "VARCHAR"])
def test_a_predictor_with_too_many_feature_names_is_left_out_and_the_others_are_whole(
    log: LogFile, caplog: pytest.LogCaptureFixture, values: str
) -> None:
    log.execute(
        f"""CREATE TABLE predictions AS SELECT TIMESTAMP '2026-03-04 10:00:01' + to_hours(hour) AS sent_at,
        hour || '-' || i AS prediction_id, predictor_name, 'm1' AS model_id, 0.5 AS prediction_result,
        CASE predictor_name WHEN 'wide' THEN ['user_7'] ELSE ['a'] END AS default_values_used,
        CASE WHEN predictor_name = 'wide' AND hour = 0 THEN
          MAP(list_transform(range(100_000), lambda j: 'user_' || (i % 3 * 100_000 + j)), range(100_000))
        ELSE MAP(['a', 'b'], [i, -i]) END::MAP(VARCHAR, {values}) AS features
        FROM range(2) hours(hour), range(300) t(i), (VALUES ('wide'), ('healthy')) p(predictor_name)
        WHERE predictor_name = 'healthy' OR i < 6"""
    )
    request = ScanRequest(Log(table="predictions"), START, START + 2 * HOUR, {})
    answer = run_scan(open_warehouse(log.url, threads=2, memory_limit="500MB"), request, 120)
    scanned = assemble("default", request, answer)
    found = {
        (p.series.predictor, p.series.feature): (p.rows, p.values, p.defaults) for p in scanned.windows[0].profiles
    }
    healthy = {
        ("healthy", "a"): (300, 0, 300),
        ("healthy", "b"): (300, 300, 0),
        ("healthy", None): (300, 300, 0),
    }
    assert found == {**healthy, ("wide", None): (6, 6, 0)}
    assert [window.unreadable for window in scanned.windows] == [(("feature names", 6),), ()]
    assert ("wide", "b") in {(p.series.predictor, p.series.feature) for p in scanned.windows[1].profiles}
    (warning,) = caplog.records
    assert (warning.__dict__["facts"]["predictor"], warning.__dict__["facts"]["names"]) == ("wide", 300_000)
