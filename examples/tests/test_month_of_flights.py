"""month_of_flights: a set of days."""

from __future__ import annotations

import pytest

from pipelines.month_of_flights import pipeline
from sluice.testing import run

HEADER = "year,month,day,dep_time,arr_delay,carrier\n"
DAYS = {
    "flights-by-day/2013-01/01.csv": f"{HEADER}2013,1,1,517,11,UA\n2013,1,1,533,-4,AA\n2013,1,1,NA,NA,UA\n",
    "flights-by-day/2013-01/02.csv": f"{HEADER}2013,1,2,517,NA,UA\n",
    "flights-by-day/2013-01/_SUCCESS": "",
}


def test_each_day_is_a_row_in_order() -> None:
    """With what was cancelled, and without a mean where nothing arrived."""
    found = run(pipeline, files=dict(reversed(DAYS.items())))
    assert found.succeeded, found
    assert found.files["days.csv"].text().splitlines() == [
        "day,flights,cancelled,mean_arrival_delay",
        "01,3,1,3.5",
        "02,1,0,",
    ]
    assert found.files["month.json"].json() == {
        "period": "2013-01",
        "days": 2,
        "flights": 4,
        "cancelled": 1,
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n", "line 1: expected dep_time, arr_delay, found no dep_time, arr_delay"),
        (f"{HEADER}2013,1,1,517\n", "line 2: expected as many cells as the header has"),
        (f"{HEADER}2013,1,1,517,late,UA\n", "line 2: could not convert string to float: 'late'"),
        ("", "line 1: expected dep_time, arr_delay"),
    ],
    ids=["columns", "a short row", "a word", "an empty file"],
)
def test_a_day_that_is_no_table_fails_with_its_line(content: str, message: str) -> None:
    """And nothing is published."""
    found = run(pipeline, files={**DAYS, "flights-by-day/2013-01/02.csv": content})
    assert not found.succeeded
    (failed,) = found.steps["delays"].failed
    assert f"flights-by-day/2013-01/02.csv, {message}" in str(failed.error)
    assert "days.csv" not in found.files
