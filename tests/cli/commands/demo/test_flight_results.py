"""Published delays are compared with one pass over the file."""

from __future__ import annotations

import io
import json

from rich.console import Console

from cli.commands.demo.flight_results import show
from cli.commands.demo.reference import flight_delays

FLIGHTS = b"month,carrier,origin,dest,dep_time,arr_delay\n" + b"1,UA,EWR,IAH,517,11\n" * 100


def test_a_figure_that_differs_is_named() -> None:
    """By its part of the summary; equal ones are counted."""
    console = Console(file=io.StringIO(), width=120)
    summary = flight_delays(FLIGHTS)
    assert show(console, {"summary.json": json.dumps(summary).encode()}, FLIGHTS) == []
    assert isinstance(console.file, io.StringIO)
    assert "100 flights; all 3 figures equal" in console.file.getvalue()
    wrong = show(console, {"summary.json": json.dumps({**summary, "flights": 99}).encode()}, FLIGHTS)
    assert wrong == ["flight-delays: flights differs from one pass over the file."]
