"""Quantiles of Student's t distribution, without scipy."""

from __future__ import annotations

import functools
import math

__all__ = ["t_quantile"]

# What follows is computed in the order, and with the limits, that give Inspect's digits: an interval must not depend on
# which of the two programs computed it.
_MOST_TERMS = 200
_NO_CHANGE = 3e-16
_TINY = 1e-300
_HALVINGS = 100


@functools.lru_cache(maxsize=1024)
def t_quantile(p: float, df: int) -> float:
    """Find the t below which a share p of Student's t distribution lies.

    The distribution function is 1 - I_x(df/2, 1/2) / 2 with x = df / (df + t²) [1]_, where I is the regularised
    incomplete beta function; it is inverted by bisection.

    Parameters
    ----------
    p
        At least 0.5 and below 1: the upper half, as intervals need it.
    df
        Degrees of freedom, at least 1.

    Raises
    ------
    ValueError
        p or df is out of range.

    References
    ----------
    .. [1] Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.7.1.

    Examples
    --------
    >>> round(t_quantile(0.975, 1), 4), round(t_quantile(0.975, 30), 4), t_quantile(0.5, 3)
    (12.7062, 2.0423, 0.0)
    """
    if not 0.5 <= p < 1.0 or df < 1:
        raise ValueError(f"There is no t quantile for p={p} and df={df}: p must be in [0.5, 1) and df at least 1.")
    if p == 0.5:
        return 0.0
    high = 1.0
    while _below(high, df) < p:
        high *= 2.0
    low = middle = 0.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        if middle in (low, high):  # no float lies between them
            break
        if _below(middle, df) < p:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def _below(t: float, df: int) -> float:
    """Share of the distribution below t, which is not negative."""
    return 1.0 - 0.5 * _incomplete_beta(df / 2.0, 0.5, df / (df + t * t))


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """Regularised incomplete beta function I_x(a, b).

    DLMF 8.17.22, x^a (1-x)^b / (a B(a, b)) times a continued fraction. That converges fast up to the mean of the
    distribution, about (a + 1) / (a + b + 2); beyond, I_x(a, b) = 1 - I_{1-x}(b, a), DLMF 8.17.4.
    """
    if not 0.0 < x < 1.0:
        return 0.0 if x <= 0.0 else 1.0
    log_beta = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    power = math.exp(log_beta + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1.0) / (a + b + 2.0):
        return power * _beta_fraction(a, b, x) / a
    return 1.0 - power * _beta_fraction(b, a, 1.0 - x) / b


def _beta_fraction(a: float, b: float, x: float) -> float:
    """Evaluate 1 / (1 + d₁ / (1 + d₂ / (1 + …))) by the modified method of Lentz (Thompson and Barnett, 1986)."""
    # d₁ with its factor a / a cancelled
    denominator = 1.0 / _not_zero(1.0 - (a + b) * x / (a + 1.0))
    numerator, value = 1.0, denominator
    for m in range(1, _MOST_TERMS + 1):
        change = 1.0
        for coefficient in (
            m * (b - m) * x / ((a - 1.0 + 2 * m) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 1.0 + 2 * m)),
        ):
            denominator = 1.0 / _not_zero(1.0 + coefficient * denominator)
            numerator = _not_zero(1.0 + coefficient / numerator)
            change = numerator * denominator
            value *= change
        if abs(change - 1.0) < _NO_CHANGE:
            break
    return value


def _not_zero(x: float) -> float:
    return _TINY if abs(x) < _TINY else x
