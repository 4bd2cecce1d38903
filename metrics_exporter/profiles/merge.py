"""Profiles of several windows → those of the longer window that they make up.

Counts and moments are exact, also where the windows differ in what series they have. Atoms add up. A grid is the
inverse of the mixture of the windows' distribution functions, each of which is made of points with a weight: the atoms
with their counts, and the grid's other points with equal shares of the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics_exporter.profiles.table import (
    COUNTS,
    GRID,
    MOMENTS,
    Floats,
    NameLists,
    NumberLists,
    Profiles,
    concatenated,
    offsets_of,
)
from metrics_exporter.profiles.text import Ints, Text

TOP_CATEGORIES = 50
TOP_ATOMS = 50
ATOM_SHARE = 0.005
# A grid of so few values holds each of them, in its order: the grid is made of values that there are, not between them.
FEW_VALUES = 99

_POINTS = 1 + len(GRID) + 1  # the minimum, the grid, the maximum
_CHUNK_POINTS = 200_000  # so much is sorted at once: what a processor's cache holds
_RANKS = np.array(GRID)
_WEIGHTS = np.array([0.005, *[0.01] * len(GRID), 0.005])
_SLACK = 1e-9  # ranks are sums of shares, which rounding may leave a little below


def merge(parts: Sequence[Profiles]) -> Profiles:
    """One table from those of several windows of the same log, oldest first.

    A series that is absent from some of them is missing in all rows that its model had there. The drifts of windows are
    not that of the longer one, which has none yet.
    """
    if len(parts) == 1:
        return replace(parts[0], drift=None)
    # The grids are by far the largest column and stay where they are; with the rows goes whether there is one.
    stacked = concatenated([replace(part, grid=part.grid[:, :1], drift=None) for part in parts])
    if not len(stacked):
        return parts[0]
    order = np.argsort(stacked.keys, kind="stable")
    table = stacked.take(order)  # the same series one below the other
    starts = np.flatnonzero(np.diff(table.keys, prepend=-1))
    group = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(table)))
    table = _of_one_kind(table, starts, group)
    counts: dict[str, Any] = {name: np.add.reduceat(getattr(table, name), starts) for name in COUNTS}
    rows = _model_rows(table, starts, counts["rows"])
    counts["nulls"] += rows - counts["rows"]
    counts["rows"] = rows
    counts["unseen"] = np.where(np.minimum.reduceat(table.unseen, starts) < 0, -1, counts["unseen"])
    categories, left_over, names = _merged_names(table, group, len(starts))
    counts["other"] += left_over
    counts["distinct"] = np.maximum(np.maximum.reduceat(table.distinct, starts), names)
    return Profiles(
        predictor=table.predictor.take(starts),
        model_id=table.model_id.take(starts),
        feature=table.feature.take(starts),
        **counts,
        **_moments(table, starts, group),
        grid=_grids(table, _Grids.of_parts(parts, order), starts, group),
        atoms=_merged_atoms(table, group, len(starts)),
        categories=categories,
    )


def _of_one_kind(table: Profiles, starts: Ints, group: Ints) -> Profiles:
    """The table without what is of another kind than its series: numbers before a feature was declared categorical.

    The kind is that of the last part that has values; of predictions, which nobody declares, numbers come before names.
    What is left out counts as unparsable, as it would if all parts were read again.
    """
    has_values = table.is_numeric | table.is_categorical
    last = np.maximum.reduceat(np.where(has_values, np.arange(len(table)), -1), starts)
    has_numbers = np.logical_or.reduceat(table.is_numeric, starts)
    of_numbers = np.where(table.is_prediction[starts], has_numbers, table.is_numeric[last])
    odd = has_values & (table.is_numeric != of_numbers[group])
    if not odd.any():
        return table
    counted = ("values", "grid_rows", "other", "distinct", "unseen")
    emptied: dict[str, Any] = {name: np.where(odd, 0, getattr(table, name)) for name in counted}
    emptied |= {name: np.where(odd, np.nan, getattr(table, name)) for name in MOMENTS}
    return replace(
        table,
        **emptied,
        unparsable=table.unparsable + np.where(odd, table.values, 0),
        grid=np.where(odd[:, None], np.nan, table.grid),
        atoms=table.atoms.without(odd),
        categories=table.categories.without(odd),
    )


def _model_rows(table: Profiles, starts: Ints, rows: Ints) -> Ints:
    """For each series, the rows of its model in all windows: those of its predictions, which every window has."""
    models, place = np.unique(table.model_keys[starts], return_inverse=True)
    total = np.zeros(len(models), np.int64)
    np.maximum.at(total, place, rows)
    return total[place]


def _moments(table: Profiles, starts: Ints, group: Ints) -> dict[str, Any]:
    """Mean and squared deviations from those of the parts (Chan, Golub, LeVeque 1979), relative to the first mean."""
    has = table.is_numeric
    values = np.where(has, table.values, 0).astype(float)
    total = np.add.reduceat(values, starts)
    empty = total == 0
    first = _first_of(table.mean, has, starts)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        shift = np.where(has, table.mean - first[group], 0.0)
        mean_shift = np.add.reduceat(values * shift, starts) / np.where(empty, 1, total)
        between = np.where(has, values * (shift - mean_shift[group]) ** 2, 0.0)
        within = np.where(has, table.squared_deviations, 0.0)
        squares = np.add.reduceat(within + between, starts)
        mean = first + mean_shift
    return {
        "mean": np.where(empty, np.nan, mean),
        "squared_deviations": np.where(empty, np.nan, squares),
        "minimum": np.fmin.reduceat(table.minimum, starts),
        "maximum": np.fmax.reduceat(table.maximum, starts),
    }


def _first_of(column: Floats, has: NDArray[np.bool_], starts: Ints) -> Floats:
    """The first value of each group that there is; NaN where there is none."""
    place = np.where(has, np.arange(len(column)), len(column))
    first = np.minimum.reduceat(place, starts)
    return np.append(column, np.nan)[first]


@dataclass(frozen=True, eq=False, slots=True)
class _Grids:
    """The parts' grids, and where those of the merged table's rows are: in which part, and in which row of it."""

    grids: Sequence[Floats]
    part: Ints
    row: Ints

    @classmethod
    def of_parts(cls, parts: Sequence[Profiles], order: Ints) -> _Grids:
        """Those of the parts' rows, one part below the other, brought in this order."""
        firsts = offsets_of([len(part) for part in parts])
        part = np.searchsorted(firsts, order, side="right") - 1
        return cls([each.grid for each in parts], part, order - firsts[part])

    def of(self, rows: Ints) -> Floats:
        """The grids of some rows of the merged table."""
        part, row = self.part[rows], self.row[rows]
        found = np.empty((len(rows), len(GRID)))
        for number in np.unique(part).tolist():
            here = np.flatnonzero(part == number)
            found[here] = self.grids[number][row[here]]
        return found


def _grids(table: Profiles, grids: _Grids, starts: Ints, group: Ints) -> Floats:
    """The grid of each series: as it is where one window has it, else that of the mixture."""
    grid = np.full((len(starts), len(GRID)), np.nan)
    numeric = np.flatnonzero(table.is_numeric)
    parts = np.bincount(group[numeric], minlength=len(starts))
    alone = numeric[parts[group[numeric]] == 1]
    grid[group[alone]] = grids.of(alone)
    members = numeric[parts[group[numeric]] > 1]
    has_atoms = np.zeros(len(starts), bool)
    has_atoms[group[np.flatnonzero(table.atoms.lengths)]] = True
    for mixed, width in ((~has_atoms, _POINTS), (has_atoms, _POINTS + TOP_ATOMS)):
        for rows in _chunks(members[mixed[group[members]]], group, width):
            targets, target = np.unique(group[rows], return_inverse=True)
            grid[targets] = _mixed(table, grids.of(rows), rows, target, len(targets))
    return grid


def _chunks(members: Ints, group: Ints, width: int) -> Iterator[Ints]:
    """The rows of whole groups, so many at once as are sorted together."""
    firsts = np.flatnonzero(np.diff(group[members], prepend=-1))
    begin = 0
    while begin < len(members):
        after = np.searchsorted(firsts, begin + max(_CHUNK_POINTS // width, 1))
        end = int(firsts[after]) if after < len(firsts) else len(members)
        yield members[begin:end]
        begin = end


def _mixed(table: Profiles, grids: Floats, rows: Ints, target: Ints, targets: int) -> Floats:
    """The grids of the mixtures; row `rows[i]` belongs to the mixture `target[i]`, ascending."""
    first = np.searchsorted(target, np.arange(targets))
    slot = np.arange(len(rows)) - first[target]  # which of its mixture's parts a row is
    slots = int(slot.max()) + 1
    values, weights = _points(table, grids, rows)
    width = values.shape[1]
    all_values = np.full((targets, slots, width), np.inf)
    all_weights = np.zeros((targets, slots, width))
    all_values[target, slot] = values
    all_weights[target, slot] = weights
    return _quantiles(all_values.reshape(targets, -1), all_weights.reshape(targets, -1))


def _points(table: Profiles, grids: Floats, rows: Ints) -> tuple[Floats, Floats]:
    """Values and weights that stand for the distribution of each row: a matrix of each."""
    counts = table.values[rows].astype(float)
    values = np.column_stack((table.minimum[rows], grids, table.maximum[rows]))
    weights = np.outer(counts, _WEIGHTS)
    few = (table.grid_rows[rows] == counts) & (counts <= FEW_VALUES)
    weights[few] = _FEW[counts[few].astype(np.int64)]
    with_atoms = np.flatnonzero(table.atoms.lengths[rows])
    if not len(with_atoms):
        return values, weights
    taken = table.atoms.take(rows[with_atoms])
    atoms, masses = matrix(taken)
    spread, masses = _around_atoms(values[with_atoms], atoms, masses / counts[with_atoms, None])
    weights[with_atoms] = spread * counts[with_atoms, None]
    atom_values = np.full((len(rows), atoms.shape[1]), np.inf)
    atom_weights = np.zeros(atom_values.shape)
    atom_values[with_atoms] = atoms
    atom_weights[with_atoms] = masses * counts[with_atoms, None]
    return np.hstack((values, atom_values)), np.hstack((weights, atom_weights))


def with_atoms(grids: Floats, minimum: Floats, maximum: Floats, counts: Ints, atoms: NumberLists) -> Floats:
    """The grids of all values, from those of the values that are no atoms.

    Args:
        grids: a row of 99 percentiles a series; NaN where all values are atoms.
        minimum: the least of the values that are no atoms, a series each.
        maximum: the greatest of them.
        counts: how many they are.
        atoms: single values and their counts, at least one a series.
    """
    found = np.empty(grids.shape)
    step = max(_CHUNK_POINTS // (_POINTS + int(atoms.lengths.max(initial=0))), 1)
    for begin in range(0, len(grids), step):
        rows = np.arange(begin, min(begin + step, len(grids)))
        weights = np.outer(counts[rows].astype(float), _WEIGHTS)
        few = counts[rows] <= FEW_VALUES
        weights[few] = _FEW[counts[rows][few]]
        values = np.column_stack((minimum[rows], grids[rows], maximum[rows]))
        values[counts[rows] == 0] = np.inf
        single, masses = matrix(atoms.take(rows))
        found[rows] = _quantiles(np.hstack((values, single)), np.hstack((weights, masses)))
    return found


def matrix(lists: NumberLists) -> tuple[Floats, Floats]:
    """Values and counts as a row each; +inf and 0 where a list is shorter than the longest."""
    lengths = lists.lengths
    row = np.repeat(np.arange(len(lengths)), lengths)
    column = np.arange(len(lists.values)) - np.repeat(lists.offsets[:-1], lengths)
    values = np.full((len(lengths), int(lengths.max(initial=0))), np.inf)
    counts = np.zeros(values.shape)
    values[row, column], counts[row, column] = lists.values, lists.counts
    return values, counts


def _around_atoms(points: Floats, atoms: Floats, shares: Floats) -> tuple[Floats, Floats]:
    """The shares of a distribution's points and atoms, so that they agree with both.

    The grid knows to one step which share lies below an atom; how large the atom is, is known exactly. So what lies
    below each atom and is no atom is bounded on both sides: the middle is taken, and it never falls. What lies between
    two atoms is shared by the points between them, or goes to the lower atom where there is none.

    Args:
        points: minimum, grid and maximum of each row, ascending.
        atoms: of each row, ascending, +inf where there are no more.
        shares: the atoms' shares of all values.
    """
    passed, is_atom = _places(points, atoms)
    below, reached = _ranks(passed[:, 1:-1], is_atom[:, 1:-1], atoms.shape[1])
    before = np.cumsum(shares, axis=1) - shares
    step = 1 / (len(GRID) + 1)
    least = np.maximum(below * step - before, reached * step - before - shares)
    most = np.minimum((below + 1) * step - before, (reached + 1) * step - before - shares)
    rest = np.maximum(1 - shares.sum(axis=1, keepdims=True), 0)
    rising = np.clip(np.maximum.accumulate((least + most) / 2, axis=1), 0, rest)
    rising = np.where(np.isinf(atoms), rest, rising)
    gaps = np.diff(rising, prepend=0, append=rest, axis=1)
    return _shared(passed, np.where(is_atom, 0.0, _WEIGHTS), gaps, shares)


def _ranks(passed: Ints, is_atom: NDArray[np.bool_], atoms: int) -> tuple[Ints, Ints]:
    """For each atom, how many points of the grid are below it, and how many are not above it."""
    rows = np.arange(len(passed))[:, None]
    size = len(passed) * (atoms + 1)
    counts = np.bincount((passed + rows * (atoms + 1)).ravel(), minlength=size).reshape(-1, atoms + 1)
    equal = np.bincount((passed + rows * (atoms + 1))[is_atom], minlength=size).reshape(-1, atoms + 1)
    below = counts[:, :-1].cumsum(axis=1)
    return below, below + equal[:, 1:]


def _shared(passed: Ints, weights: Floats, gaps: Floats, shares: Floats) -> tuple[Floats, Floats]:
    """What lies in each gap between atoms, shared by its points as they are weighted."""
    flat = passed + np.arange(len(passed))[:, None] * gaps.shape[1]
    standing = np.bincount(flat.ravel(), weights.ravel(), gaps.size).reshape(gaps.shape)
    spread = weights * np.take_along_axis(gaps / np.where(standing == 0, 1, standing), passed, axis=1)
    homeless = np.where(standing == 0, gaps, 0.0)
    shares = shares + homeless[:, 1:]
    shares[:, 0] += homeless[:, 0]
    return spread, shares


def _places(points: Floats, atoms: Floats) -> tuple[Ints, NDArray[np.bool_]]:
    """Of each point, how many atoms are not above it, and whether it is one of them."""
    both = np.hstack((atoms, points))
    order = np.argsort(both, axis=1, kind="stable")  # an atom comes before the points that are equal to it
    passed = np.empty(both.shape, np.int64)
    np.put_along_axis(passed, order, np.cumsum(order < atoms.shape[1], axis=1), axis=1)
    passed = passed[:, atoms.shape[1] :]
    last = np.take_along_axis(np.hstack((np.full((len(atoms), 1), -np.inf), atoms)), passed, axis=1)
    return passed, last == points


def _quantiles(values: Floats, weights: Floats) -> Floats:
    """The percentiles of each row's weighted values: the least value whose cumulative share reaches the rank."""
    order = np.argsort(values, axis=1)
    shares = np.cumsum(np.take_along_axis(weights, order, axis=1), axis=1)
    shares /= shares[:, -1:]
    rows = np.arange(len(values))[:, None]
    place = np.searchsorted((shares + rows).ravel(), (rows + _RANKS - _SLACK).ravel()).reshape(len(values), -1)
    place = np.minimum(place - rows * values.shape[1], values.shape[1] - 1)
    return np.take_along_axis(values, np.take_along_axis(order, place, axis=1), axis=1)


def _few_weights() -> Floats:
    """For a grid of n ≤ 99 values, the points at which each of them stands once: row n."""
    weights = np.zeros((FEW_VALUES + 1, _POINTS))
    for n in range(1, FEW_VALUES + 1):
        weights[n, np.rint(100 * (np.arange(n) + 0.5) / n).astype(int).clip(1, 99)] = 1
    return weights


_FEW = _few_weights()


def _merged_atoms(table: Profiles, group: Ints, groups: int) -> NumberLists:
    """Counts of the same value added up; those that hold enough of the values, the most frequent."""
    owner = np.repeat(group, table.atoms.lengths)
    order = np.lexsort((table.atoms.values, owner))
    owner, values = owner[order], table.atoms.values[order]
    begins = np.flatnonzero(np.append(True, (np.diff(owner) != 0) | (np.diff(values) != 0))[: len(owner)])
    counts = np.add.reduceat(table.atoms.counts[order], begins) if len(begins) else np.empty(0, np.int64)
    owner, values = owner[begins], values[begins]
    total = np.bincount(group, np.where(table.is_numeric, table.values, 0), groups)
    enough = counts >= ATOM_SHARE * total[owner]
    return most_frequent(owner[enough], values[enough], counts[enough], groups)


def most_frequent(owner: Ints, values: Floats, counts: Ints, owners: int) -> NumberLists:
    """The most frequent values of each owner, at most so many, in ascending order."""
    order = np.lexsort((values, -counts, owner))
    kept = np.sort(order[_rank(owner[order]) < TOP_ATOMS])
    kept = kept[np.lexsort((values[kept], owner[kept]))]
    return NumberLists(offsets_of(np.bincount(owner[kept], minlength=owners)), values[kept], counts[kept])


def _merged_names(table: Profiles, group: Ints, groups: int) -> tuple[NameLists, Ints, Ints]:
    """The most frequent names of each series; the counts of those left out, and how many names there were."""
    owner = np.repeat(group, table.categories.lengths)
    words = max(len(table.categories.names.words), 1)
    keys, place = np.unique(owner * words + table.categories.names.codes, return_inverse=True)
    counts = np.zeros(len(keys), np.int64)
    np.add.at(counts, place, table.categories.counts)
    owner, codes = keys // words, (keys % words).astype(np.int32)
    order = np.lexsort((codes, -counts, owner))
    is_top = _rank(owner[order]) < TOP_CATEGORIES
    top, rest = order[is_top], order[~is_top]
    left_over = np.zeros(groups, np.int64)
    np.add.at(left_over, owner[rest], counts[rest])
    lists = NameLists(
        offsets_of(np.bincount(owner[top], minlength=groups)),
        Text(table.categories.names.words, codes[top]),
        counts[top],
    )
    return lists, left_over, np.bincount(owner, minlength=groups)


def _rank(owner: Ints) -> Ints:
    """For sorted owners, the place of each item among its owner's."""
    return np.arange(len(owner)) - np.searchsorted(owner, owner)
