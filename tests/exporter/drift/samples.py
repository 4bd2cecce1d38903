"""Tables of profiles from samples, as a scan makes them: a feature each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics_exporter.profiles.merge import ATOM_SHARE, TOP_ATOMS, TOP_CATEGORIES
from metrics_exporter.profiles.table import COUNTS, GRID, NameLists, NumberLists, Profiles, offsets_of
from metrics_exporter.profiles.text import Text

Sample = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Sample]

DISTRIBUTIONS: Mapping[str, Draw] = {
    "normal": lambda random, n: random.normal(size=n),
    "log-normal": lambda random, n: random.lognormal(0, 1.5, n),
    "offset": lambda random, n: 1.7e9 + random.uniform(0, 3600, n),
    "heavy tail": lambda random, n: random.standard_cauchy(n),
    "two humps": lambda random, n: np.where(random.random(n) < 0.3, random.normal(-5, 1, n), random.normal(5, 2, n)),
    "zero-inflated": lambda random, n: np.where(random.random(n) < 0.7, 0.0, random.lognormal(size=n)),
    "poisson": lambda random, n: random.poisson(3, n).astype(float),
    "hours of the day": lambda random, n: random.integers(0, 24, n).astype(float),
    "integers to 100": lambda random, n: random.integers(0, 101, n).astype(float),
    "boolean": lambda random, n: (random.random(n) < 0.1).astype(float),
}


def numbers(samples: Sequence[Sample], known: Sample | None = None, grid_rows: int | None = None) -> Profiles:
    """Numeric features.

    Args:
        samples: the values of each.
        known: values that are counted exactly, as those that windows before had often.
        grid_rows: the grid is made from so many of the values, at most.
    """
    size = len(samples)
    known = np.empty(0) if known is None else known
    kept = [sample if grid_rows is None else sample[:grid_rows] for sample in samples]
    ranks = np.array(GRID) - 1e-12
    atoms = [_atoms(sample, known) for sample in samples]
    counts = _counts(samples)
    counts["grid_rows"] = np.array([len(sample) for sample in kept])
    return Profiles(
        **_names(size),
        **counts,
        mean=np.array([sample.mean() for sample in samples]),
        squared_deviations=np.array([sample.var() * len(sample) for sample in samples]),
        minimum=np.array([sample.min() for sample in samples]),
        maximum=np.array([sample.max() for sample in samples]),
        grid=np.array([np.quantile(sample, ranks, method="inverted_cdf") for sample in kept]),
        atoms=NumberLists(
            offsets_of([len(values) for values, _ in atoms]),
            np.concatenate([values for values, _ in atoms]),
            np.concatenate([counts for _, counts in atoms]).astype(np.int64),
        ),
        categories=NameLists(np.zeros(size + 1, np.int64), Text.of(()), np.empty(0, np.int64)),
    )


def names(samples: Sequence[Sequence[str]]) -> Profiles:
    """Categorical features."""
    size = len(samples)
    sorted_ = [sorted(Counter(sample).items(), key=lambda each: (-each[1], each[0])) for sample in samples]
    tops = [each[:TOP_CATEGORIES] for each in sorted_]
    nothing: Any = np.full(size, np.nan)
    return Profiles(
        **_names(size),
        **_counts(samples)
        | {"other": np.array([sum(count for _, count in each[TOP_CATEGORIES:]) for each in sorted_], np.int64)},
        mean=nothing,
        squared_deviations=nothing,
        minimum=nothing,
        maximum=nothing,
        grid=np.full((size, len(GRID)), np.nan),
        atoms=NumberLists(np.zeros(size + 1, np.int64), np.empty(0), np.empty(0, np.int64)),
        categories=NameLists(
            offsets_of([len(each) for each in tops]),
            Text.of(name for each in tops for name, _ in each),
            np.array([count for each in tops for _, count in each], np.int64),
        ),
    )


def _atoms(sample: Sample, known: Sample) -> tuple[Sample, NDArray[np.int64]]:
    values, counts = np.unique(sample, return_counts=True)
    often = np.isin(values, known) & (counts >= ATOM_SHARE * len(sample))
    most = np.sort(np.flatnonzero(often)[np.argsort(-counts[often], kind="stable")][:TOP_ATOMS])
    return values[most], counts[most]


def _names(size: int) -> dict[str, Text]:
    return {
        "predictor": Text.of(["p"] * size),
        "model_id": Text.of(["m"] * size),
        "feature": Text.of([f"f{place:06}" for place in range(size)]),
    }


def _counts(samples: Sequence[Sequence[Any] | Sample]) -> dict[str, NDArray[np.int64]]:
    counts = {name: np.zeros(len(samples), np.int64) for name in COUNTS}
    lengths = np.array([len(sample) for sample in samples])
    return counts | {"rows": lengths, "values": lengths, "unseen": np.full(len(samples), -1)}
