"""How Trino writes the statement."""

from __future__ import annotations

from metrics_exporter.sources.sql.dialect import Dialect


class Trino(Dialect):
    """Trino 400 and newer."""
