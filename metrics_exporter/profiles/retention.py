"""How many windows the history keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from metrics_exporter.windows import DAILY, Window


@dataclass(frozen=True, slots=True)
class Retention:
    """How long windows are kept: those shorter than a day, and those of a day or longer.

    They are counted, not dated, so that a clock gone wrong removes no more than it adds.
    """

    short: timedelta
    long: timedelta

    def count(self, window: Window) -> int:
        """How many windows of a length are kept, the newest."""
        kept = self.short if window < DAILY else self.long
        return -(-kept // window.length)
