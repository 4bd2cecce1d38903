"""Quantiles of the χ² distribution."""

from __future__ import annotations

from functools import cache
from math import exp, lgamma, log

_STEPS = 200  # halvings; a double has no more to give after some 60
_ENOUGH = 1e-16


@cache
def quantile(share: float, degrees: int) -> float:
    """The value that a χ²-distributed quantity exceeds in the share `1 - share` of cases.

    Args:
        share: between 0 and 1, both excluded.
        degrees: degrees of freedom, at least 1.
    """
    low, high = 0.0, 1.0
    while _below(high, degrees) < share:
        high *= 2
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if _below(middle, degrees) < share else (low, middle)
    return high


def _below(value: float, degrees: int) -> float:
    """The distribution function: the regularized lower incomplete gamma function P(degrees / 2, value / 2).

    By its power series (Abramowitz and Stegun, 6.5.29), whose terms are all positive.
    """
    if value <= 0:
        return 0.0
    a, x = degrees / 2, value / 2
    term = total = 1 / a
    n = a
    while term > total * _ENOUGH:
        n += 1
        term *= x / n
        total += term
    return total * exp(a * log(x) - x - lgamma(a))
