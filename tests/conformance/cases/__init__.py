"""What every warehouse must count alike, by what it is about."""

from __future__ import annotations

from collections import Counter

from tests.conformance.cases import defaults, ids, layouts, names, results, sizes, times, values

CASES = (
    *layouts.CASES,
    *values.CASES,
    *defaults.CASES,
    *results.CASES,
    *ids.CASES,
    *times.CASES,
    *names.CASES,
    *sizes.CASES,
)
# What depends on how a table is stored, and not only on what is in it.
STORED = (*layouts.CASES, *values.CASES, *results.CASES, *times.CASES)
assert max(Counter(case.name for case in CASES).values()) == 1, "each case has a name of its own"
