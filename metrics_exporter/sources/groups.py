"""What a warehouse counts of a time range, value by value → the scan's result.

The statement groups values by what is to be counted on its own: a category, an atom, or all else. Here the groups of a
series are put together: counts are added, moments merged, and the grid of what is no atom is mixed with the atoms.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from metrics_exporter.profiles.merge import with_atoms
from metrics_exporter.profiles.table import GRID, MOMENTS, Floats, NumberLists, offsets_of
from metrics_exporter.profiles.text import Ints
from metrics_exporter.sources.sql import MOST_FEATURES

# A row is a group of values: of a model's feature (NULL: its results), the values of one category, those equal to one
# atom, or (both NULL) all others. With is_other, it is all categories beyond the top.
#
# entries: values, NULL and missing ones included; of results, the model's rows in the group.
# copies: rows that repeat another, which count nowhere else.
# present: values that are neither NULL nor NaN; usable: … and no defaults; numbers: … finite; infinities: … ±inf.
# With is_other, numbers is how many categories there are.
# defaults: rows with the feature's default.
# features_unreadable, defaults_unreadable: rows whose text is no map, no list.
# features: how many names the predictor has in the window; NULL without any.
# mean, squared_deviations, minimum, maximum, grid: of `numbers`.
# unseen: usable values in none of the request's names; names: some categories beyond the top.
GROUPS = pa.schema(
    [
        ("window_number", pa.int64()),
        *[(name, pa.string()) for name in ("predictor", "model_id", "feature", "category")],
        ("atom", pa.float64()),
        ("is_other", pa.bool_()),
        *[
            (name, pa.int64())
            for name in (
                *("entries", "copies", "present", "usable", "numbers", "infinities", "defaults"),
                *("features_unreadable", "defaults_unreadable", "features"),
            )
        ],
        *[(name, pa.float64()) for name in ("mean", "squared_deviations", "minimum", "maximum")],
        ("grid", pa.list_(pa.float64())),
        ("unseen", pa.int64()),
        ("names", pa.list_(pa.string())),
    ]
)
_KEYS = ("window_number", "predictor", "model_id", "feature", "category")


def parts(groups: pa.Table, result: pa.Schema) -> pa.Table:
    """The scan's result, from a table with the schema GROUPS; its parts in no order.

    Args:
        groups: what the warehouse answered.
        result: the schema of the result.
    """
    found = _Groups(groups.cast(GROUPS).combine_chunks())
    tables = [pa.table({"part": [name] * len(part), **part.columns}) for name, part in found.parts() if len(part)]
    aligned = [pa.table([_column(table, field) for field in result], schema=result) for table in tables]
    return pa.concat_tables(aligned) if aligned else result.empty_table()


def _column(table: pa.Table, field: pa.Field) -> pa.Array | pa.ChunkedArray:
    if field.name in table.column_names:
        return table[field.name].cast(field.type)
    if pa.types.is_int64(field.type):
        return pa.array(np.zeros(table.num_rows, np.int64))
    return pa.nulls(table.num_rows, field.type)


@dataclass(frozen=True)
class _Part:
    """Some columns of the result."""

    columns: Mapping[str, pa.Array | pa.ChunkedArray]

    def __len__(self) -> int:
        return len(self.columns["window_number"])


class _Groups:
    def __init__(self, groups: pa.Table) -> None:
        self._groups = groups
        self._is_result = _flags(groups["feature"].is_null())
        self._is_other = _flags(groups["is_other"].fill_null(False))
        self._is_named = _flags(groups["category"].is_valid())
        self._is_atom = _flags(groups["atom"].is_valid())
        self._is_numeric = ~self._is_named & ~self._is_other
        self._model = _codes(groups, _KEYS[:3])
        self._series = _codes(groups, _KEYS[:4])

    def parts(self) -> Iterator[tuple[str, _Part]]:
        """Each part of the result."""
        yield "model", self._models()
        yield "series", self._numbers()
        yield "series", self._some(self._is_named & (self._ints("present") > 0), _KEYS, ("present", "usable", "unseen"))
        yield "other", self._others()
        defaults = self._summed(self._series, ~self._is_result, {"present": "defaults"})
        yield "defaults", defaults
        for role, column in (("features", "features_unreadable"), ("default_values_used", "defaults_unreadable")):
            part = self._summed(self._model, self._is_result, {"present": column})
            yield "unreadable", _Part({**part.columns, "category": pa.array([role] * len(part), pa.string())})
        copies = self._summed(_codes(self._groups, _KEYS[:1]), self._is_result, {"present": "copies"})
        yield "duplicates", _Part({name: copies.columns[name] for name in ("window_number", "present")})
        yield "left_out", self._left_out()

    def _ints(self, name: str) -> Ints:
        return np.asarray(self._groups[name].fill_null(0).to_numpy(), np.int64)

    def _floats(self, name: str) -> Floats:
        return np.asarray(self._groups[name].fill_null(np.nan).to_numpy(), np.float64)

    def _taken(self, rows: Ints, names: tuple[str, ...]) -> dict[str, pa.ChunkedArray]:
        return {name: self._groups[name].take(pa.array(rows)) for name in names}

    def _some(self, mask: NDArray[np.bool_], keys: tuple[str, ...], names: tuple[str, ...]) -> _Part:
        return _Part(self._taken(np.flatnonzero(mask), (*keys, *names)))

    def _others(self) -> _Part:
        return self._some(self._is_other, _KEYS[:4], ("present", "usable", "numbers", "unseen", "names"))

    def _summed(self, codes: Ints, mask: NDArray[np.bool_], columns: Mapping[str, str]) -> _Part:
        """Sums by key, those above 0."""
        rows = np.flatnonzero(mask)
        keys, first, place = np.unique(codes[rows], return_index=True, return_inverse=True)
        sums = {name: _sum(place, self._ints(column)[rows], len(keys)) for name, column in columns.items()}
        some = np.logical_or.reduce([total > 0 for total in sums.values()])
        return _Part(
            {
                **self._taken(rows[first[some]], _KEYS[:4]),
                **{name: pa.array(total[some]) for name, total in sums.items()},
            }
        )

    def _models(self) -> _Part:
        """The results; a model all of whose rows are copies can't be: one of them counts."""
        rows = np.flatnonzero(self._is_result)
        shapes = self._shapes(self._is_result & self._is_numeric)
        keys, first, place = np.unique(self._series[rows], return_index=True, return_inverse=True)
        shape = shapes.of(keys)
        return _Part(
            {
                **self._taken(rows[first], _KEYS[:3]),
                "present": pa.array(_sum(place, self._ints("entries")[rows], len(keys))),
                "usable": pa.array(_sum(place, self._ints("present")[rows], len(keys))),
                **{name: column for name, column in shape.items() if name not in {"present", "usable"}},
            }
        )

    def _numbers(self) -> _Part:
        """What is read as a number, or as nothing."""
        mask = ~self._is_result & self._is_numeric
        shapes = self._shapes(mask)
        rows = np.flatnonzero(mask)
        keys, first = np.unique(self._series[rows], return_index=True)
        columns = {**self._taken(rows[first], _KEYS[:4]), **shapes.of(keys)}
        some = pa.array(np.asarray(columns["present"]) > 0)
        return _Part({name: column.filter(some) for name, column in columns.items()})

    def _left_out(self) -> _Part:
        rows = np.flatnonzero(self._is_result & (self._ints("features") > MOST_FEATURES))
        codes = _codes(self._groups, _KEYS[:2])[rows]
        keys, first, place = np.unique(codes, return_index=True, return_inverse=True)
        return _Part(
            {
                **self._taken(rows[first], _KEYS[:2]),
                "present": pa.array(_sum(place, self._ints("entries")[rows], len(keys))),
                "numbers": pa.array(self._ints("features")[rows[first]]),
            }
        )

    def _shapes(self, mask: NDArray[np.bool_]) -> _Shapes:
        rows = np.flatnonzero(mask)
        order = rows[np.lexsort((self._floats("atom")[rows], self._is_atom[rows], self._series[rows]))]
        return _Shapes(
            self._series[order],
            {name: self._ints(name)[order] for name in ("present", "usable", "numbers", "infinities")},
            {name: self._floats(name)[order] for name in (*MOMENTS, "atom")},
            self._is_atom[order],
            self._grids(order),
        )

    def _grids(self, rows: Ints) -> Floats:
        lists = self._groups["grid"].take(pa.array(rows)).combine_chunks()
        grids = np.full((len(rows), len(GRID)), np.nan)
        has = _flags(lists.is_valid()) & (np.asarray(lists.value_lengths().fill_null(0)) == len(GRID))
        grids[has] = np.asarray(lists.filter(pa.array(has)).flatten(), np.float64).reshape(-1, len(GRID))
        return grids


@dataclass(frozen=True)
class _Shapes:
    """The groups of numbers, sorted by series, each with what is no atom first.

    Attributes:
        series: the key of each group.
        counts, moments: its columns.
        is_atom: whether it is one value.
        grids: a row of 99 percentiles, NaN where there are none.
    """

    series: Ints
    counts: Mapping[str, Ints]
    moments: Mapping[str, Floats]
    is_atom: NDArray[np.bool_]
    grids: Floats

    def of(self, keys: Ints) -> dict[str, pa.Array]:
        """The columns of the result, for these series, ascending; one without a group of numbers has none."""
        place = np.searchsorted(keys, self.series)
        sums = {name: _sum(place, column, len(keys)) for name, column in self.counts.items()}
        numbers = sums["numbers"]
        is_empty = numbers == 0
        atoms = self._atoms(place, len(keys))
        columns = {**sums, "grid_rows": numbers}
        moments = {name: pa.array(column, mask=is_empty) for name, column in self._merged(place, numbers).items()}
        return {
            **{name: pa.array(column) for name, column in columns.items()},
            **moments,
            "grid": _fixed(self._grid(place, atoms, len(keys)), is_empty),
            "atoms": _lists(atoms.offsets, atoms.values, is_empty),
            "atom_counts": _lists(atoms.offsets, atoms.counts, is_empty),
        }

    def _merged(self, place: Ints, numbers: Ints) -> dict[str, Floats]:
        """Mean and squared deviations of all from those of the groups (Chan, Golub, LeVeque 1979), and the extremes."""
        has = self.counts["numbers"] > 0
        place, weights = place[has], self.counts["numbers"][has].astype(float)
        mean, squares, least, greatest = (self.moments[name][has] for name in MOMENTS)
        total = np.maximum(numbers, 1)
        with np.errstate(over="ignore", invalid="ignore"):
            merged = np.bincount(place, mean * (weights / total[place]), len(numbers))
            deviations = np.bincount(place, squares + weights * (mean - merged[place]) ** 2, len(numbers))
        minimum, maximum = np.full(len(numbers), np.inf), np.full(len(numbers), -np.inf)
        np.minimum.at(minimum, place, least)
        np.maximum.at(maximum, place, greatest)
        deviations = np.where(np.isfinite(deviations), deviations, np.nan)
        return dict(zip(MOMENTS, (merged, deviations, minimum, maximum), strict=True))

    def _atoms(self, place: Ints, size: int) -> NumberLists:
        rows = np.flatnonzero(self.is_atom & (self.counts["numbers"] > 0))
        lengths = np.bincount(place[rows], minlength=size)
        return NumberLists(offsets_of(lengths), self.moments["atom"][rows], self.counts["numbers"][rows])

    def _grid(self, place: Ints, atoms: NumberLists, size: int) -> Floats:
        grid = np.full((size, len(GRID)), np.nan)
        rest = np.flatnonzero(~self.is_atom)
        grid[place[rest]] = self.grids[rest]
        mixed = np.flatnonzero(atoms.lengths)
        counts, minimum, maximum = np.zeros(size, np.int64), np.full(size, np.nan), np.full(size, np.nan)
        counts[place[rest]] = self.counts["numbers"][rest]
        minimum[place[rest]], maximum[place[rest]] = self.moments["minimum"][rest], self.moments["maximum"][rest]
        grid[mixed] = with_atoms(grid[mixed], minimum[mixed], maximum[mixed], counts[mixed], atoms.take(mixed))
        return grid


def _codes(groups: pa.Table, names: tuple[str, ...]) -> Ints:
    """A number for each combination of some columns."""
    codes = np.zeros(groups.num_rows, np.int64)
    for name in names:
        column = groups[name].combine_chunks().dictionary_encode(null_encoding="encode")
        column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        own = np.asarray(column.indices.to_numpy(zero_copy_only=False), np.int64)
        _, codes = np.unique(codes * (len(column.dictionary) + 1) + own, return_inverse=True)
    return codes.astype(np.int64)


def _flags(column: pa.Array | pa.ChunkedArray) -> NDArray[np.bool_]:
    return np.asarray(
        column.to_numpy(zero_copy_only=False) if isinstance(column, pa.Array) else column.to_numpy(), bool
    )


def _sum(place: Ints, column: Ints, size: int) -> Ints:
    total = np.zeros(size, np.int64)
    np.add.at(total, place, column)
    return total


def _fixed(grids: Floats, is_empty: NDArray[np.bool_]) -> pa.Array:
    """Lists of 99, NULL where there is none."""
    has = ~is_empty & ~np.isnan(grids[:, 0])
    offsets = offsets_of(np.where(has, len(GRID), 0))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(grids[has].ravel()), mask=pa.array(~has))


def _lists(offsets: Ints, items: Floats | Ints, is_empty: NDArray[np.bool_]) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(items), mask=pa.array(is_empty))
