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
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, TypeVar
from urllib.parse import quote, unquote

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from metrics_exporter.definitions import Kind
from metrics_exporter.errors import UserError
from metrics_exporter.profiles.codec import WindowFile, encode
from metrics_exporter.profiles.merge import merge
from metrics_exporter.profiles.table import Profiles, WindowProfiles, concatenated
from metrics_exporter.urls import scrubbed, shown
from metrics_exporter.windows import Window

_BATCH_ROWS = 150_000  # so many profiles of all windows together are merged at once

_END = "%Y%m%dT%H%MZ"
_SUFFIX = ".parquet"
_DAMAGED = (OSError, ValueError, LookupError, TypeError, RecursionError, pa.ArrowException)
_TEMPORARY = re.compile(r".+\.(\d+)\.tmp")

_Read = TypeVar("_Read")

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
        except Exception as error:  # whatever the protocol's own library raises
            raise HistoryError(
                f"the history {shown(url)} can't be opened ({scrubbed(' '.join(str(error).split()), url)}); "
                "name a folder, or install fsspec's file system for its protocol, as pip install 'driftgauge[s3]' does"
            ) from None
        self._url = url
        self._is_local = "file" in _protocols(self._files)

    def write(self, profiles: WindowProfiles) -> None:
        """Keep a window; it replaces the one that ends at the same time.

        Raises:
            HistoryError: it can't be written.
        """
        self._put(self._path(profiles.log, profiles.window, profiles.end), encode(profiles))

    def read(self, log_name: str, window: Window, start: datetime, end: datetime) -> Iterator[WindowProfiles]:
        """The windows that end after `start` and not after `end`, oldest first; each is read when it is asked for.

        A file that can't be read is logged and left out.
        """
        return self._readable(log_name, window, start, end, WindowFile.read)

    def read_counts(self, log_name: str, window: Window, start: datetime, end: datetime) -> Iterator[WindowProfiles]:
        """Like `read`, without distributions, atoms and categories: in a fraction of the time."""
        return self._readable(log_name, window, start, end, WindowFile.read_counts)

    def read_drift(self, log_name: str, window: Window, start: datetime, end: datetime) -> Iterator[WindowProfiles]:
        """Like `read`, with the drift of the series alone."""
        return self._readable(log_name, window, start, end, WindowFile.read_drift)

    def read_spread(self, log_name: str, window: Window, start: datetime, end: datetime) -> Iterator[WindowProfiles]:
        """Like `read`, with what the variance of the series comes from alone."""
        return self._readable(log_name, window, start, end, WindowFile.read_spread)

    def merged(
        self, log_name: str, window: Window, ends: Collection[datetime], into: Window, end: datetime
    ) -> tuple[WindowProfiles | None, set[datetime]]:
        """One window from the shorter ones that lie in it, some predictors at a time, so that memory is bounded.

        Returns:
            The window, and the ends of those that can't be read; None in place of the window if there are any.
        """
        with ExitStack() as open_files:
            files, damaged = self._open_all(log_name, window, sorted(ends), open_files)
            if damaged or not files:
                return None, damaged
            tables = []
            for names in _batches(files):
                parts = []
                for at, file in files.items():
                    try:
                        parts.append(file.profiles(names))
                    except _DAMAGED as error:
                        self._tell_damaged(self._path(log_name, window, at), error)
                        return None, {at}
                tables.append(merge(parts))
            return _window(list(files.values()), into, end, concatenated(tables)), set()

    def _open_all(
        self, log_name: str, window: Window, ends: Iterable[datetime], open_files: ExitStack
    ) -> tuple[dict[datetime, WindowFile], set[datetime]]:
        files, damaged = {}, set()
        for at in ends:
            file = self._open(log_name, window, at, open_files)
            if file is None:
                damaged.add(at)
            else:
                files[at] = file
        return files, damaged

    def _readable(
        self,
        log_name: str,
        window: Window,
        start: datetime,
        end: datetime,
        read: Callable[[WindowFile], WindowProfiles],
    ) -> Iterator[WindowProfiles]:
        for at in self.ends(log_name, window, start, end):
            found = self._read_at(log_name, window, at, read)
            if found is not None:
                yield found

    def _read_at(
        self, log_name: str, window: Window, end: datetime, read: Callable[[WindowFile], WindowProfiles]
    ) -> WindowProfiles | None:
        with ExitStack() as open_files:
            file = self._open(log_name, window, end, open_files)
            try:
                return None if file is None else read(file)
            except _DAMAGED as error:
                self._tell_damaged(self._path(log_name, window, end), error)
                return None

    def ends(
        self, log_name: str, window: Window, start: datetime | None = None, end: datetime | None = None
    ) -> list[datetime]:
        """The ends of the windows there are, oldest first; only those after `start` and not after `end`, if given."""
        folder = f"{self._root}/{_safe(log_name)}/{window}"
        first, last = (f"{moment:%Y-%m}" if moment else None for moment in (start, end))
        months = (name for name in self._names(folder) if (not first or first <= name) and (not last or name <= last))
        found = (_end_of(name, month) for month in months for name in self._names(f"{folder}/{month}"))
        return sorted(at for at in found if at and (not start or start < at) and (not end or at <= end))

    def is_there(self) -> bool:
        """Whether there is such a folder, or anything below such a bucket's prefix."""
        with self._reached(self._root, "looked at"):
            return bool(self._files.isdir(self._root))

    def logs(self) -> list[str]:
        """The logs that there are windows of."""
        return sorted(name for name in map(unquote, self._names(self._root)) if self.lengths(name))

    def lengths(self, log_name: str) -> list[Window]:
        """The lengths of a log's windows, the shortest first."""
        return sorted(window for name in self._names(f"{self._root}/{_safe(log_name)}") if (window := _length_of(name)))

    def sizes(self, log_name: str, window: Window) -> dict[datetime, int]:
        """By the end of each window there is, oldest first, its file's size in bytes."""
        folder = f"{self._root}/{_safe(log_name)}/{window}"
        found = {
            end: int(entry["size"])
            for month in self._names(folder)
            for entry in self._entries(f"{folder}/{month}", detail=True)
            if (end := _end_of(_name(entry["name"]), month))
        }
        return dict(sorted(found.items()))

    def load(self, log_name: str, window: Window, end: datetime, read: Callable[[WindowFile], _Read]) -> _Read:
        """What one window's file has.

        Raises:
            HistoryError: it is not there or can't be read; the message names the file.
        """
        path = self._path(log_name, window, end)
        try:
            with self._opened(path) as opened:
                return read(_of_window(opened, log_name, window, end))
        except FileNotFoundError:
            raise HistoryError(f"{self._shown(path)} is not there") from None
        except _DAMAGED as error:
            raise HistoryError(
                f"{self._shown(path)} can't be read ({error}); remove it, and the exporter computes it again while "
                "lookback_days reaches back to it"
            ) from None

    def clear_leftovers(self) -> None:
        """Remove the temporary files of writers that were killed."""
        if self._is_local:
            for file in Path(self._root).glob("**/*.tmp"):
                found = _TEMPORARY.fullmatch(file.name)
                if found and not _is_running(int(found[1])):
                    with suppress(OSError):
                        file.unlink()

    def _names(self, folder: str) -> list[str]:
        return [_name(path) for path in self._entries(folder, detail=False)]

    def _entries(self, folder: str, *, detail: bool) -> list[Any]:
        try:
            with self._reached(folder, "listed"):
                entries: list[Any] = self._files.ls(folder, detail=detail, refresh=True)
                return entries
        except FileNotFoundError:
            return []

    def remove(self, log_name: str, window: Window, end: datetime) -> None:
        """Forget a window, if there.

        Raises:
            HistoryError: it can't be removed.
        """
        path = self._path(log_name, window, end)
        with suppress(FileNotFoundError), self._reached(path, "removed"):
            self._files.rm_file(path)

    def read_some(
        self, log_name: str, window: Window, end: datetime, predictors: frozenset[str] | None
    ) -> WindowProfiles | None:
        """The window that ends then with the profiles of some predictors, or of all for None.

        None: it is not there, or can't be read.
        """
        return self._read_at(log_name, window, end, lambda file: file.read(predictors))

    def vocabulary(self, log_name: str, schema: pa.Schema) -> pa.Table | None:
        """The categories that were seen in a log, as they were kept; None: there are none, or they are damaged.

        Raises:
            HistoryError: there are some, and they can't be got at: to learn them anew would forget weeks.
        """
        path = f"{self._root}/{_safe(log_name)}/vocabulary.parquet"
        try:
            with self._reached(path, "read"):
                content = self._files.cat_file(path)
            table = pq.read_table(io.BytesIO(content), page_checksum_verification=True)
            return table.select(schema.names).cast(schema)
        except FileNotFoundError:
            return None
        except _DAMAGED as error:
            logger.warning("%s can't be read (%s); the categories are learnt anew", path, error)
            return None

    def write_vocabulary(self, log_name: str, table: pa.Table) -> None:
        """Keep the categories that were seen."""
        buffer = io.BytesIO()
        pq.write_table(table, buffer, compression="zstd", write_page_checksum=True)
        self._put(f"{self._root}/{_safe(log_name)}/vocabulary.parquet", buffer.getvalue())

    def missed(self, log_name: str) -> int:
        """How many windows of a log were missed before this exporter started.

        Raises:
            HistoryError: the count can't be got at.
        """
        path = f"{self._root}/{_safe(log_name)}/missed.json"
        try:
            with self._reached(path, "read"):
                content = self._files.cat_file(path)
            return max(int(json.loads(content)), 0)
        except (*_DAMAGED, OverflowError):
            return 0  # a count that is lost begins anew, as counters do

    def write_missed(self, log_name: str, count: int) -> None:
        """Keep how many windows of a log were missed, so that a restart does not reset the count."""
        self._put(f"{self._root}/{_safe(log_name)}/missed.json", json.dumps(count).encode())

    def kinds(self, log_name: str) -> dict[tuple[str, str], Kind]:
        """The kinds of features that were found in a log, by predictor and feature.

        Raises:
            HistoryError: there are some, and they can't be got at: to find them anew might change them.
        """
        path = f"{self._root}/{_safe(log_name)}/kinds.json"
        try:
            with self._reached(path, "read"):
                content = self._files.cat_file(path)
            return {
                (predictor, feature): Kind(kind)
                for predictor, features in json.loads(content).items()
                for feature, kind in features.items()
            }
        except FileNotFoundError:
            return {}
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

    def _open(self, log_name: str, window: Window, end: datetime, open_files: ExitStack) -> WindowFile | None:
        path = self._path(log_name, window, end)
        try:
            return _of_window(open_files.enter_context(self._opened(path)), log_name, window, end)
        except FileNotFoundError:
            return None
        except _DAMAGED as error:
            self._tell_damaged(path, error)
            return None

    def _tell_damaged(self, path: str, error: Exception) -> None:
        logger.warning("%s can't be read (%s); its window counts as missing", self._shown(path), error)

    @contextmanager
    def _opened(self, path: str) -> Iterator[BinaryIO]:
        """A file to read. One of a bucket is fetched in one request; what fails there says nothing of the file."""
        if self._is_local:
            with self._files.open(path, "rb") as file:
                yield file
        else:
            with self._reached(path, "read"):
                content = self._files.cat_file(path)
            yield io.BytesIO(content)

    @contextmanager
    def _reached(self, path: str, done: str) -> Iterator[None]:
        """What the place refuses, in the words of one message; that there is no such file is for the caller."""
        try:
            yield
        except FileNotFoundError:
            raise
        except Exception as error:  # a bucket's client has errors of its own kinds
            raise self._refused(path, done, error) from None

    def _refused(self, path: str, done: str, error: Exception) -> HistoryError:
        why = " ".join(str(getattr(error, "strerror", None) or error or type(error).__name__).split())
        return HistoryError(f"{self._shown(path)} can't be {done} ({self._shown(why)}); see to its place")

    def _shown(self, text: str) -> str:
        return scrubbed(text, self._url)

    def _path(self, log_name: str, window: Window, end: datetime) -> str:
        return f"{self._root}/{_safe(log_name)}/{window}/{end:%Y-%m}/{end.strftime(_END)}{_SUFFIX}"

    def _put(self, path: str, content: bytes) -> None:
        """Write whole or not at all: a bucket does so by itself, on a disk by a temporary file and a rename."""
        try:
            with self._reached(path, "written"):
                if self._is_local:
                    _replace_local(Path(path), content)
                else:
                    self._files.pipe_file(path, content)
        except FileNotFoundError as error:  # such as a bucket that is gone
            raise self._refused(path, "written", error) from None


def _of_window(opened: BinaryIO, log_name: str, window: Window, end: datetime) -> WindowFile:
    file = WindowFile(opened)
    if (file.log, file.window, file.end) != (log_name, window, end):
        raise ValueError(f"holds the window {file.window} of {file.log} until {file.end.isoformat()}")
    return file


def _batches(files: Mapping[datetime, WindowFile]) -> Iterator[frozenset[str] | None]:
    """Predictors that are merged together, in order; None is all of them, where a file can't tell which it has.

    They end where a row group of the largest file does: where all have the same predictors, none is read twice.
    """
    rows: Counter[str] = Counter()
    for file in files.values():
        if file.predictors is None:
            yield None
            return
        for name, count in file.predictors:
            rows[name] += count
    ends = max(files.values(), key=lambda file: sum(size for _, size in file.predictors or ())).last_predictors()
    batch: list[str] = []
    size = 0
    for name in sorted(rows):
        batch.append(name)
        size += rows[name]
        if size >= _BATCH_ROWS and name in ends:
            yield frozenset(batch)
            batch, size = [], 0
    if batch or not rows:
        yield frozenset(batch)


def _window(files: Sequence[WindowFile], into: Window, end: datetime, profiles: Profiles) -> WindowProfiles:
    unreadable: Counter[str] = Counter()
    for file in files:
        unreadable.update(dict(file.unreadable))
    return WindowProfiles(
        log=files[0].log,
        window=into,
        end=end,
        rows=sum(file.rows for file in files),
        duplicates=sum(file.duplicates for file in files),
        profiles=profiles,
        unreadable=tuple(sorted(unreadable.items())),
    )


def _replace_local(path: Path, content: bytes) -> None:
    holders = [path.parent, *(folder.parent for folder in path.parents if not folder.exists())]  # of new names
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # before the rename, lest a loss of power leaves the name of an empty file
        temporary.replace(path)
        for folder in holders:
            _sync_folder(folder)
    finally:
        temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Have the disk keep a folder's names, too: a rename lasts from then on."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


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


def _name(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def _length_of(name: str) -> Window | None:
    try:
        window = Window.parse(name)
    except ValueError:
        return None
    return window if str(window) == name else None


@functools.lru_cache(maxsize=20_000)  # more than are kept of a log; each listing asks for all of them
def _end_of(name: str, month: str) -> datetime | None:
    """The end of a window whose file has this name in this month's folder; None: it is no file of ours."""
    try:
        end = datetime.strptime(name, f"{_END}{_SUFFIX}").replace(tzinfo=UTC)
    except ValueError:
        return None
    return end if f"{end:%Y-%m}/{end.strftime(_END)}{_SUFFIX}" == f"{month}/{name}" else None
