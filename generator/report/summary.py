"""The last line: how the registry is, in a sentence."""

from __future__ import annotations

from generator.findings import Severity
from generator.load import Loaded


def summary(loaded: Loaded) -> str:
    """What was read, and how many errors and warnings there are."""
    counts = [
        (sum(finding.severity is severity for finding in loaded.findings), str(severity)) for severity in Severity
    ]
    found = " and ".join(_counted(number, word) for number, word in counts if number)
    if loaded.registry is None:
        return f"{found} in {_counted(len({finding.place.file for finding in loaded.findings}), 'file')}"
    alerts = sum(not alert.is_freshness for predictor in loaded.registry.predictors for alert in predictor.alerts)
    what = ", ".join(
        [
            _counted(loaded.files, "file"),
            _counted(len(loaded.registry.teams), "team"),
            _counted(len(loaded.registry.predictors), "predictor"),
            _counted(alerts, "alert"),
        ]
    )
    return f"{what}: {found or 'no findings'}"


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
