"""How predictions meet their actuals.

Evaluation against actuals is not computed yet: all but `training_evaluation` are absent until a window's profile
carries it.
"""

from __future__ import annotations

from collections.abc import Iterable

from metrics_exporter.statistics.kinds import Context, ModelState


def evaluation(_: ModelState, __: Context) -> Iterable[tuple[str, float]]:
    """Absent."""
    return ()


def rows(_: ModelState, __: Context) -> float | None:
    """Absent."""
    return None


def window_end(_: ModelState, __: Context) -> float | None:
    """Absent."""
    return None


def labelled_ratio(_: ModelState, __: Context) -> float | None:
    """Absent."""
    return None


def training_evaluation(model: ModelState, _: Context) -> Iterable[tuple[str, float]]:
    """The metrics on the training evaluation set, as the registry states them."""
    return sorted(model.training.items())
