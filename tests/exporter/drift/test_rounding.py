"""A training set and a log that store the same numbers otherwise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from metrics_exporter.drift.compare import compare
from metrics_exporter.drift.rounding import rounded
from metrics_exporter.profiles.profile import Distribution
from tests.exporter.drift.samples import DISTRIBUTIONS, Sample, numbers

UNIT = 1.15078  # what wind speeds are multiples of


def _speeds(seed: int, size: int) -> Sample:
    speeds: Sample = np.random.default_rng(seed).poisson(9, size) * UNIT
    return speeds


def _known() -> Sample:
    speeds: Sample = np.arange(40) * UNIT
    return speeds


@pytest.mark.parametrize("stored", [np.float32, lambda values: values * (1 + 1e-15)])
def test_the_same_numbers_in_another_precision_have_not_drifted(stored: type[np.float32]) -> None:
    reference = numbers([stored(_speeds(1, 20_000)).astype(float)], stored(_known()).astype(float))
    window = numbers([_speeds(2, 2_000)], _known())
    own = rounded(reference, reference)
    plain, alike = compare(window, reference), compare(rounded(window, own), own)
    same = compare(window, numbers([_speeds(1, 20_000)], _known()))
    assert plain.psi[0] > plain.bound[0]
    assert alike.psi[0] < alike.bound[0]
    assert alike.psi[0] == pytest.approx(same.psi[0])
    assert alike.bound[0] == pytest.approx(same.bound[0])


def test_what_is_stored_alike_stays_as_it_is() -> None:
    random = np.random.default_rng(3)
    tables = [numbers([draw(random, 2_000) for draw in DISTRIBUTIONS.values()]) for _ in range(2)]
    same = [rounded(table, tables[1]) for table in tables]
    offset = list(DISTRIBUTIONS).index("offset")  # its values lie closer together than single precision tells
    for before, after in zip(tables, same, strict=True):
        for row, (one, other) in enumerate(zip(before, after, strict=True)):
            assert one == other or row == offset
    np.testing.assert_equal(compare(same[0], same[1]).psi, compare(tables[0], tables[1]).psi)


def test_a_series_that_the_reference_lacks_and_empty_tables_stay_as_they_are() -> None:
    window = numbers([_speeds(2, 2_000)], _known())
    other = replace(window, feature=window.feature.of(["another"]))
    none = window.take(np.zeros(1, bool))
    for reference in (other, none):
        assert list(rounded(window, reference)) == list(window)
    assert list(rounded(none, window)) == []


def test_atoms_that_become_one_are_counted_together() -> None:
    mixed = np.concatenate((_speeds(1, 1_000), _speeds(2, 1_000).astype(np.float32).astype(float)))
    known = np.concatenate((_known(), _known().astype(np.float32).astype(float)))
    window, reference = numbers([mixed], np.unique(known)), numbers([_speeds(3, 5_000)], _known())
    after = rounded(window, reference)[0].distribution
    assert isinstance(after, Distribution)
    found = dict(after.atoms)
    for multiple in (7, 9, 11):
        assert found[multiple * UNIT] == np.count_nonzero(np.isclose(mixed, multiple * UNIT, rtol=1e-6))
    assert [*found] == sorted(found)
