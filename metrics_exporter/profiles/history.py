"""The history: a Parquet file for each window of each log, on a disk or in a bucket (through fsspec).

`LOG/WINDOW/YYYY-MM/YYYYMMDDTHHMMZ.parquet` is the window that ends then; `LOG/kinds.json` the kinds of features that
were found in the log. Both are written whole or not at all.
"""

from __future__ import annotations

import functools
import io
import json
import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import fsspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from metrics_exporter.definitions import Kind
from metrics_exporter.errors import UserError
from metrics_exporter.profiles.profile import GRID, Categories, Distribution, Profile, Series, WindowProfiles
from metrics_exporter.urls import scrubbed, shown

SCHEMA_VERSION = 1
# The newest windows of each length that are kept: 400 days. Counted, not dated, so that a clock gone wrong deletes
# no more than it adds.
RETAINED = {"1h": 400 * 24, "1d": 400}

_END = "%Y%m%dT%H%MZ"
_SUFFIX = ".parquet"
_TEMPORARY = re.compile(r".+\.(\d+)\.tmp")
_META = b"driftgauge"
_SCHEMA = pa.schema(
    [
        ("predictor", pa.string()),
        ("model_id", pa.string()),
        ("feature", pa.string()),
        *[(name, pa.int64()) for name in ("rows", "values", "nulls", "infinities", "defaults", "unparsable")],
        *[(name, pa.float64()) for name in ("mean", "squared_deviations", "minimum", "maximum")],
        ("grid", pa.list_(pa.float64())),
        ("categories", pa.list_(pa.string())),
        ("counts", pa.list_(pa.int64())),
        ("other", pa.int64()),
        ("distinct", pa.int64()),
    ]
)

logger = logging.getLogger(__name__)


class HistoryError(UserError):
    """A history that can't be opened, listed or written; the message names the place and the fix."""


class History:
    """Profiles of past windows below an fsspec URL or a path."""

    def __init__(self, url: str, storage_options: Mapping[str, Any] | None = None):
        """Open, and create where there is none.

        Args:
            url: a folder's path, or an fsspec URL such as `s3://bucket/driftgauge`.
            storage_options: what fsspec's file system needs, such as credentials.

        Raises:
            HistoryError: nothing here can speak the URL's protocol.
        """
        try:
            self._files, self._root = fsspec.core.url_to_fs(url, **(storage_options or {}))
        except (ValueError, ImportError, OSError) as error:
            raise HistoryError(
                f"the history {shown(url)} can't be opened ({scrubbed(' '.join(str(error).split()), url)}); "
                "name a folder, or install fsspec's file system for its protocol"
            ) from None
        self._is_local = "file" in _protocols(self._files)

    def write(self, profiles: WindowProfiles) -> None:
        """Keep a window; it replaces the one that ends at the same time.

        Raises:
            HistoryError: it can't be written.
        """
        buffer = io.BytesIO()
        pq.write_table(_to_table(profiles), buffer, compression="zstd", write_page_checksum=True)
        self._put(self._path(profiles.log, profiles.window, profiles.end), buffer.getvalue())

    def read(self, log_name: str, window: str, start: datetime, end: datetime) -> Iterator[WindowProfiles]:
        """The windows that end after `start` and not after `end`, oldest first; each is read when it is asked for.

        A file that can't be read is logged and left out.
        """
        found = (self._read(log_name, window, at) for at in self.ends(log_name, window, start, end))
        return (profiles for profiles in found if profiles is not None)

    def ends(
        self, log_name: str, window: str, start: datetime | None = None, end: datetime | None = None
    ) -> list[datetime]:
        """The ends of the windows there are, oldest first; only those after `start` and not after `end`, if given."""
        folder = f"{self._root}/{_safe(log_name)}/{window}"
        first, last = (f"{moment:%Y-%m}" if moment else None for moment in (start, end))
        months = (name for name in self._names(folder) if (not first or first <= name) and (not last or name <= last))
        found = (_end_of(name) for month in months for name in self._names(f"{folder}/{month}"))
        return sorted(at for at in found if at and (not start or start < at) and (not end or at <= end))

    def clear_leftovers(self) -> None:
        """Remove the temporary files of writers that were killed."""
        if self._is_local:
            for file in Path(self._root).glob("**/*.tmp"):
                found = _TEMPORARY.fullmatch(file.name)
                if found and not _is_running(int(found[1])):
                    with suppress(OSError):
                        file.unlink()

    def _names(self, folder: str) -> list[str]:
        try:
            return [path.rstrip("/").rpartition("/")[2] for path in self._files.ls(folder, detail=False, refresh=True)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise HistoryError(f"{folder} can't be listed ({error.strerror or error}); see to its place") from None

    def remove(self, log_name: str, window: str, end: datetime) -> None:
        """Forget a window, if there."""
        path = self._path(log_name, window, end)
        if self._files.exists(path):
            self._files.rm_file(path)

    def prune(self, log_name: str, window: str) -> None:
        """Forget the oldest windows beyond the number that is kept."""
        for end in self.ends(log_name, window)[: -RETAINED[window]]:
            self.remove(log_name, window, end)

    def kinds(self, log_name: str) -> dict[tuple[str, str], Kind]:
        """The kinds of features that were found in a log, by predictor and feature.

        Raises:
            HistoryError: there are some, and they can't be got at: to find them anew might change them.
        """
        path = f"{self._root}/{_safe(log_name)}/kinds.json"
        try:
            content = json.loads(self._files.cat_file(path))
            return {
                (predictor, feature): Kind(kind)
                for predictor, features in content.items()
                for feature, kind in features.items()
            }
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise HistoryError(f"{path} can't be read ({error.strerror or error}); see to its place") from None
        except (ValueError, AttributeError, RecursionError) as error:
            logger.warning("%s can't be read (%s); the kinds of features are found anew", path, error)
            return {}

    def write_kinds(self, log_name: str, kinds: Mapping[tuple[str, str], Kind]) -> None:
        """Keep the kinds of features, all that are known."""
        content: dict[str, dict[str, str]] = {}
        for (predictor, feature), kind in sorted(kinds.items()):
            content.setdefault(predictor, {})[feature] = str(kind)
        text = json.dumps(content, indent=1, ensure_ascii=False)
        self._put(f"{self._root}/{_safe(log_name)}/kinds.json", text.encode())

    def _read(self, log_name: str, window: str, end: datetime) -> WindowProfiles | None:
        path = self._path(log_name, window, end)
        try:
            content = io.BytesIO(self._files.cat_file(path))
            profiles = _from_table(pq.read_table(content, page_checksum_verification=True))
            return _of(profiles, log_name, window, end)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, RecursionError, pa.ArrowException) as error:
            logger.warning("%s can't be read (%s); its window counts as missing", path, error)
            return None

    def _path(self, log_name: str, window: str, end: datetime) -> str:
        return f"{self._root}/{_safe(log_name)}/{window}/{end:%Y-%m}/{end.strftime(_END)}{_SUFFIX}"

    def _put(self, path: str, content: bytes) -> None:
        """Write whole or not at all: a bucket does so by itself, on a disk by a temporary file and a rename."""
        try:
            if self._is_local:
                _replace_local(Path(path), content)
            else:
                self._files.pipe_file(path, content)
        except OSError as error:
            raise HistoryError(f"{path} can't be written ({error.strerror or error}); see to its place") from None


def _replace_local(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _is_running(pid: int) -> bool:
    """Whether another process has the id; where it does by chance, its namesake's file stays until the next time."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return pid != os.getpid()


def _protocols(files: Any) -> tuple[str, ...]:
    return (files.protocol,) if isinstance(files.protocol, str) else tuple(files.protocol)


def _safe(name: str) -> str:
    return quote(name, safe="") if name.strip(".") else quote(name, safe="").replace(".", "%2E")


@functools.lru_cache(maxsize=20_000)  # more than are kept of a log; each listing asks for all of them
def _end_of(name: str) -> datetime | None:
    if not name.endswith(_SUFFIX):
        return None
    try:
        return datetime.strptime(name.removesuffix(_SUFFIX), _END).replace(tzinfo=UTC)
    except ValueError:
        return None


def _to_table(window: WindowProfiles) -> pa.Table:
    meta = {
        "schema_version": SCHEMA_VERSION,
        "log": window.log,
        "window": window.window,
        "start": window.start.isoformat(),
        "end": window.end.isoformat(),
        "rows": window.rows,
        "duplicates": window.duplicates,
    }
    rows = [_to_row(profile) for profile in window.profiles]
    return pa.Table.from_pylist(rows, schema=_SCHEMA.with_metadata({_META: json.dumps(meta).encode()}))


def _to_row(profile: Profile) -> dict[str, Any]:
    shape, categories = profile.distribution, profile.categories
    return {
        "predictor": profile.series.predictor,
        "model_id": profile.series.model_id,
        "feature": profile.series.feature,
        "rows": profile.rows,
        "values": profile.values,
        "nulls": profile.nulls,
        "infinities": profile.infinities,
        "defaults": profile.defaults,
        "unparsable": profile.unparsable,
        "mean": shape and shape.mean,
        "squared_deviations": shape and shape.squared_deviations,
        "minimum": shape and shape.minimum,
        "maximum": shape and shape.maximum,
        "grid": shape and shape.grid,
        "categories": categories and [name for name, _ in categories.top],
        "counts": categories and [count for _, count in categories.top],
        "other": categories and categories.other,
        "distinct": categories and categories.distinct,
    }


def _from_table(table: pa.Table) -> WindowProfiles:
    meta = json.loads((table.schema.metadata or {})[_META])
    if meta["schema_version"] > SCHEMA_VERSION:
        raise ValueError(f"written by a newer driftgauge, schema version {meta['schema_version']}")
    if not table.schema.equals(_SCHEMA):
        raise ValueError("its columns are not those of a window")
    if not set(pc.list_value_length(table["grid"]).unique().to_pylist()) <= {None, len(GRID)}:
        raise ValueError(f"not all of its grids have {len(GRID)} points")
    return WindowProfiles(
        log=meta["log"],
        window=meta["window"],
        start=datetime.fromisoformat(meta["start"]),
        end=datetime.fromisoformat(meta["end"]),
        rows=meta["rows"],
        duplicates=meta["duplicates"],
        profiles=tuple(_from_row(row) for row in table.to_pylist()),
    )


def _of(profiles: WindowProfiles, log_name: str, window: str, end: datetime) -> WindowProfiles:
    """The window itself; a ValueError if it is not the one that its place says."""
    if (profiles.log, profiles.window, profiles.end) != (log_name, window, end):
        raise ValueError(f"holds the window {profiles.window} of {profiles.log} until {profiles.end.isoformat()}")
    return profiles


def _from_row(row: dict[str, Any]) -> Profile:
    shape = categories = None
    if row["grid"] is not None:
        shape = Distribution(row["mean"], row["squared_deviations"], row["minimum"], row["maximum"], tuple(row["grid"]))
    if row["categories"] is not None:
        top = tuple(zip(row["categories"], row["counts"], strict=True))
        categories = Categories(top, row["other"], row["distinct"])
    return Profile(
        series=Series(row["predictor"], row["model_id"], row["feature"]),
        rows=row["rows"],
        values=row["values"],
        nulls=row["nulls"],
        infinities=row["infinities"],
        defaults=row["defaults"],
        unparsable=row["unparsable"],
        distribution=shape,
        categories=categories,
    )
