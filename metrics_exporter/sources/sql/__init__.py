"""The SQL that turns a time range of a prediction log into profiles: a template a query, a file of macros a dialect.

Names of tables and columns reach the SQL text as quoted identifiers. What the log itself holds (features, models,
values) never does: it comes in as parameters and comes out as rows.
"""

from __future__ import annotations

from collections.abc import Mapping

from jinja2 import Environment, PackageLoader, StrictUndefined

from metrics_exporter.profiles.merge import TOP_CATEGORIES
from metrics_exporter.profiles.table import GRID
from metrics_exporter.sources.sql.clickhouse import ClickHouse
from metrics_exporter.sources.sql.dialect import Dialect
from metrics_exporter.sources.sql.postgresql import PostgreSQL
from metrics_exporter.sources.sql.source import Source
from metrics_exporter.sources.sql.trino import Trino

# Quantile grids are exact for models with at most so many rows in an hour; beyond that, approximate.
EXACT_ROWS = 10_000
# Of models with more rows than this in an hour, the grid is computed from a sample of this many, chosen by a hash.
# Its rank error is below 0.005 over the whole grid with 95 % confidence (the DKW inequality); it shrinks as 1/√size.
# Counts, moments and extremes are always those of all rows.
SAMPLE_ROWS = 75_000
# A time outside of these years is none: a log's clock is wrong, or its text was read in the wrong order.
FIRST_TIME, END_OF_TIME = "1970-01-01 00:00:00", "2100-01-01 00:00:00"
# Of a series, exact counts are kept of at most so many single values.
MOST_ATOMS = 50
# Unless the values of a feature fill this share of a model's rows, its sample is too small: all of them are read.
DENSE_SHARE = 0.75
# Of a predictor with more names of features than this in a window, no feature is profiled: they are data by mistake.
MOST_FEATURES = 20_000
# So many names of categories beyond the top are handed on: enough to know them all where there are at most 1,000.
MOST_NAMES = 1_000

# Those that compute a part of a statement anew each time that it is named.
ONE_PASS: Mapping[str, Dialect] = {
    "clickhouse": ClickHouse(),
    "postgresql": PostgreSQL(),
    "trino": Trino(),
}

_ENVIRONMENT = Environment(
    loader=PackageLoader("metrics_exporter.sources.sql", ""),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=False,  # noqa: S701 - SQL, quoted by the dialect's macros
)


def scan(
    dialect: str,
    source: Source,
    *,
    window_seconds: int,
    exact_rows: int,
    has_ids: bool,
    is_kinded: bool,
    has_atoms: bool,
    has_names: bool,
) -> str:
    """The one statement of a time range.

    Args:
        dialect: the file stem in `sql/dialects/`.
        source: the log.
        window_seconds: how long the windows are.
        exact_rows: of a model with at most so many rows in a window, the grid is exact.
        has_ids: every row of the time range has a prediction id, which makes the row's key its own.
        is_kinded: some features are known as boolean or categorical, so kinds must be looked up though all are numbers.
        has_atoms: there are values to be counted whether or not they stand out in this time range.
        has_names: there are categories that are known from before.
    """
    template = _ENVIRONMENT.get_template("scan.sql.j2")
    return template.render(
        dialect=f"dialects/{dialect}.sql.j2",
        source=source,
        columns=source.columns,
        labelled=source.has_labels or is_kinded,
        grid=GRID,
        top=TOP_CATEGORIES,
        exact_rows=exact_rows,
        sample_rows=SAMPLE_ROWS,
        window_seconds=window_seconds,
        has_ids=has_ids,
        has_atoms=has_atoms,
        has_names=has_names,
        most_features=MOST_FEATURES,
        most_names=MOST_NAMES,
        most_atoms=MOST_ATOMS,
        first_time=FIRST_TIME,
        end_of_time=END_OF_TIME,
        dense_share=DENSE_SHARE,
    )


def exploded(
    dialect: Dialect,
    source: Source,
    *,
    window_seconds: int,
    has_repeated: bool,
    is_kinded: bool,
    has_atoms: bool,
    has_names: bool,
) -> str:
    """The one statement of a time range, for a warehouse that computes a part anew each time that it is named.

    Args:
        dialect: how the warehouse writes it.
        source: the log.
        window_seconds: how long the windows are.
        has_repeated: some rows of the time range share their key.
        is_kinded: some features are known as boolean or categorical, so kinds must be looked up though all are numbers.
        has_atoms: there are values to be counted on their own.
        has_names: there are categories that are known from before.
    """
    return _ENVIRONMENT.get_template("exploded.sql.j2").render(
        sql=dialect,
        source=source,
        columns=source.columns,
        labelled=source.has_labels or is_kinded or source.result == "text",
        is_kinded=is_kinded,
        grid=GRID,
        top=TOP_CATEGORIES,
        window_seconds=window_seconds,
        has_repeated=has_repeated,
        has_atoms=has_atoms,
        has_names=has_names,
        most_features=MOST_FEATURES,
        most_names=MOST_NAMES,
    )


def repeated_key(dialect: Dialect, source: Source) -> str:
    """A statement with a row, or none where no two rows of the time range share their key; parameters: start, end."""
    names = source.columns
    key = [dialect.name(name, is_number=name in source.number_names) for name in (names.predictor_name, names.model_id)]
    return (
        f"SELECT 1 AS found FROM {dialect.table(source)} WHERE {dialect.in_range(source)} "
        f"AND {dialect.prediction_id(source)} IS NOT NULL "
        f"GROUP BY {', '.join(key)}, {dialect.prediction_id(source)}, {dialect.sent_at(source)} "
        "HAVING count(*) > 1 LIMIT 1"
    )


def any_value(dialect: str, table: tuple[str, ...], column: str) -> str:
    """A statement with a row, or none where the column holds no value."""
    names = _names(dialect)
    return f"SELECT 1 AS found FROM {names.path(table)} WHERE {names.identifier(column)} IS NOT NULL LIMIT 1"


def any_time(dialect: Dialect, source: Source) -> str:
    """A statement with a row, or none where no row has a time that can be read."""
    return f"SELECT 1 AS found FROM {dialect.table(source)} WHERE {dialect.sent_at(source)} IS NOT NULL LIMIT 1"


def row_without_id(dialect: str, source: Source) -> str:
    """A statement with a row, or none where every row of the time range has a prediction id; parameters: start, end."""
    template = _ENVIRONMENT.from_string(
        "{% import dialect as sql %}"
        "SELECT 1 AS found FROM {{ sql.table(source) }} "
        "WHERE {{ sql.in_range(source) }} AND {{ sql.identifier(source.columns.prediction_id) }} IS NULL LIMIT 1"
    )
    return template.render(dialect=f"dialects/{dialect}.sql.j2", source=source)


def plan_of_reading(dialect: str, source: Source, span: Mapping[str, str]) -> str:
    """A statement whose last column tells how the rows of the time range are got at; parameters: start, end.

    That of the whole statement runs to hundreds of thousands of characters. Trino takes no parameters in it, so
    warehouses of one pass have them as literals.
    """
    if dialect not in ONE_PASS:
        template = _ENVIRONMENT.from_string(
            "{% import dialect as sql %}EXPLAIN SELECT * FROM {{ sql.table(source) }} WHERE {{ sql.in_range(source) }}"
        )
        return template.render(dialect=f"dialects/{dialect}.sql.j2", source=source)
    one_pass = ONE_PASS[dialect]
    in_range = one_pass.in_range(source)
    for name, time in span.items():
        in_range = in_range.replace(one_pass.parameter(name), one_pass.string(time))
    return f"{one_pass.explain} SELECT * FROM {one_pass.table(source)} WHERE {in_range}"


def _names(dialect: str) -> Dialect:
    """How names are quoted: DuckDB does so as the standard says."""
    return ONE_PASS.get(dialect, Dialect())
