"""post_trade from what starts it to the results, every job run by its real entry point, on the real
prices.
"""

from __future__ import annotations

import csv
import io
import math
from statistics import fmean, variance
from typing import Any

import pytest

from containers.post_trade.prices import PriceError, cleaned, month_name, rows
from containers.post_trade.risk import DECAYS, forecast, measures
from containers.post_trade.steps import symbols_of
from pipelines.post_trade import pipeline
from sluice.pipeline.definition import Manual, Schedule
from sluice.testing import run
from sluice.triggers.trigger_event import Request, ScheduledTime

SYMBOLS = {"AAPL": 123, "AMZN": 123, "GOOG": 68, "IBM": 123, "MSFT": 123}


def one_pass() -> dict[str, dict[str, Any]]:
    """Return the measures of each symbol straight from the file, month after month, without the pipeline's
    code.
    """
    found: dict[str, dict[str, Any]] = {}
    for symbol in SYMBOLS:
        prices = [float(row["price"]) for row in rows() if row["symbol"] == symbol]
        gains = [prices[n] / prices[n - 1] - 1 for n in range(1, len(prices))]
        fall = max(
            (prices[n] - prices[m]) / prices[n] for n in range(len(prices)) for m in range(n, len(prices))
        )
        found[symbol] = {
            "total_return": (prices[-1] - prices[0]) / prices[0],
            "yearly_return": math.exp(math.log(prices[-1] / prices[0]) / (len(gains) / 12)) - 1,
            "yearly_volatility": math.sqrt(variance(gains) * 12),
            "deepest_fall": fall,
            "forecast": foreseen(gains),
        }
    return found


def foreseen(gains: list[float]) -> dict[str, float]:
    """Return the forecast by its definition: a weighted sum of all squares before a month."""
    squares = [gain**2 for gain in gains]
    cut = len(squares) * 2 // 3

    def expected(month: int, decay: float) -> float:
        if month == 0:
            return squares[0]
        weights = [(1 - decay) * decay ** (month - 1 - past) for past in range(month)]
        return (
            sum(weight * square for weight, square in zip(weights, squares, strict=False))
            + decay**month * squares[0]
        )

    def error(months: range, decay: float) -> float:
        return fmean((expected(month, decay) - squares[month]) ** 2 for month in months)

    decay = min(DECAYS, key=lambda one: error(range(cut), one))
    last = range(cut, len(squares))
    naive = fmean((squares[month - 1] - squares[month]) ** 2 for month in last)
    return {
        "decay": decay,
        "next_yearly_volatility": math.sqrt(12 * expected(len(squares), decay)),
        "error": math.sqrt(error(last, decay)),
        "naive_error": math.sqrt(naive),
        "better_than_naive": 1 - error(last, decay) / naive,
    }


@pytest.mark.parametrize(
    "trigger",
    [
        ScheduledTime(time="2030-01-31T22:30:00Z", expression="cron(30 22 ? * MON-FRI *)"),
        Request(token="tonight"),
    ],
    ids=["night", "now"],
)
def test_the_insights_equal_one_pass_over_the_prices(trigger: Any) -> None:
    """Whatever starts it: a child for each symbol, every figure as computed plainly, the calmest first,
    nothing transient left.
    """
    ran = run(pipeline, trigger=trigger)
    assert ran.succeeded, ran
    assert ran.steps["process"].children == ran.steps["model"].children == len(SYMBOLS)
    insights = ran.files["insights.json"].json()
    expected = one_pass()
    assert {one["symbol"] for one in insights} == expected.keys()
    for one in insights:
        assert_equal(one, expected[one["symbol"]])
    volatilities = [one["yearly_volatility"] for one in insights]
    assert volatilities == sorted(volatilities)
    table = list(csv.DictReader(io.StringIO(ran.files["insights.csv"].text())))
    assert [row["symbol"] for row in table] == [one["symbol"] for one in insights]
    assert {row["symbol"]: (row["from"], row["to"]) for row in table}["GOOG"] == ("2004-08", "2010-03")


def assert_equal(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Compare every figure of a symbol."""
    single = expected.keys() - {"forecast"}
    assert {name: found[name] for name in single} == pytest.approx({name: expected[name] for name in single})
    assert found["forecast"] == pytest.approx(expected["forecast"])


def test_the_input_may_name_symbols() -> None:
    """Only those are looked at."""
    ran = run(pipeline, trigger=Request(token="t", input={"symbols": ["IBM", "IBM"]}))
    assert ran.succeeded, ran
    assert [one["symbol"] for one in ran.files["insights.json"].json()] == ["IBM"]


def test_no_symbols_are_a_run_without_items() -> None:
    """The results are there, and empty."""
    ran = run(pipeline, trigger=Request(token="t", input={"symbols": []}))
    assert ran.succeeded, ran
    assert ran.files["insights.json"].json() == []


def test_an_unknown_symbol_fails_with_its_reason() -> None:
    """It says what there is."""
    ran = run(pipeline, trigger=Request(token="t", input={"symbols": ["ENRN"]}))
    assert not ran.succeeded
    assert str(ran.reason).startswith("clean: PriceError: ")
    assert '"AAPL"' in str(ran.reason)


@pytest.mark.parametrize("given", [[], "IBM", 5, {"symbols": "IBM"}, {"symbols": [1]}])
def test_an_input_is_an_object_with_symbols(given: Any) -> None:
    """Anything else is refused."""
    with pytest.raises(PriceError, match="Expected an input such as"):
        symbols_of(given, ["IBM"])


def row(date: str, price: str, symbol: str = "X") -> dict[str, str]:
    """Return a row of the file."""
    return {"symbol": symbol, "date": date, "price": price}


def test_prices_are_put_in_order_and_gaps_are_filled() -> None:
    """By month, the last price of a month counts, and a month without one has the one before; the filled
    months are counted.
    """
    given = [
        ("May 1 2001", "7"),
        ("Jan 1 2001", "5"),
        ("Jan 1 2001", "4"),
        ("Feb 1 2001", " "),
        ("Apr 1 2001", "6"),
    ]
    (series,) = cleaned([row(*one) for one in given])
    assert (month_name(series.first), series.prices, series.filled) == (
        "2001-01",
        [4.0, 4.0, 4.0, 6.0, 7.0],
        2,
    )


@pytest.mark.parametrize(
    ("date", "price", "message"),
    [
        ("2001-01-01", "5", "X 2001-01-01: expected a date such as Jan 1 2000"),
        ("Jan 1 2001", "five", "X Jan 1 2001: expected a positive price, found 'five'"),
        ("Jan 1 2001", "0", "expected a positive price, found '0'"),
        ("Jan 1 2001", "-1", "expected a positive price"),
        ("Jan 1 2001", "nan", "expected a positive price"),
        ("Jan 1 2001", "inf", "expected a positive price"),
    ],
)
def test_what_is_no_price_is_refused_by_name(date: str, price: str, message: str) -> None:
    """Symbol and date say where it stands."""
    with pytest.raises(PriceError, match=message):
        cleaned([row(date, price)])


def test_few_months_say_little() -> None:
    """One price has no return, two no volatility, less than a year no forecast; no month without movement
    divides by nothing.
    """
    assert measures([5.0]) == {
        "total_return": 0,
        "yearly_return": None,
        "yearly_volatility": None,
        "deepest_fall": 0,
    }
    assert measures([5.0, 4.0])["yearly_volatility"] is None
    assert forecast([0.1] * 11) is None
    still = forecast([0.0] * 24)
    assert still is not None
    assert (still["next_yearly_volatility"], still["better_than_naive"]) == (0.0, 0.0)


def test_each_step_has_its_own_size_of_machine() -> None:
    """And it starts every night, or when it is asked for."""
    assert len({(step.vcpus, step.memory) for step in pipeline.steps}) == 3
    assert {type(trigger) for trigger in pipeline.triggers} == {Schedule, Manual}
