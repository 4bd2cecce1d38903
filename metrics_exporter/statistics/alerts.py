"""What is told of alerts."""

from __future__ import annotations

from metrics_exporter.profiles.table import Floats
from metrics_exporter.statistics.readings import Readings


def reading(readings: Readings) -> Floats:
    """The value that decides whether the alert fires; NaN, which is exported: it can't be judged."""
    return readings.value
