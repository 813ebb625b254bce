"""What a series of prices says: returns, volatility, drawdown; and how well next month's risk can be
foreseen.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import sqrt
from statistics import stdev
from typing import Any

MONTHS = 12
DECAYS = [step / 100 for step in range(50, 100)]
"""Weights of the past in the exponentially weighted variance, of which the model takes the best."""
_LEARNT_FROM = 2 / 3
_MIN_RETURNS = 12


def returns_of(prices: Sequence[float]) -> list[float]:
    """Return what each month gained, as a share of the price before."""
    return [price / previous - 1 for previous, price in pairwise(prices)]


def measures(prices: Sequence[float]) -> dict[str, float | None]:
    """Return the total and the yearly return, the yearly volatility (a standard deviation), and the deepest
    fall from a peak.

    Shares, not per cent; None where there are too few months to say.
    """
    returns = returns_of(prices)
    total = prices[-1] / prices[0]
    peaks = accumulate(prices, max)
    return {
        "total_return": total - 1,
        "yearly_return": total ** (MONTHS / len(returns)) - 1 if returns else None,
        "yearly_volatility": stdev(returns) * sqrt(MONTHS) if len(returns) > 1 else None,
        "deepest_fall": max(1 - price / peak for price, peak in zip(prices, peaks, strict=True)),
    }


def forecast(returns: Sequence[float]) -> dict[str, Any] | None:
    """Return a forecast of next month's volatility, with how good it was; None for less than a year.

    The variance is an exponentially weighted mean of squared returns. Its decay is the one that foresaw the
    first two thirds best; the error is of the last third, which it has not seen, beside that of the naive
    forecast "as last month".
    """
    if len(returns) < _MIN_RETURNS:
        return None
    squares = [one * one for one in returns]
    cut = int(len(squares) * _LEARNT_FROM)
    decay = min(DECAYS, key=lambda one: _error(_variances(squares[:cut], one), squares[:cut]))
    variances = _variances(squares, decay)
    error, naive = _error(variances[cut:-1], squares[cut:]), _error(squares[cut - 1 : -1], squares[cut:])
    return {
        "decay": decay,
        "next_yearly_volatility": sqrt(variances[-1] * MONTHS),
        "error": sqrt(error),
        "naive_error": sqrt(naive),
        "better_than_naive": 1 - error / naive if naive else 0.0,
    }


def _variances(squares: Sequence[float], decay: float) -> list[float]:
    """Return what is expected before each month, and before the one that follows the last."""
    return list(
        accumulate(
            squares, lambda variance, square: decay * variance + (1 - decay) * square, initial=squares[0]
        )
    )


def _error(expected: Sequence[float], found: Sequence[float]) -> float:
    """Return the mean of the squared differences, as far as there are both."""
    pairs = list(zip(expected, found, strict=False))
    return sum((one - other) ** 2 for one, other in pairs) / len(pairs)
