"""Values that differ by how they were stored alone: a training set in single precision, text with other last digits.

Large atoms are compared by exact counts, so a value that is written otherwise on one side would seem to be gone.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from metrics_exporter.drift.compare import matched
from metrics_exporter.profiles.table import Floats, NumberLists, Profiles, offsets_of

PRECISION = 2.0**-22  # of a value: four steps of single precision


def rounded(table: Profiles, reference: Profiles) -> Profiles:
    """A table, with each number next to an atom of the same series in a reference as that atom.

    The reference is to be rounded by itself, too, before the two are compared.
    """
    places = matched(table, reference)
    rows = np.flatnonzero(places >= 0)
    atoms = reference.atoms.take(places[rows])
    columns = {name: getattr(table, name).copy() for name in ("grid", "minimum", "maximum")}
    values = table.atoms.values.copy()
    for number in np.flatnonzero(atoms.lengths).tolist():
        row, known = rows[number], atoms.values[atoms.offsets[number] : atoms.offsets[number + 1]]
        own = slice(table.atoms.offsets[row], table.atoms.offsets[row + 1])
        values[own] = _at_atoms(values[own], known)
        for column in columns.values():
            column[row] = _at_atoms(column[row], known)
    return replace(table, **columns, atoms=_united(replace(table.atoms, values=values)))


def _at_atoms(values: Floats, atoms: Floats) -> Floats:
    """The values; each that is next to an atom becomes the nearest one."""
    above = np.clip(np.searchsorted(atoms, values), 0, len(atoms) - 1)
    below = np.maximum(above - 1, 0)
    nearest = np.where(np.abs(atoms[below] - values) <= np.abs(atoms[above] - values), atoms[below], atoms[above])
    return np.where(np.abs(nearest - values) <= PRECISION * np.abs(nearest), nearest, values)


def _united(atoms: NumberLists) -> NumberLists:
    """Atoms that have become one, with their counts together."""
    owner = np.repeat(np.arange(len(atoms.lengths)), atoms.lengths)
    is_new = (np.diff(owner, prepend=-1) != 0) | (np.diff(atoms.values, prepend=np.nan) != 0)
    firsts = np.flatnonzero(is_new)
    if len(firsts) == len(owner):
        return atoms
    lengths = np.bincount(owner[firsts], minlength=len(atoms.lengths))
    return NumberLists(offsets_of(lengths), atoms.values[firsts], np.add.reduceat(atoms.counts, firsts))
