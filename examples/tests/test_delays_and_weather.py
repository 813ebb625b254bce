"""delays_and_weather, after weather and flight_delays."""

from __future__ import annotations

import csv

import pytest

from containers.delays_and_weather import steps as join_steps
from containers.weather import steps as weather_steps
from pipelines.delays_and_weather import pipeline as join
from pipelines.weather import pipeline as weather
from sluice.testing import run

WEATHER = "origin,month,precip,visib\nEWR,1,0.5,10\nJFK,1,0,NA\nEWR,2,0.25,2\nEWR,2,NA,4\n"
DELAYS = (
    "carrier,month,flights,mean_arrival_delay,cancelled_share\n"
    "AA,1,10,5.0,0.0\nUA,1,30,1.0,0.0\nAA,2,4,,1.0\n"
)


def test_delays_and_weather_are_joined_by_month() -> None:
    """The results of the two pipelines, by the names that they published them under."""
    months = run(weather, files={"2013.csv": WEATHER}, functions=weather_steps).files["months.csv"]
    upstream: dict[str, dict[str, bytes | str]] = {
        "flight-delays": {"carriers.csv": DELAYS},
        "weather": {"months.csv": months},
    }
    found = run(join, upstream=upstream, functions=join_steps)
    assert list(csv.reader(found.files["joined.csv"].text().splitlines())) == [
        ["month", "flights", "mean_arrival_delay", "rain"],
        ["1", "40", "2.0", "0.5"],
        ["2", "4", "0.0", "0.25"],
    ]
    assert found.receipt is not None
    assert [one["pipeline"] for one in found.receipt["trigger"]["runs"]] == ["flight-delays", "weather"]


@pytest.mark.parametrize("missing", ["carriers.csv", "months.csv"])
def test_results_that_lack_a_file_fail_the_run(missing: str) -> None:
    """By its name."""
    upstream: dict[str, dict[str, bytes | str]] = {
        "flight-delays": {"carriers.csv": DELAYS},
        "weather": {"months.csv": "month,rain\n1,0\n"},
    }
    kept = {
        name: {one: text for one, text in files.items() if one != missing} for name, files in upstream.items()
    }
    found = run(join, upstream=kept, functions=join_steps)
    assert found.reason is not None
    assert missing in found.reason
