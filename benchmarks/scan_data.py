"""The rows that `scan` measures on: one hour of a model, 1 M predictions of 20 features, made once into `.cache/`."""

from __future__ import annotations

from pathlib import Path

import duckdb

CACHE = Path(".cache/benchmarks")
ROWS = 1_000_000
FEATURES = 20
START = "2026-01-01 00:00:00"
_VERSION = 1

_VALUE = """CASE
  WHEN j % 4 = 0 THEN random() * 100
  WHEN j % 4 = 1 THEN -ln(random() + 1e-9) * 50
  WHEN j % 4 = 2 THEN floor(random() * 10)
  ELSE random() + random() + random() END"""
_NAMES = ", ".join(f"'feature_{j:02d}'" for j in range(FEATURES))
_EACH = ", ".join(f"features['feature_{j:02d}'] AS feature_{j:02d}" for j in range(FEATURES))

# layout: what is selected from the rows with a MAP(VARCHAR, DOUBLE)
LAYOUTS = {
    "map of numbers": "*",
    "two models": "* REPLACE (CASE WHEN random() < 0.5 THEN 'm1' ELSE 'm2' END AS model_id)",
    "map of text": "* REPLACE (features::MAP(VARCHAR, VARCHAR) AS features)",
    "json": "* REPLACE (to_json(features) AS features)",
    "columns": f"* EXCLUDE features, {_EACH}",
}


def database(layout: str) -> Path:
    """The DuckDB file with the table `predictions` in a layout."""
    path = CACHE / f"scan-{_VERSION}-{layout.replace(' ', '-')}.duckdb"
    if not path.exists():
        base = None if layout == "map of numbers" else database("map of numbers")
        CACHE.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.unlink(missing_ok=True)
        with duckdb.connect(str(part)) as connection:
            connection.execute("SET enable_progress_bar = false; SELECT setseed(0.5)")
            if base is not None:
                connection.execute(f"ATTACH '{base}' AS base (READ_ONLY)")
            source = "base.predictions" if base is not None else f"({_rows()})"
            connection.execute(f"CREATE TABLE predictions AS SELECT {LAYOUTS[layout]} FROM {source}")
        part.rename(path)
    return path


def table() -> Path:
    """The features alone, a column each, as Parquet: what the peers read."""
    path = CACHE / f"scan-{_VERSION}.parquet"
    if not path.exists():
        with duckdb.connect(str(database("columns")), read_only=True) as connection:
            connection.execute(f"COPY (SELECT COLUMNS('feature_.*') FROM predictions) TO '{path}'")
    return path


def _rows() -> str:
    return f"""
    SELECT TIMESTAMP '{START}' + to_microseconds((3600e6 * i / {ROWS})::BIGINT) AS sent_at, 'd' || i AS prediction_id,
      'eta' AS predictor_name, 'm1' AS model_id,
      MAP([{_NAMES}], [{_VALUE} FOR j IN range({FEATURES})])::MAP(VARCHAR, DOUBLE) AS features,
      random() AS prediction_result,
      CASE WHEN i % 50 = 0 THEN ['feature_03', 'feature_05'] ELSE []::VARCHAR[] END AS default_values_used
    FROM range({ROWS}) t(i)"""
