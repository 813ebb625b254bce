"""weather_of_a_day: one file, one day."""

from __future__ import annotations

import pytest

from pipelines.weather_of_a_day import pipeline
from sluice.testing import run

HEADER = "origin,hour,temp,precip,visib\n"


def test_a_day_is_summed_up() -> None:
    """What is not known counts nothing."""
    found = run(pipeline, files={"2013-01-01.csv": f"{HEADER}EWR,1,39.02,0.5,10\nJFK,1,NA,0.25,0.5\n"})
    assert found.files["day.json"].json() == {
        "hours": 2,
        "rain": 0.75,
        "temperature": [39.02, 39.02],
        "visibility": [0.5, 10.0],
    }


def test_a_day_without_hours_is_empty() -> None:
    """And no error."""
    found = run(pipeline, files={"2013-01-01.csv": HEADER})
    assert found.files["day.json"].json()["temperature"] == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n", "line 1: expected origin, temp, precip, visib, found no origin"),
        (f"{HEADER}EWR,1\n", "line 2: expected as many cells as the header has, found EWR"),
        (f"{HEADER}EWR,1,warm,0,10\n", "line 2: could not convert string to float: 'warm'"),
        (f'{HEADER}EWR,1,"39"x,0,10\n', "line 2: "),
    ],
    ids=["columns", "a short row", "a word", "a quote"],
)
def test_what_is_no_weather_is_refused_with_its_line(content: str, message: str) -> None:
    """And nothing is published."""
    found = run(pipeline, files={"2013-01-01.csv": content})
    assert message in str(found.reason)
    assert not found.files
