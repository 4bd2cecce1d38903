"""Log lines: a time, a level, what happened, and facts; one line each, whatever the values hold, and no secret."""

from __future__ import annotations

import json
import logging
import math
import re
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from metrics_exporter.urls import without, without_secrets

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["text", "json"]

_BARE = re.compile(r"[\w.:/+-]+", re.ASCII)


def event(logger: logging.Logger, level: int, message: str, **facts: object) -> None:
    """Log what happened, with its facts."""
    logger.log(level, message, extra={"facts": facts})


def to_stderr(level: Level = "info", form: Format = "text", secrets: Iterable[str] = ()) -> None:
    """Send the exporter's lines of this level and above to stderr.

    Args:
        level: the lowest level.
        form: how a line is written.
        secrets: what no line may show, beside what is known from its form, as passwords in URLs are.
    """
    _send(level, (_JsonFormatter if form == "json" else _TextFormatter)(secrets))


def bare_to_stderr(secrets: Iterable[str] = ()) -> None:
    """Send warnings and errors to stderr as messages alone, for a command that a person runs."""
    _send("warning", _Formatter(secrets))


def _send(level: Level, formatter: logging.Formatter) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger("metrics_exporter")
    root.handlers = [handler]
    root.setLevel(level.upper())
    root.propagate = False


class _Formatter(logging.Formatter):
    """The message, and a traceback where there is one."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        self._secrets = tuple(secrets)

    def format(self, record: logging.LogRecord) -> str:
        return self.clean(super().format(record))

    def clean(self, text: str) -> str:
        return without_secrets(without(text, self._secrets))

    def facts(self, record: logging.LogRecord) -> Mapping[str, Any]:
        facts: Mapping[str, Any] = getattr(record, "facts", {})
        return {**facts, "traceback": self.formatException(record.exc_info)} if record.exc_info else facts


class _TextFormatter(_Formatter):
    """`TIME LEVEL MESSAGE key=value …`."""

    def format(self, record: logging.LogRecord) -> str:
        message = self.clean(record.getMessage()).replace("\n", r"\n")
        facts = (f"{key}={self._value(value)}" for key, value in self.facts(record).items())
        return " ".join((_time(record), record.levelname.lower(), message, *facts))

    def _value(self, value: object) -> str:
        text = f"{value:.3g}" if isinstance(value, float) else self.clean(str(value))
        return text if _BARE.fullmatch(text) else json.dumps(text, ensure_ascii=True)


class _JsonFormatter(_Formatter):
    """An object a line; the facts are keys beside `time`, `level` and `message`."""

    def format(self, record: logging.LogRecord) -> str:
        head = {"time": _time(record), "level": record.levelname.lower(), "message": self.clean(record.getMessage())}
        return json.dumps(head | {key: self._value(value) for key, value in self.facts(record).items()})

    def _value(self, value: object) -> object:
        is_number = isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
        return value if is_number else self.clean(str(value))


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
