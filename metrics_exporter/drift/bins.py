"""The bins in which a window is compared with a reference; their edges come from the reference alone.

Of numbers, the edges are every fifth percentile, and both sides of a large atom that is one of these. What the
reference has in less than 1 % of its values is one bin together, its tails and gaps included: there, new values are
seen. Of categories, each that holds 1 % is a bin, and all others are one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from metrics_exporter.drift.shares import Flags, shares_below
from metrics_exporter.profiles.table import Floats, NameLists, Profiles
from metrics_exporter.profiles.text import Ints, joined

RARE = 0.01
_LARGE = 0.025  # an atom of such a share is a bin of its own: half of what the others have
_EDGES = slice(4, None, 5)  # of the grid's 99 points: the 5th, 10th, … 95th percentile


@dataclass(frozen=True, eq=False, slots=True)
class Bins:
    """The shares of both sides in each bin.

    Attributes:
        row: which of the compared series a bin belongs to.
        window: shares of the window's values.
        reference: shares of the reference's values.
        doubt: the variance of the difference of the two, as far as it comes from what the profiles leave open.
    """

    row: Ints
    window: Floats
    reference: Floats
    doubt: Floats


def of_numbers(window: Profiles, rows: Ints, reference: Profiles, places: Ints) -> Bins:
    """The bins of numeric series.

    Args:
        window: a window's table.
        rows: the series in it, all numeric.
        reference: the reference's table.
        places: where these series are in it, all numeric.
    """
    edges = reference.grid[places][:, _EDGES]
    is_atom = _are_large_atoms(reference, places, edges)
    some = np.flatnonzero(is_atom.any(axis=1))
    if len(some):
        between = _cut(reference, places[some], edges[some], is_atom[some]).between
        edges[some], is_atom[some] = _without_slivers(edges[some], is_atom[some], between)
    theirs = _cut(reference, places, edges, is_atom)
    ours = _cut(window, rows, edges, is_atom)
    return _pooled(_there(edges, is_atom), ours.between, theirs.between, _variance(ours.doubt, theirs.doubt))


def _are_large_atoms(table: Profiles, rows: Ints, edges: Floats) -> Flags:
    """Whether each edge is an atom of its series that is worth a bin of its own."""
    atoms = table.atoms.take(rows)
    owner = np.repeat(np.arange(len(rows)), atoms.lengths)
    is_large = atoms.counts >= _LARGE * table.values[rows][owner]
    owner, values = owner[is_large], atoms.values[is_large]
    found = np.zeros(edges.shape, bool)
    for column in range(edges.shape[1]):
        found[owner[values == edges[owner, column]], column] = True
    return found


@dataclass(frozen=True, eq=False, slots=True)
class _Cut:
    """The shares between cuts, two an edge, and the doubt about that below each cut."""

    between: Floats
    doubt: Floats


def _cut(table: Profiles, rows: Ints, edges: Floats, is_atom: Flags) -> _Cut:
    """The shares of a side's values, cut on both sides of each edge that is an atom; else twice above the edge."""
    upto = shares_below(table, rows, edges, np.ones(edges.shape, bool))
    below, doubt = np.repeat(upto.below, 2, axis=1), np.repeat(upto.doubt, 2, axis=1)
    some = np.flatnonzero(is_atom.any(axis=1))
    if len(some):
        before = shares_below(table, rows[some], edges[some], np.zeros((len(some), edges.shape[1]), bool))
        below[some, 0::2] = np.where(is_atom[some], before.below, upto.below[some])
        doubt[some, 0::2] = np.where(is_atom[some], before.doubt, upto.doubt[some])
    return _Cut(np.maximum(np.diff(below, axis=1, prepend=0, append=1), 0), doubt)


def _without_slivers(edges: Floats, is_atom: Flags, between: Floats) -> tuple[Floats, Flags]:
    """The edges without those so close to an atom that hardly any values lie between: each becomes its neighbour."""
    none = np.zeros((len(edges), 1), bool)
    before = np.column_stack((none, is_atom[:, :-1])) & (between[:, 0:-2:2] < RARE)
    after = np.column_stack((is_atom[:, 1:], none)) & (between[:, 2::2] < RARE)
    place = np.arange(edges.shape[1])
    source = np.where(is_atom, place, np.where(before, place - 1, np.where(after, place + 1, place)))
    return np.take_along_axis(edges, source, axis=1), np.take_along_axis(is_atom, source, axis=1)


def _there(edges: Floats, is_atom: Flags) -> Flags:
    """Which of the bins between the cuts there are: below an edge, and in it if it is an atom; then the last."""
    there = np.ones((len(edges), 2 * edges.shape[1] + 1), bool)
    is_new = np.diff(edges, axis=1, prepend=-np.inf) > 0
    there[:, 0:-1:2] = is_new
    there[:, 1::2] = is_atom & is_new
    return there


def _variance(*doubts: Floats) -> Floats:
    """Of the shares between the cuts: each end may lie anywhere in what is in doubt on either side."""
    cuts = np.sum([doubt**2 for doubt in doubts], axis=0) / 12
    ends = np.pad(cuts, ((0, 0), (1, 1)))
    return np.asarray(ends[:, :-1] + ends[:, 1:], float)


def _pooled(there: Flags, window: Floats, reference: Floats, doubt: Floats) -> Bins:
    """The bins that there are; those in which the reference has little as one, the last of its row."""
    is_rare = there & (reference < RARE)
    kept = np.column_stack((there & ~is_rare, is_rare.any(axis=1)))
    ours, theirs, doubts = (
        np.column_stack((column, np.where(is_rare, column, 0).sum(axis=1)))[kept]
        for column in (window, reference, doubt)
    )
    return Bins(np.nonzero(kept)[0], ours, theirs, doubts)


def of_categories(window: Profiles, rows: Ints, reference: Profiles, places: Ints) -> Bins:
    """The bins of categorical series; arguments as those of `of_numbers`."""
    theirs, ours = reference.categories.take(places), window.categories.take(rows)
    sizes, totals = window.values[rows].astype(float), reference.values[places].astype(float)
    owner = np.repeat(np.arange(len(places)), theirs.lengths)
    counts, share = _counts_of(theirs, ours), theirs.counts / totals[owner]
    # A name that the window doesn't list may be one of its others: as frequent as the last of those listed, at most.
    least = np.where(window.other[rows] > 0, ours.counts[ours.offsets[1:] - 1], 0)
    counts = np.where(counts == 0, least[owner], counts)
    is_kept = share >= RARE
    owner, counts, share = owner[is_kept], counts[is_kept], share[is_kept]

    def with_others(shares: Floats) -> Floats:
        return np.append(shares, np.maximum(1 - np.bincount(owner, shares, len(places)), 0))

    row = np.append(owner, np.arange(len(places)))
    return Bins(row, with_others(counts / sizes[owner]), with_others(share), np.zeros(len(row)))


def _counts_of(wanted: NameLists, lists: NameLists) -> Ints:
    """For each name of each row of `wanted`, its count in the same row of `lists`; 0 where it isn't in it."""
    names = joined([wanted.names, lists.names])
    width = len(names.words) + 1
    rows = [np.repeat(np.arange(len(each.lengths)), each.lengths) for each in (wanted, lists)]
    size = len(wanted.names)
    asked, there = rows[0] * width + names.codes[:size], rows[1] * width + names.codes[size:]
    order = np.argsort(there)
    found = order[np.minimum(np.searchsorted(there, asked, sorter=order), len(order) - 1)]
    return np.where(there[found] == asked, lists.counts[found], 0)
