"""Prices of stocks: read from the package vega_datasets, checked, and put in order month by month."""

from __future__ import annotations

import csv
import importlib.util
import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

Month = int
"""Months since the year 0: they can be counted and compared."""
_COLUMNS = ("symbol", "date", "price")


class PriceError(ValueError):
    """The prices are not what they should be."""


class Series(NamedTuple):
    """The prices of a symbol from its first month on, one a month; ``filled`` is how many of them were
    missing.
    """

    symbol: str
    first: Month
    prices: list[float]
    filled: int


def rows() -> list[dict[str, str]]:
    """Return the rows of the file of prices; raises PriceError without the package or a column."""
    found = importlib.util.find_spec("vega_datasets")  # found, not imported: importing it needs pandas
    if found is None or found.origin is None:
        raise PriceError(
            "Expected the package vega_datasets, found none. The image's requirements.txt names it."
        )
    with (Path(found.origin).parent / "_data" / "stocks.csv").open(newline="") as file:
        read = list(csv.DictReader(file, strict=True))
    if not read or any(column not in read[0] for column in _COLUMNS):
        raise PriceError(
            f"Expected rows with {', '.join(_COLUMNS)}, found {list(read[0]) if read else 'none'}."
        )
    return read


def cleaned(read: Iterable[Mapping[str, str]]) -> list[Series]:
    """Return the series by symbol. A month that occurs twice has its last price; one without a price has the
    price before it.

    Raises PriceError, naming symbol and date, for what is no date and no positive price.
    """
    by_symbol: dict[str, dict[Month, float]] = {}
    for row in read:
        where = f"{row['symbol']} {row['date']}"
        if row["price"].strip():
            by_symbol.setdefault(row["symbol"].strip(), {})[_month(row["date"], where)] = _price(
                row["price"], where
            )
    return [_series(symbol, months) for symbol, months in sorted(by_symbol.items())]


def _series(symbol: str, months: Mapping[Month, float]) -> Series:
    first, last = min(months), max(months)
    prices = [months[first]]
    for month in range(first + 1, last + 1):
        prices.append(months.get(month, prices[-1]))
    return Series(symbol, first, prices, last - first + 1 - len(months))


def month_name(month: Month) -> str:
    """Return a month as ``2000-01``."""
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


def _month(text: str, where: str) -> Month:
    try:
        found = datetime.strptime(text.strip(), "%b %d %Y")  # noqa: DTZ007 - a month has no time zone
    except ValueError as error:
        raise PriceError(f"{where}: expected a date such as Jan 1 2000, found {text[:40]!r}.") from error
    return found.year * 12 + found.month - 1


def _price(text: str, where: str) -> float:
    try:
        price = float(text)
    except ValueError:
        price = math.nan
    if not 0 < price < math.inf:
        raise PriceError(f"{where}: expected a positive price, found {text[:40]!r}.")
    return price
