"""Log lines: a time, a level, what happened, and `key=value` facts; one line each, whatever the values hold."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime

_BARE = re.compile(r"[\w.:/+-]+", re.ASCII)


def event(logger: logging.Logger, level: int, message: str, **facts: object) -> None:
    """Log what happened, with its facts."""
    logger.log(level, " ".join((message, *(f"{key}={_value(value)}" for key, value in facts.items()))))


def to_stderr() -> None:
    """Send the exporter's lines to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter())
    root = logging.getLogger("metrics_exporter")
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    root.propagate = False


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        line = f"{time} {record.levelname.lower()} {record.getMessage()}".replace("\n", r"\n")
        return f"{line} traceback={_value(self.formatException(record.exc_info))}" if record.exc_info else line


def _value(value: object) -> str:
    text = f"{value:.3g}" if isinstance(value, float) else str(value)
    return text if _BARE.fullmatch(text) else json.dumps(text, ensure_ascii=True)
