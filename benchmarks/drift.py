"""`drift`: 100,000 profiles against their references, and how often a shift of a normal distribution is found.

The reference is what any comparison must do at least: sort the points of both grids together, row by row, in numpy.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from benchmarks.lines import Line
from benchmarks.profiles import numeric
from metrics_exporter.drift.compare import compare
from metrics_exporter.profiles.table import GRID, Profiles
from metrics_exporter.statistics.drift import EFFECT_FLOOR

_MODELS, _FEATURES = 2_000, 49
_MOST_SECONDS, _MOST_MB = 2, 500
_REFERENCE, _DRAWS = 50_000, 60
_SHIFTS = (0.1, 0.2, 0.3, 0.5, 1.0)
_SIZES = (100, 500, 1_000, 5_000, 20_000)
_REPEATS = 3


def run() -> Iterator[Line]:
    """Speed, then power."""
    random = np.random.default_rng(1)
    models = [(f"p{place:04}", "m") for place in range(_MODELS)]
    sides = [numeric(models, _FEATURES, random) for _ in range(2)]
    window, reference = (replace(side, grid_rows=side.values) for side in sides)
    ours = _best(lambda: compare(window, reference))
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    floor = _best(lambda: np.sort(np.hstack((window.grid, reference.grid)), axis=1))
    yield Line(
        f"drift: {len(window):,} profiles",
        f"{ours:.2f} s",
        f"numpy sort of both grids {floor:.2f} s",
        f"{ours / floor:.2f}",
        f"<= {_MOST_SECONDS} s",
        ours <= _MOST_SECONDS,
    )
    yield Line("drift: memory", f"{megabytes:.0f} MB", goal=f"<= {_MOST_MB} MB", ok=megabytes <= _MOST_MB)
    for size in _SIZES:
        yield _power(size, random)


def _power(size: int, random: np.random.Generator) -> Line:
    """In which share of days a shift exceeds the bound, and the effect floor, too."""
    known = _described([random.normal(size=_REFERENCE) for _ in range(_DRAWS)])
    found = []
    for shift in _SHIFTS:
        drift = compare(_described([random.normal(shift, 1, size) for _ in range(_DRAWS)]), known)
        found.append((np.mean(drift.psi > drift.bound), np.mean(drift.psi > np.fmax(drift.bound, EFFECT_FLOOR))))
    shown = " ".join(f"{share:4.0%}" for share, _ in found)
    beyond = " ".join(f"{share:4.0%}" for _, share in found)
    return Line(f"drift: {size:,} values, by σ", shown, f"score > 1: {beyond}")


def _described(samples: list[np.ndarray]) -> Profiles:
    """Profiles of samples whose values don't repeat."""
    table = numeric([("p", "m")], len(samples) - 1, np.random.default_rng(0))
    sizes = np.array([len(sample) for sample in samples])
    return replace(
        table,
        rows=sizes,
        values=sizes,
        grid_rows=sizes,
        minimum=np.array([sample.min() for sample in samples]),
        maximum=np.array([sample.max() for sample in samples]),
        grid=np.array([np.quantile(sample, np.array(GRID) - 1e-12, method="inverted_cdf") for sample in samples]),
    )


def _best(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(_REPEATS):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best
