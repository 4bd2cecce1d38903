"""How Trino writes the statement."""

from __future__ import annotations

from metrics_exporter.sources.sql.dialect import Dialect


class Trino(Dialect):
    """Trino 400 and newer."""

    def json_map(self, column: str) -> str:
        """A path keeps the last value of a name that JSON has twice; a cast alone loses the row."""
        once = f"json_parse(json_query(CAST({column} AS VARCHAR), 'lax $'))"
        return f"coalesce({super().json_map(column)}, TRY(CAST({once} AS MAP(VARCHAR, JSON))))"

    def without_fraction(self, number: str) -> str:
        """As text a double is 3.0E0."""
        return (
            f"CASE WHEN {number} = floor({number}) AND {number} BETWEEN -9e18 AND 9e18 "
            f"THEN CAST(CAST({number} AS BIGINT) AS VARCHAR) ELSE format('%s', {number}) END"
        )
