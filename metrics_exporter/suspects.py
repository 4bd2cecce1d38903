"""Logs that workers die of: after some deaths in a row a log is set aside for a while, so that the others go on."""

from __future__ import annotations

DEATHS = 3
SET_ASIDE_SECONDS = 3600.0


class Suspects:
    """Which log each worker was reading when it died; times are seconds of any one clock."""

    def __init__(self) -> None:
        self._reading: str | None = None
        self._deaths: dict[str, int] = {}
        self._until: dict[str, float] = {}

    def reads(self, log: str | None) -> None:
        """The worker begins to read a log, or none, and so has come through the one before."""
        if self._reading is not None:
            self._deaths.pop(self._reading, None)
        self._reading = log

    def died(self, now: float) -> str | None:
        """The worker died, or was ended for hanging; the log that is set aside for it, if any.

        A log that has its time behind it is set aside again with its next death.
        """
        log, self._reading = self._reading, None
        if log is None:
            return None
        self._deaths[log] = self._deaths.get(log, 0) + 1
        if self._deaths[log] < DEATHS:
            return None
        self._until[log] = now + SET_ASIDE_SECONDS
        return log

    def set_aside(self, now: float) -> frozenset[str]:
        """The logs that are not to be read now."""
        return frozenset(log for log, until in self._until.items() if now < until)

    def forgive(self) -> None:
        """Forget all deaths: somebody has seen to the logs."""
        self._deaths.clear()
        self._until.clear()
