"""The profiles of a window as a table: what everything downstream of the scan reads.

A row is a series: a feature of a model, or the model's predictions (feature NULL). Rows are sorted by predictor, model
and feature, the predictions first, and no series comes twice. Columns are numpy arrays, text is coded, lists of unequal
length lie end to end between offsets; there is no Python object a series.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics_exporter.profiles.profile import Categories, Distribution, Profile, Series
from metrics_exporter.profiles.text import Ints, Text, joined
from metrics_exporter.windows import Window

Floats = NDArray[np.float64]
Rows = NDArray[np.integer] | NDArray[np.bool_]

GRID = tuple(i / 100 for i in range(1, 100))
COUNTS = ("rows", "values", "nulls", "infinities", "defaults", "unparsable", "grid_rows", "other", "distinct", "unseen")
MOMENTS = ("mean", "squared_deviations", "minimum", "maximum")


@dataclass(frozen=True, eq=False, slots=True)
class NumberLists:
    """Some numbers a row, each with a count: `values[offsets[i]:offsets[i + 1]]` are those of row i."""

    offsets: Ints
    values: Floats
    counts: Ints

    @property
    def lengths(self) -> Ints:
        """How many each row has."""
        return np.diff(self.offsets)

    def take(self, rows: Ints) -> NumberLists:
        """Those of some rows."""
        offsets, flat = _taken(self.offsets, rows)
        return NumberLists(offsets, self.values[flat], self.counts[flat])

    def without(self, rows: NDArray[np.bool_]) -> NumberLists:
        """The same rows, some of them emptied."""
        kept = ~np.repeat(rows, self.lengths)
        return NumberLists(offsets_of(np.where(rows, 0, self.lengths)), self.values[kept], self.counts[kept])


@dataclass(frozen=True, eq=False, slots=True)
class NameLists:
    """Some names a row, each with a count, the most frequent first."""

    offsets: Ints
    names: Text
    counts: Ints

    @property
    def lengths(self) -> Ints:
        """How many each row has."""
        return np.diff(self.offsets)

    def take(self, rows: Ints) -> NameLists:
        """Those of some rows."""
        offsets, flat = _taken(self.offsets, rows)
        return NameLists(offsets, self.names.take(flat), self.counts[flat])

    def without(self, rows: NDArray[np.bool_]) -> NameLists:
        """The same rows, some of them emptied."""
        kept = ~np.repeat(rows, self.lengths)
        return NameLists(offsets_of(np.where(rows, 0, self.lengths)), self.names.take(kept), self.counts[kept])


@dataclass(frozen=True, eq=False, slots=True)
class Drift:
    """How far series are from a reference, a row each.

    Attributes:
        psi: the population stability index; NaN where it can't be judged.
        bound: what it exceeds by chance in one of 1,000 windows, were all rows independent.
        dispersion: by how much to multiply that, as rows share more than chance; at least 1, NaN: not known yet.
        shared: the share of the reference's variance that lies between its windows, not within (the intra-class
            correlation): near 1 of what all rows of a day have in common, such as the weather; NaN where it has none.
        reference: what it was compared with: `trailing`, `training` or `primary`; NULL where with nothing.
    """

    psi: Floats
    bound: Floats
    dispersion: Floats
    shared: Floats
    reference: Text

    @classmethod
    def nothing(cls, size: int) -> Drift:
        """Of series that were compared with nothing."""
        none = np.full(size, np.nan)
        return cls(none, none, none, none, Text((), np.full(size, -1, np.int32)))

    def take(self, rows: Ints) -> Drift:
        """That of some rows."""
        psi, bound, dispersion, shared = (
            column[rows] for column in (self.psi, self.bound, self.dispersion, self.shared)
        )
        return Drift(psi, bound, dispersion, shared, self.reference.take(rows))


@dataclass(frozen=True, eq=False)
class Profiles:
    """The profiles of a window.

    Attributes:
        rows: the model's predictions in the window, whether or not they carry the feature: the ratios' denominator.
        values: finite values that are not defaults: what the distribution or the categories describe.
        nulls: rows where the value is NULL, NaN or missing.
        infinities: rows where it is ±inf.
        defaults: rows where the model's configured default went in.
        unparsable: rows whose value can't be read as the feature's kind wants it.
        mean, squared_deviations, minimum, maximum: of numeric and boolean series that have values, else NaN.
        grid: their 1st to 99th percentiles, a row of 99; NaN where there are none.
        grid_rows: how many values the grid was made from: all of them, or a sample.
        atoms: values that hold at least 0.5 % of a series' values each, at most 50, ascending, with exact counts.
        categories: the most frequent categories of categorical and boolean series, at most 50.
        other: values in all other categories together.
        distinct: how many categories there were; the least that it can be, where windows were merged.
        unseen: values in categories that the preceding weeks never had; -1 where nobody can tell.
        drift: how far they are from their references; None: that was not looked at.
    """

    predictor: Text
    model_id: Text
    feature: Text
    rows: Ints
    values: Ints
    nulls: Ints
    infinities: Ints
    defaults: Ints
    unparsable: Ints
    grid_rows: Ints
    other: Ints
    distinct: Ints
    unseen: Ints
    mean: Floats
    squared_deviations: Floats
    minimum: Floats
    maximum: Floats
    grid: Floats
    atoms: NumberLists
    categories: NameLists
    drift: Drift | None = None

    @classmethod
    def of(cls, profiles: Iterable[Profile]) -> Profiles:
        """The table of some profiles."""
        rows = sorted(profiles, key=lambda profile: profile.series.order)
        shapes = [row.distribution for row in rows]
        kinds = [row.categories for row in rows]
        none = (np.nan,) * len(GRID)
        counts: dict[str, Any] = {name: _ints(getattr(row, name) for row in rows) for name in COUNTS[:6]}
        moments: dict[str, Any] = {
            name: _floats(getattr(shape, name) if shape else np.nan for shape in shapes) for name in MOMENTS
        }
        atoms = [shape.atoms if shape else () for shape in shapes]
        tops = [each.top if each else () for each in kinds]
        return cls(
            predictor=Text.of(row.series.predictor for row in rows),
            model_id=Text.of(row.series.model_id for row in rows),
            feature=Text.of(row.series.feature for row in rows),
            **counts,
            grid_rows=_ints(shape.grid_rows if shape else 0 for shape in shapes),
            other=_ints(each.other if each else 0 for each in kinds),
            distinct=_ints(each.distinct if each else 0 for each in kinds),
            unseen=_ints(-1 if not each or each.unseen is None else each.unseen for each in kinds),
            **moments,
            grid=np.array([shape.grid if shape else none for shape in shapes], float).reshape(-1, len(GRID)),
            atoms=NumberLists(
                offsets_of([len(each) for each in atoms]),
                _floats(value for each in atoms for value, _ in each),
                _ints(count for each in atoms for _, count in each),
            ),
            categories=NameLists(
                offsets_of([len(each) for each in tops]),
                Text.of(name for each in tops for name, _ in each),
                _ints(count for each in tops for _, count in each),
            ),
        )

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def is_numeric(self) -> NDArray[np.bool_]:
        """Whether the series has a distribution; a boolean one has categories, too."""
        return ~np.isnan(self.grid[:, 0])

    @cached_property
    def is_categorical(self) -> NDArray[np.bool_]:
        """Whether the series has categories and no distribution."""
        return (self.categories.lengths > 0) & ~self.is_numeric

    @cached_property
    def is_prediction(self) -> NDArray[np.bool_]:
        """Whether the row is the model's predictions."""
        return self.feature.codes < 0

    @cached_property
    def known_drift(self) -> Drift:
        """The drift; that of nothing where it was not looked at."""
        return self.drift or Drift.nothing(len(self))

    @property
    def reference(self) -> Text:
        """What each series was compared with."""
        return self.known_drift.reference

    @cached_property
    def model_keys(self) -> Ints:
        """A number for each row's predictor and model, ascending."""
        return self.predictor.codes.astype(np.int64) * max(len(self.model_id.words), 1) + self.model_id.codes

    @cached_property
    def keys(self) -> Ints:
        """A number for each row's series, ascending; comparable within a table only."""
        return self.model_keys * (len(self.feature.words) + 1) + self.feature.codes + 1

    def take(self, rows: Rows) -> Profiles:
        """The table of some rows, which are in ascending order, or a mask."""
        places = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.int64)
        taken: dict[str, Any] = {}
        for field in fields(self):
            column = getattr(self, field.name)
            if column is not None:
                taken[field.name] = column[places] if isinstance(column, np.ndarray) else column.take(places)
        return Profiles(**taken)

    def of_predictor(self, name: str) -> slice:
        """Where a predictor's rows are."""
        code = self.predictor.code(name)
        first, last = np.searchsorted(self.predictor.codes, [code, code + 1]) if code >= 0 else (0, 0)
        return slice(int(first), int(last))

    def __iter__(self) -> Iterator[Profile]:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, row: int) -> Profile:
        """One series as an object, for where people look at a few."""
        return Profile(
            series=Series(str(self.predictor[row]), str(self.model_id[row]), self.feature[row]),
            **{name: int(getattr(self, name)[row]) for name in COUNTS[:6]},
            distribution=self._distribution(row) if self.is_numeric[row] else None,
            categories=self._categories(row) if self.categories.lengths[row] else None,
        )

    def _categories(self, row: int) -> Categories:
        first, last = self.categories.offsets[row : row + 2].tolist()
        names = [str(self.categories.names[place]) for place in range(first, last)]
        return Categories(
            top=tuple(zip(names, self.categories.counts[first:last].tolist(), strict=True)),
            other=int(self.other[row]),
            distinct=int(self.distinct[row]),
            unseen=int(self.unseen[row]) if self.unseen[row] >= 0 else None,
        )

    def _distribution(self, row: int) -> Distribution:
        first, last = self.atoms.offsets[row : row + 2].tolist()
        values, counts = self.atoms.values[first:last].tolist(), self.atoms.counts[first:last].tolist()
        return Distribution(
            **{name: float(getattr(self, name)[row]) for name in MOMENTS},
            grid=tuple(self.grid[row].tolist()),
            grid_rows=int(self.grid_rows[row]),
            atoms=tuple(zip(values, counts, strict=True)),
        )


@dataclass(frozen=True, eq=False)
class WindowProfiles:
    """All profiles of one closed window of one log.

    Attributes:
        end: UTC.
        rows: predictions in the window.
        duplicates: rows that repeat another's prediction id, model and time of sending.
        unreadable: rows in which something could not be read, by what it was (`features`, `defaults` …).
    """

    log: str
    window: Window
    end: datetime
    rows: int
    duplicates: int
    profiles: Profiles
    unreadable: tuple[tuple[str, int], ...] = ()

    @property
    def start(self) -> datetime:
        """UTC; inclusive."""
        return self.end - self.window.length


def concatenated(tables: Sequence[Profiles]) -> Profiles:
    """The tables one below the other; to be sorted or merged by who asks for it."""
    columns: dict[str, Any] = {}
    for field in fields(Profiles):
        if field.name != "drift":
            columns[field.name] = _joined([getattr(table, field.name) for table in tables])
    if any(table.drift for table in tables):
        columns["drift"] = _joined_drift([table.known_drift for table in tables])
    return Profiles(**columns)


def _joined_drift(parts: Sequence[Drift]) -> Drift:
    psi, bound, dispersion, shared = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("psi", "bound", "dispersion", "shared")
    )
    return Drift(psi, bound, dispersion, shared, joined([part.reference for part in parts]))


def _joined(parts: Sequence[Any]) -> Any:
    first = parts[0]
    if isinstance(first, Text):
        return joined(parts)
    if isinstance(first, np.ndarray):
        return np.concatenate(parts)
    offsets = offsets_of(np.concatenate([part.lengths for part in parts]))
    counts = np.concatenate([part.counts for part in parts])
    if isinstance(first, NumberLists):
        return NumberLists(offsets, np.concatenate([part.values for part in parts]), counts)
    return NameLists(offsets, joined([part.names for part in parts]), counts)


def offsets_of(lengths: Sequence[int] | Ints) -> Ints:
    """Where lists of these lengths begin and end, laid end to end."""
    return np.concatenate(([0], np.cumsum(lengths, dtype=np.int64)))


def _taken(offsets: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """The new offsets of some rows' lists, and the places of their items."""
    starts, lengths = offsets[rows], offsets[rows + 1] - offsets[rows]
    taken = offsets_of(lengths)
    return taken, np.arange(taken[-1]) + np.repeat(starts - taken[:-1], lengths)


def _ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, np.int64)


def _floats(values: Iterable[float]) -> Floats:
    return np.fromiter(values, np.float64)
