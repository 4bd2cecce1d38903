"""Which share of a series' values lies below some cuts, and how well its profile knows that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics_exporter.profiles.merge import matrix
from metrics_exporter.profiles.table import GRID, Floats, NumberLists, Profiles
from metrics_exporter.profiles.text import Ints

Flags = NDArray[np.bool_]

_STEP = 1 / (len(GRID) + 1)
_RANKS = np.array(GRID)
_ROUGH = 2.0  # a cell so many times as wide as one beside it: the density changes within it
_FINEST = 100.0  # values with at most two decimals are looked at for a common unit
_LARGEST = 1e12  # … up to here, where a double still holds the decimals


@dataclass(frozen=True, eq=False, slots=True)
class Shares:
    """The distribution functions of some series at some cuts, a row of them each.

    Attributes:
        below: the share of the values below the cut, between 0 and 1.
        doubt: the width of what the share may be, where the profile leaves that open; else 0.
    """

    below: Floats
    doubt: Floats


def shares_below(table: Profiles, rows: Ints, cuts: Floats, is_inclusive: Flags) -> Shares:
    """The shares of some series' values below some cuts.

    Atoms are counted exactly. At a point of the grid the share is its rank; between two of them what is no atom rises
    in a straight line. That is in doubt, by one step of the grid at most, at and between atoms, where the density
    changes, and where values are multiples of a unit that the grid can't resolve.

    Args:
        table: a window's series.
        rows: those that are wanted, all numeric.
        cuts: a row of them a series, ascending.
        is_inclusive: whether values equal to a cut count as below it.
    """
    atoms = _Atoms.of(table.atoms.take(rows), table.values[rows])
    rest = _Rest.of(table, rows, atoms)
    below, doubt = rest.below(cuts, is_inclusive)
    return Shares(np.clip(below + atoms.below(cuts, is_inclusive), 0, 1), doubt)


@dataclass(frozen=True, eq=False, slots=True)
class _Atoms:
    """The atoms of each series, ascending, +inf where there are no more; and the share of all up to each."""

    values: Floats
    reached: Floats

    @classmethod
    def of(cls, atoms: NumberLists, totals: Ints) -> _Atoms:
        values, counts = matrix(atoms)
        return cls(values, np.cumsum(counts / totals[:, None], axis=1))

    def below(self, cuts: Floats, is_inclusive: Flags) -> Floats:
        """Their share below the cuts."""
        if not self.values.shape[1]:
            return np.zeros(cuts.shape)
        place = _count_below(self.values, cuts, is_inclusive)
        return np.where(place > 0, np.take_along_axis(self.reached, np.maximum(place - 1, 0), axis=1), 0.0)


@dataclass(frozen=True, eq=False, slots=True)
class _Rest:
    """What is no atom: minimum, grid and maximum of each series, with the shares just below and up to each point.

    Attributes:
        points: a row of 101, ascending.
        before, upto: the shares, not falling.
        doubt: of the share at a point: what an atom or one multiple of the values' unit leaves open.
        is_rough: whether the cell above each point hides atoms, or a density that changes much.
    """

    points: Floats
    before: Floats
    upto: Floats
    doubt: Floats
    is_rough: Flags

    @classmethod
    def of(cls, table: Profiles, rows: Ints, atoms: _Atoms) -> _Rest:
        grid = table.grid[rows]
        points = np.column_stack((table.minimum[rows], grid, table.maximum[rows]))
        every, ends = np.ones(points.shape, bool), ((0, 0), (1, 1))
        total = np.maximum(1 - atoms.reached.max(axis=1, initial=0, keepdims=True), 0)
        under, upto_atoms = atoms.below(points, ~every), atoms.below(points, every)
        is_atom = (upto_atoms > under)[:, 1:-1]
        before, upto, least, most = (np.clip(each, 0, total) for each in _bounds(grid, under, upto_atoms))
        middle, doubt = (least + most) / 2, np.where(is_atom, np.maximum(most - least, 0), 0)
        upto = np.maximum.accumulate(np.where(is_atom, middle, upto), axis=1)
        before = np.maximum.accumulate(np.minimum(np.where(is_atom, middle, before), upto), axis=1)
        hides_atoms = under[:, 1:] > upto_atoms[:, :-1]
        is_rough = _rough(points)
        is_rough[:, :-1] |= hides_atoms
        return cls(
            points,
            np.column_stack((np.zeros(len(rows)), before, total)),
            np.column_stack((np.zeros(len(rows)), upto, total)),
            np.maximum(np.minimum(_unit_share(points), total), np.pad(doubt, ends)),
            is_rough,
        )

    def below(self, cuts: Floats, is_inclusive: Flags) -> tuple[Floats, Floats]:
        """The share below each cut, and the doubt about it."""
        end = self.points.shape[1]
        after = _count_below(self.points, cuts, is_inclusive)  # the first point that is not below
        last, first = np.maximum(after - 1, 0), np.minimum(after, end - 1)
        low, high = (np.take_along_axis(self.points, place, axis=1) for place in (last, first))
        from_, to = np.take_along_axis(self.upto, last, axis=1), np.take_along_axis(self.before, first, axis=1)
        rise = np.maximum(to - from_, 0)
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            part = np.clip((cuts - low) / (high - low), 0, 1)
        found = from_ + np.where(high > low, part, 0.0) * rise
        is_open = (low < cuts) & (cuts < high) & np.take_along_axis(self.is_rough, last, axis=1)
        doubts = (np.take_along_axis(self.doubt, place, axis=1) for place in (last, first))
        doubt = np.maximum(np.where(is_open, rise, 0.0), np.maximum(*doubts))
        is_out = (after == 0) | (after == end)
        found = np.where(after == 0, 0.0, np.where(after == end, self.upto[:, -1:], found))
        return found, np.where(is_out, 0.0, doubt)


def _bounds(grid: Floats, under: Floats, upto: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Of what is no atom, the shares just below and up to each point of a grid; then the bounds at one that is an atom.

    A point's rank is its share, half a step beyond where it repeats. Of an atom the grid knows to one step what lies
    below it, and to one step what lies up to it; the atom itself is exact.

    Args:
        grid: 99 points a row.
        under: the share of the atoms below each of 101 points, minimum and maximum included.
        upto: … and up to it.
    """
    place = np.arange(grid.shape[1])
    is_new = np.diff(grid, axis=1, prepend=-np.inf) > 0
    first = last = np.broadcast_to(place, grid.shape)
    if not is_new.all():
        is_last = np.column_stack((is_new[:, 1:], np.ones(len(grid), bool)))
        first = np.maximum.accumulate(np.where(is_new, place, 0), axis=1)
        last = np.minimum.accumulate(np.where(is_last, place, place[-1])[:, ::-1], axis=1)[:, ::-1]
    repeats = np.where(last > first, _STEP / 2, 0.0)
    low, high = _RANKS[first] - under[:, 1:-1], _RANKS[last] - upto[:, 1:-1]
    return low - repeats, high + repeats, np.maximum(low - _STEP, high), np.minimum(low, high + _STEP)


def _rough(points: Floats) -> Flags:
    """Whether the cell above each point is much wider than one beside it."""
    with np.errstate(over="ignore"):
        width = np.diff(points, axis=1)
    beside = np.minimum(np.column_stack((width[:, 1:], width[:, -1:])), np.column_stack((width[:, :1], width[:, :-1])))
    return np.column_stack((width > _ROUGH * beside, np.zeros(len(points), bool)))


def _unit_share(points: Floats) -> Floats:
    """What one value holds of each cell above a point, where all values are multiples of a unit; at most a step."""
    with np.errstate(invalid="ignore", over="ignore"):
        whole = np.round(points * _FINEST)
        is_whole = (np.abs(whole - points * _FINEST) < 1e-6) & (np.abs(whole) < _LARGEST)
    has_unit = is_whole.all(axis=1)
    share = np.zeros(points.shape)
    multiples = whole[has_unit].astype(np.int64)
    unit = np.maximum(np.gcd.reduce(multiples - multiples[:, :1], axis=1), 1)
    steps = np.diff(multiples, axis=1) / unit[:, None]
    share[has_unit, :-1] = _STEP / np.maximum(steps, 1)
    return share


def _count_below(values: Floats, cuts: Floats, is_inclusive: Flags) -> Ints:
    """How many values of its row lie below each cut: a binary search in all rows at once."""
    low = np.zeros(cuts.shape, np.int64)
    high = np.full(cuts.shape, values.shape[1], np.int64)
    for _ in range(values.shape[1].bit_length()):
        middle = (low + high) // 2
        found = np.take_along_axis(values, np.minimum(middle, values.shape[1] - 1), axis=1)
        is_below = np.where(is_inclusive, found <= cuts, found < cuts) & (low < high)
        low, high = np.where(is_below, middle + 1, low), np.where(is_below, high, middle)
    return low
