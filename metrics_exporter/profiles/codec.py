"""Tables of profiles ↔ Parquet: the bytes that the history keeps.

A row group holds whole predictors, so that any of them can be read without the others. Versions 1, which had neither
atoms nor the number of rows behind a grid, and 2, which had no drift, are read, too.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from metrics_exporter.profiles.table import (
    COUNTS,
    GRID,
    MOMENTS,
    Drift,
    Floats,
    NameLists,
    NumberLists,
    Profiles,
    WindowProfiles,
    offsets_of,
)
from metrics_exporter.profiles.text import Ints, Text
from metrics_exporter.windows import Window

SCHEMA_VERSION = 3

_META = b"driftgauge"
_NAMES = ("predictor", "model_id", "feature")
_DRIFT = ("psi", "psi_bound", "psi_dispersion", "intraclass_correlation")
_REFERENCE = "reference"
_NEW = {2: ("grid_rows", "unseen", "atoms", "atom_counts"), 3: (*_DRIFT, _REFERENCE)}  # by version
_GROUP_ROWS = 5_000
_TEXT = pa.dictionary(pa.int32(), pa.string())
_SCHEMA = pa.schema(
    [
        *[(name, _TEXT) for name in _NAMES],
        *[(name, pa.int64()) for name in COUNTS],
        *[(name, pa.float64()) for name in MOMENTS],
        ("grid", pa.list_(pa.field("element", pa.float64(), nullable=False))),
        ("atoms", pa.list_(pa.float64())),
        ("atom_counts", pa.list_(pa.int64())),
        ("categories", pa.list_(pa.string())),
        ("counts", pa.list_(pa.int64())),
        *[(name, pa.float64()) for name in _DRIFT],
        (_REFERENCE, _TEXT),
    ]
)
_CODED = [*_NAMES, "categories.list.element", _REFERENCE]


def encode(window: WindowProfiles) -> bytes:
    """A window as a Parquet file."""
    profiles = window.profiles
    firsts = np.flatnonzero(np.diff(profiles.predictor.codes, prepend=-1))
    sizes = np.diff(firsts, append=len(profiles)).tolist()
    meta = {
        "schema_version": SCHEMA_VERSION,
        "log": window.log,
        "window": str(window.window),
        "end": window.end.isoformat(),
        "rows": window.rows,
        "duplicates": window.duplicates,
        "unreadable": dict(window.unreadable),
        "predictors": [[profiles.predictor[int(first)], size] for first, size in zip(firsts, sizes, strict=True)],
    }
    schema = _SCHEMA.with_metadata({_META: json.dumps(meta).encode()})
    table = _to_arrow(profiles, schema)
    buffer = io.BytesIO()
    with pq.ParquetWriter(
        buffer,
        schema,
        compression="zstd",
        use_dictionary=_CODED,
        column_encoding={"grid.list.element": "BYTE_STREAM_SPLIT"},  # smaller, and read in two thirds of the time
        write_page_checksum=True,
    ) as writer:
        for first, last in _groups(sizes):
            writer.write_table(table.slice(first, last - first), row_group_size=last - first)
    return buffer.getvalue()


def _groups(sizes: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The rows of each row group: of so many predictors as fill it."""
    first = last = 0
    for size in sizes:
        last += size
        if last - first >= _GROUP_ROWS:
            yield first, last
            first = last
    if last > first:
        yield first, last


class WindowFile:
    """A window's file, open: what it is, and its profiles as far as they are asked for.

    Reading raises ValueError, LookupError, OSError or pa.ArrowException for what is damaged or none of ours.
    """

    def __init__(self, file: BinaryIO):
        self._file = pq.ParquetFile(file, page_checksum_verification=True)
        meta = json.loads((self._file.schema_arrow.metadata or {})[_META])
        if meta["schema_version"] > SCHEMA_VERSION:
            raise ValueError(f"written by a newer driftgauge, schema version {meta['schema_version']}")
        later = {name for version, names in _NEW.items() if version > meta["schema_version"] for name in names}
        expected = {(field.name, _plain(field.type)) for field in _SCHEMA if field.name not in later}
        if {(field.name, _plain(field.type)) for field in self._file.schema_arrow} != expected:
            raise ValueError("its columns are not those of a window")
        self.log: str = meta["log"]
        self.window = Window.parse(meta["window"])
        self.end = datetime.fromisoformat(meta["end"])
        self.rows: int = meta["rows"]
        self.duplicates: int = meta["duplicates"]
        self.unreadable = tuple(sorted(meta.get("unreadable", {}).items()))
        # Predictors and how many rows each has, in their order; of version 1, which has one row group, nobody knows.
        self.predictors: list[list[Any]] | None = meta.get("predictors")
        if self.end.utcoffset() != timedelta():
            raise ValueError("its end is not in UTC")

    @property
    def series(self) -> int:
        """How many series it has."""
        rows: int = self._file.metadata.num_rows
        return rows

    def read(self, names: frozenset[str] | None = None) -> WindowProfiles:
        """The window with all profiles, or those of some predictors."""
        return self._window(self.profiles(names))

    def read_counts(self) -> WindowProfiles:
        """The window with the counts of its series alone: no distributions, atoms or categories."""
        return self._some(*COUNTS)

    def read_drift(self) -> WindowProfiles:
        """The window with the drift of its series alone."""
        return self._some(*_DRIFT, _REFERENCE)

    def read_spread(self) -> WindowProfiles:
        """The window with what the variance of its series comes from alone."""
        return self._some("values", "squared_deviations", "categories", "counts")

    def _some(self, *columns: str) -> WindowProfiles:
        names = [name for name in (*_NAMES, *columns) if name in self._file.schema_arrow.names]
        return self._window(_from_arrow(self._file.read(columns=names)))

    def profiles(self, names: frozenset[str] | None = None) -> Profiles:
        """All profiles, or those of some predictors."""
        if names is None or self.predictors is None:
            profiles = _from_arrow(self._file.read())
        else:
            profiles = _from_arrow(self._file.read_row_groups(self._groups_of(names)))
        if names is None:
            return profiles
        chosen = np.array([word in names for word in profiles.predictor.words], bool)
        return profiles if chosen.all() else profiles.take(chosen[profiles.predictor.codes])

    def last_predictors(self) -> frozenset[str]:
        """The last predictor of each row group: whoever reads up to it reads no row group twice."""
        ends = np.cumsum([size for _, size in self.predictors or ()])
        metadata = self._file.metadata
        group_ends = np.cumsum([metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)])
        is_last = np.isin(ends, group_ends)
        return frozenset(name for (name, _), last in zip(self.predictors or (), is_last, strict=True) if last)

    def _groups_of(self, names: frozenset[str]) -> list[int]:
        """The row groups that hold these predictors; a row group holds whole ones."""
        metadata = self._file.metadata
        ends = np.cumsum([metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)])
        sizes = np.array([size for _, size in self.predictors or ()], np.int64)
        wanted = np.array([name in names for name, _ in self.predictors or ()], bool)
        firsts = np.cumsum(sizes) - sizes
        groups: list[int] = np.unique(np.searchsorted(ends, firsts[wanted], side="right")).tolist()
        return groups

    def _window(self, profiles: Profiles) -> WindowProfiles:
        return WindowProfiles(self.log, self.window, self.end, self.rows, self.duplicates, profiles, self.unreadable)


def _plain(kind: pa.DataType) -> str:
    text = str(kind.value_type if pa.types.is_dictionary(kind) else kind)
    return text.replace("item:", "element:").replace(" not null", "")


def _to_arrow(profiles: Profiles, schema: pa.Schema) -> pa.Table:
    numeric = profiles.is_numeric
    columns: dict[str, Any] = {name: getattr(profiles, name).to_arrow() for name in _NAMES}
    columns |= {name: getattr(profiles, name) for name in COUNTS}
    columns |= {name: pa.array(getattr(profiles, name), mask=~numeric) for name in MOMENTS}
    columns["grid"] = _lists(np.where(numeric, len(GRID), 0), pa.array(profiles.grid[numeric].ravel()), ~numeric)
    columns["atoms"] = _lists(profiles.atoms.lengths, pa.array(profiles.atoms.values))
    columns["atom_counts"] = _lists(profiles.atoms.lengths, pa.array(profiles.atoms.counts))
    columns["categories"] = _lists(
        profiles.categories.lengths, profiles.categories.names.to_arrow().dictionary_decode()
    )
    columns["counts"] = _lists(profiles.categories.lengths, pa.array(profiles.categories.counts))
    drift = profiles.known_drift
    floats = (drift.psi, drift.bound, drift.dispersion, drift.shared)
    columns |= {name: pa.array(column, mask=np.isnan(column)) for name, column in zip(_DRIFT, floats, strict=True)}
    columns[_REFERENCE] = drift.reference.to_arrow()
    return pa.table([columns[name] for name in schema.names], schema=schema)


def _lists(lengths: Ints, items: pa.Array, is_null: NDArray[np.bool_] | None = None) -> pa.ListArray:
    offsets = pa.array(offsets_of(lengths), pa.int32())
    return pa.ListArray.from_arrays(offsets, items, mask=None if is_null is None else pa.array(is_null))


def _from_arrow(table: pa.Table) -> Profiles:
    """Of version 1, a grid's rows are taken for all of the values, and nothing is known of atoms."""
    table = table.combine_chunks()
    rows = len(table)
    counts: dict[str, Any] = {name: _ints(table, name) for name in COUNTS}
    if "grid_rows" not in table.schema.names:
        counts |= {"grid_rows": counts["values"], "unseen": np.full(rows, -1)}
    names: dict[str, Any] = {name: Text.from_arrow(table[name]) for name in _NAMES}
    moments: dict[str, Any] = {name: _floats(table, name) for name in MOMENTS}
    return Profiles(
        **names,
        **counts,
        **moments,
        grid=_grid(table),
        atoms=NumberLists(*_number_lists(table, "atoms", "atom_counts", rows)),
        categories=_name_lists(table, rows),
        drift=_drift(table),
    )


def _drift(table: pa.Table) -> Drift | None:
    if _REFERENCE not in table.schema.names or table[_REFERENCE].null_count == len(table):
        return None
    psi, bound, dispersion, shared = (_floats(table, name) for name in _DRIFT)
    return Drift(psi, bound, dispersion, shared, Text.from_arrow(table[_REFERENCE]))


def _ints(table: pa.Table, name: str) -> Ints:
    if name not in table.schema.names:
        return np.zeros(len(table), np.int64)
    column: Ints = table[name].fill_null(0).to_numpy().astype(np.int64)
    return column


def _floats(table: pa.Table, name: str) -> Floats:
    if name not in table.schema.names:
        return np.full(len(table), np.nan)
    column: Floats = table[name].fill_null(np.nan).to_numpy().astype(np.float64)
    return column


def _grid(table: pa.Table) -> Floats:
    if "grid" not in table.schema.names or not len(table):
        return np.full((len(table), len(GRID)), np.nan)
    lists = table["grid"].chunk(0)
    there = lists.is_valid().to_numpy(zero_copy_only=False)
    values = lists.flatten().to_numpy()
    if not set(pc.list_value_length(lists).unique().to_pylist()) <= {None, len(GRID)}:
        raise ValueError(f"not all of its grids have {len(GRID)} points")
    grid = np.full((len(table), len(GRID)), np.nan)
    grid[there] = values.reshape(-1, len(GRID))
    return grid


def _number_lists(table: pa.Table, name: str, counts: str, rows: int) -> tuple[Ints, Floats, Ints]:
    if name not in table.schema.names or not rows:
        return np.zeros(rows + 1, np.int64), np.empty(0), np.empty(0, np.int64)
    values, lists = table[name].chunk(0), table[counts].chunk(0)
    return _offsets(values), values.flatten().to_numpy(), lists.flatten().to_numpy()


def _name_lists(table: pa.Table, rows: int) -> NameLists:
    if "categories" not in table.schema.names or not rows:
        return NameLists(np.zeros(rows + 1, np.int64), Text((), np.empty(0, np.int32)), np.empty(0, np.int64))
    names, counts = table["categories"].chunk(0), table["counts"].chunk(0)
    return NameLists(_offsets(names), Text.from_arrow(names.flatten()), counts.flatten().to_numpy())


def _offsets(lists: pa.ListArray) -> Ints:
    return offsets_of(pc.list_value_length(lists).fill_null(0).to_numpy())
