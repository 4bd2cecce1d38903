"""Drift of samples whose distributions are known: against the published definition, by chance, and by how much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from metrics_exporter.drift.compare import FEWEST, compare, matched
from metrics_exporter.profiles.merge import merge
from metrics_exporter.profiles.table import Profiles
from metrics_exporter.profiles.text import Text
from tests.exporter.drift.samples import DISTRIBUTIONS, Draw, Sample, names, numbers

# The values that windows before have shown to repeat.
KNOWN = {
    "zero-inflated": np.array([0.0]),
    "poisson": np.arange(12.0),
    "hours of the day": np.arange(24.0),
    "integers to 100": np.arange(101.0),
    "boolean": np.array([0.0, 1.0]),
}
# rows of the window, of the reference, of which a grid is made from so many at most; how often it is drawn
SIZES = [
    (50, 2_000, None, 1_000),
    (1_000, 1_000, None, 600),
    (10_000, 280_000, None, 60),
    (200_000, 200_000, 75_000, 40),
]


def _psi(window: Sample, reference: Sample, edges: Sequence[float]) -> float:
    """As published, of raw values, with half a value more in each bin."""
    cuts = [-np.inf, *edges, np.inf]
    n, m = (np.histogram(side, cuts)[0] for side in (window, reference))
    bins = len(cuts) - 1
    p, q = ((counts + 0.5) / (counts.sum() + bins / 2) for counts in (n, m))
    return float(((p - q) * np.log(p / q)).sum())


@pytest.mark.parametrize("shift", [0.0, 0.1, 0.3, 1.0])
def test_the_index_of_a_grid_is_that_of_the_values(shift: float) -> None:
    random = np.random.default_rng(2)
    reference, window = random.normal(size=20_000), random.normal(shift, 1, 20_000)
    edges = np.quantile(reference, np.arange(0.05, 0.99, 0.05), method="inverted_cdf")
    found = compare(numbers([window]), numbers([reference])).psi[0]
    assert found == pytest.approx(_psi(window, reference, np.nextafter(edges, np.inf)), rel=0.06, abs=0.0005)


def test_the_index_of_discrete_values_is_exact() -> None:
    random = np.random.default_rng(3)
    reference, window = random.integers(0, 5, 5_000).astype(float), random.integers(1, 5, 700).astype(float)
    known = np.arange(5.0)
    counts = [Counter(side.tolist()) for side in (window, reference)]
    p, q = ([(count[value] + 0.5) / (count.total() + 3) for value in range(5)] for count in counts)
    rest = [0.5 / (count.total() + 3) for count in counts]  # what the reference never has is a bin, too
    expected = sum((a - b) * np.log(a / b) for a, b in zip([*p, rest[0]], [*q, rest[1]], strict=True))
    assert compare(numbers([window], known), numbers([reference], known)).psi[0] == pytest.approx(expected, rel=1e-9)


def test_the_index_of_categories_is_exact() -> None:
    random = np.random.default_rng(4)
    reference = random.choice(["a", "b", "c", "rare"], 4_000, p=[0.5, 0.3, 0.195, 0.005]).tolist()
    window = random.choice(["a", "b", "new"], 900, p=[0.5, 0.4, 0.1]).tolist()
    sides = [Counter(side) for side in (window, reference)]
    named = [[count["a"], count["b"], count["c"]] for count in sides]
    shares = [
        [(each + 0.5) / (count.total() + 2) for each in (*three, count.total() - sum(three))]
        for count, three in zip(sides, named, strict=True)
    ]
    expected = sum((p - q) * np.log(p / q) for p, q in zip(*shares, strict=True))
    found = compare(names([window]), names([reference]))
    assert found.psi[0] == pytest.approx(expected, rel=1e-9)
    assert found.psi[0] > found.bound[0]


@pytest.mark.slow
@pytest.mark.parametrize(("n", "m", "grid_rows", "draws"), SIZES, ids=str)
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_chance_exceeds_the_bound_as_often_as_stated(
    name: str, n: int, m: int, grid_rows: int | None, draws: int
) -> None:
    random = np.random.default_rng(5)
    draw, known = DISTRIBUTIONS[name], KNOWN.get(name)
    window = numbers([draw(random, n) for _ in range(draws)], known, grid_rows)
    reference = numbers([draw(random, m) for _ in range(draws)], known, grid_rows)
    for alpha in (0.01, 0.001):
        found = compare(window, reference, alpha)
        assert (found.psi > found.bound).sum() <= binom.ppf(0.9999, draws, alpha)


@pytest.mark.slow
@pytest.mark.parametrize("n", [50, 1_000, 20_000])
def test_chance_exceeds_the_bound_of_categories_as_often_as_stated(n: int) -> None:
    random = np.random.default_rng(6)
    shares = np.array([1 / place for place in range(1, 81)])
    words = np.array([f"name {place}" for place in range(80)])

    def drawn(size: int) -> list[list[str]]:
        return [random.choice(words, size, p=shares / shares.sum()).tolist() for _ in range(300)]

    for alpha in (0.01, 0.001):
        found = compare(names(drawn(n)), names(drawn(5_000)), alpha)
        assert (found.psi > found.bound).sum() <= binom.ppf(0.9999, 300, alpha)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_merged_windows_stay_below_the_bound(name: str) -> None:
    """A day of hours against four weeks of days."""
    random = np.random.default_rng(7)
    draw, known = DISTRIBUTIONS[name], KNOWN.get(name)

    def day() -> Profiles:
        return merge([_with_results(numbers([draw(random, 400) for _ in range(20)], known)) for _ in range(24)])

    days = [day() for _ in range(8)]
    found = compare(days[-1], merge(days[:-1]))
    assert (found.psi > found.bound).sum() <= binom.ppf(0.9999, 20, 0.001)


def _with_results(table: Profiles) -> Profiles:
    """The first feature taken for the predictions, which every model has."""
    return replace(table, feature=Text(table.feature.words, np.where(table.feature.codes, table.feature.codes, -1)))


@pytest.mark.parametrize(("shift", "n", "power"), [(0.5, 1_000, 0.99), (0.2, 5_000, 0.99), (0.1, 20_000, 0.99)])
def test_a_shift_is_found(shift: float, n: int, power: float) -> None:
    random = np.random.default_rng(8)
    reference = numbers([random.normal(size=50_000) for _ in range(60)])
    found = compare(numbers([random.normal(shift, 1, n) for _ in range(60)]), reference)
    assert (found.psi > found.bound).mean() >= power


@pytest.mark.parametrize(
    ("before", "after"),
    [([5.0], [7.0]), ([0.0, 1.0], [0.0, 2.0]), ([0.0, 1.0, 2.0], [0.0, 0.5, 2.0]), ([0.0], [-1.0])],
    ids=["a constant", "a new value above", "a new value between", "a new value below"],
)
def test_values_that_the_reference_never_had_are_seen(before: list[float], after: list[float]) -> None:
    random = np.random.default_rng(9)
    known = np.array([*before, *after])
    found = compare(numbers([random.choice(after, 500)], known), numbers([random.choice(before, 5_000)], known))
    assert found.psi[0] > 10 * found.bound[0]


@given(st.lists(st.floats(-1e300, 1e300), min_size=FEWEST, max_size=200), st.booleans())
def test_identical_data_never_drift(values: list[float], is_known: bool) -> None:
    sample = np.array(values)
    table = numbers([sample], sample if is_known else None)
    found = compare(table, table)
    assert found.psi[0] == 0
    assert found.bound[0] > 0


@pytest.mark.parametrize("wild", [1e12, -1e300, 1.7e308])
def test_one_wild_value_moves_nothing_beyond_its_own_count(wild: float) -> None:
    random = np.random.default_rng(10)
    window, reference = random.normal(size=2_000), random.normal(size=2_000)
    plain = compare(numbers([window]), numbers([reference])).psi[0]
    for sides in ((np.append(window, wild), reference), (window, np.append(reference, wild))):
        assert compare(numbers([sides[0]]), numbers([sides[1]])).psi[0] == pytest.approx(plain, abs=0.003)


def test_what_can_t_be_judged_is_no_number() -> None:
    few, enough = np.arange(float(FEWEST - 1)), np.arange(200.0)
    assert np.isnan(compare(numbers([few]), numbers([enough])).psi[0])
    assert np.isnan(compare(numbers([enough]), numbers([few])).psi[0])
    assert np.isnan(compare(numbers([enough]), names([["a"] * 200])).psi[0])
    assert np.isnan(compare(names([["a"] * 200]), numbers([enough])).psi[0])
    none = numbers([enough]).take(np.zeros(1, bool))
    assert np.isnan(compare(numbers([enough]), none).psi).all()
    assert len(compare(none, numbers([enough])).psi) == 0


def test_series_are_matched_by_their_names() -> None:
    random = np.random.default_rng(11)
    window = numbers([random.normal(size=100) for _ in range(4)])
    reference = replace(
        numbers([random.normal(size=100) for _ in range(4)]), feature=Text.of([None, "f000001", "f000003", "z"])
    )
    assert matched(window, reference).tolist() == [-1, 1, -1, 2]
    other = replace(reference, model_id=Text.of(["l", "m", "m", "n"]))
    assert matched(window, other).tolist() == [-1, 1, -1, 2]
    assert matched(window, replace(other, predictor=Text.of(["q"] * 4))).tolist() == [-1] * 4


@pytest.mark.parametrize("draw", DISTRIBUTIONS.values(), ids=DISTRIBUTIONS)
def test_many_series_are_compared_as_one_by_one(draw: Draw) -> None:
    random = np.random.default_rng(12)
    samples = [[draw(random, 300) for _ in range(5)] for _ in range(2)]
    together = compare(*(numbers(side, np.arange(101.0)) for side in samples))
    alone = [compare(*(numbers([sample], np.arange(101.0)) for sample in pair)) for pair in zip(*samples, strict=True)]
    assert together.psi.tolist() == [found.psi[0] for found in alone]
    assert together.bound.tolist() == [found.bound[0] for found in alone]
