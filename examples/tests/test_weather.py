"""weather: months out of a table of hours."""

from __future__ import annotations

import pytest

from pipelines.weather import pipeline
from sluice.testing import run

WEATHER = "origin,month,precip,visib\nEWR,1,0.5,10\nJFK,1,0,NA\nEWR,2,0.25,2\nEWR,2,NA,4\n"


def test_the_weather_is_summed_up_by_month() -> None:
    """What is not known counts nothing."""
    found = run(pipeline, files={"2013.csv": WEATHER})
    assert found.files["months.csv"].text().splitlines() == [
        "month,hours,rain,visibility",
        "1,2,0.5,10.0",
        "2,2,0.25,3.0",
    ]


def test_another_table_is_refused() -> None:
    """With the columns that it lacks."""
    found = run(pipeline, files={"2013.csv": "a,b\n1,2\n"})
    assert found.reason is not None
    assert "found no month, precip, visib" in found.reason


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ('EWR,"3,0.5,10\nEWR,4,0.5,10\n', "line 4: expected cells quoted as a whole"),
        ('EWR,"3"x,0.5,10\n', "line 3: expected cells quoted as a whole"),
        ("EWR,3\n", "line 3: expected as many cells as the header has, found EWR, 3"),
        ("EWR,March,0.5,10\n", "line 3: expected the number of a month, found 'March'"),
        ("EWR,3,wet,10\n", "line 3: expected a number or NA, found 'wet'"),
    ],
    ids=["a quote that is never closed", "a quote within a cell", "a short row", "a name", "a word"],
)
def test_a_row_that_is_none_is_refused_with_its_line(row: str, message: str) -> None:
    """Nothing behind an open quote is read as rows, or left out."""
    found = run(pipeline, files={"2013.csv": f"origin,month,precip,visib\nEWR,1,0.5,10\n{row}"})
    assert found.reason is not None
    assert message in found.reason
    assert not found.files


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_any_line_ends_are_read(end: str) -> None:
    """And a line break within quotes is none."""
    found = run(pipeline, files={"2013.csv": (WEATHER + '"E\nWR",3,1,1\n').replace("\n", end)})
    assert found.files["months.csv"].text().splitlines()[1:] == [
        "1,2,0.5,10.0",
        "2,2,0.25,3.0",
        "3,1,1.0,1.0",
    ]
