"""What a portfolio did: clean the prices of its symbols, process each, model each, store the insights of
all.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from containers.post_trade.prices import PriceError, cleaned, month_name, rows
from containers.post_trade.risk import forecast, measures, returns_of
from sluice.steps import Item, Out, Request, Results, ScheduledTime


def clean(trigger: ScheduledTime | Request) -> Iterator[dict[str, Any]]:
    """Yield the prices of each symbol of the portfolio: of those that the input names, ``{"symbols":
    ["IBM"]}``, or of all.
    """
    series = {one.symbol: one for one in cleaned(rows())}
    for symbol in symbols_of(trigger.input, sorted(series)):
        yield series[symbol]._asdict()


def symbols_of(given: Any, known: list[str]) -> list[str]:
    """Return the symbols that an input names; raises PriceError for what is none."""
    if given is None:
        return known
    symbols = given.get("symbols", known) if isinstance(given, dict) else None
    if not isinstance(symbols, list) or any(symbol not in known for symbol in symbols):
        raise PriceError(
            f'Expected an input such as {{"symbols": {json.dumps(known)}}}, found {str(given)[:100]!r}.'
            " Correct it."
        )
    return list(dict.fromkeys(symbols))


def process(item: Item, out: Out) -> dict[str, Any]:
    """Return what the prices of a symbol say."""
    prices = item["prices"]
    span = {
        "symbol": item["symbol"],
        "from": month_name(item["first"]),
        "to": month_name(item["first"] + len(prices) - 1),
    }
    return span | {"filled": item["filled"], **measures(prices), "returns": returns_of(prices)}


def model(item: Item, out: Out) -> dict[str, Any]:
    """Return the same with a forecast in place of the single returns."""
    found: dict[str, Any] = dict(item.previous)
    returns = found.pop("returns")
    return found | {"forecast": forecast(returns)}


def store(results: Results, out: Out) -> None:
    """Publish the insights, the calmest symbol first, as JSON and as a table."""
    insights = sorted(
        (insight for _, insight in results("model")),
        key=lambda one: (one["yearly_volatility"] or 0.0, one["symbol"]),
    )
    out.write("insights.json", json.dumps(insights, indent=1))
    out.write("insights.csv", _table(insights))


def _table(insights: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    columns = [
        "symbol",
        "from",
        "to",
        "total_return",
        "yearly_return",
        "yearly_volatility",
        "deepest_fall",
        "next_yearly_volatility",
    ]
    writer = csv.DictWriter(text, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(insight | (insight["forecast"] or {}) for insight in insights)
    return text.getvalue()
