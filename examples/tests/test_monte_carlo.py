"""monte_carlo from what starts it to the results, every job run by its real entry point."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from math import pi
from typing import Any

import pytest

from containers.monte_carlo.plot import plot
from containers.monte_carlo.steps import InputError, estimated, throws_of
from pipelines.monte_carlo import pipeline
from sluice.pipeline.definition import Array, Pipeline, Webhook
from sluice.testing import run
from sluice.triggers.trigger_event import Request, ScheduledTime, WebhookDelivery


def few(seeds: int) -> Pipeline:
    """Return the pipeline with fewer seeds, and a webhook beside its own triggers."""
    throw = pipeline.steps[0]
    assert isinstance(throw, Array)
    steps = [replace(throw, size=seeds, items_per_child=10), pipeline.steps[1]]
    return replace(pipeline, triggers=[*pipeline.triggers, Webhook()], steps=steps)


@pytest.mark.parametrize(
    "trigger",
    [
        Request(token="t", input={"throws": 500}),
        ScheduledTime(time="2030-01-31T09:00:00Z", expression="rate(1 day)", input={"throws": 500}),
        WebhookDelivery(form="standard", id="1", input={"throws": 500}),
    ],
)
def test_the_estimate_is_within_five_standard_errors_of_pi(trigger: Any) -> None:
    """Whatever started the run, its input says how much is thrown; results and a plot are published."""
    ran = run(few(40), trigger=trigger)
    assert ran.succeeded, ran
    found = ran.files["pi.json"].json()
    assert (found["seeds"], found["throws"], ran.steps["throw"].children) == (40, 20_000, 4)
    assert abs(found["pi"] - pi) < 5 * found["standard_error"]
    assert (found["pi"], found["standard_error"]) == estimated(found["throws"], found["inside"])
    assert ET.fromstring(ran.files["pi.svg"].text()).tag.endswith("svg")  # noqa: S314 - our own


def test_the_same_seeds_give_the_same_estimate() -> None:
    """The number of a seed is all its luck."""
    ran = run(few(3), trigger=Request(token="t"))
    assert ran.succeeded, ran
    assert ran.files["pi.json"].json()["inside"] == 2342


def test_a_wrong_input_fails_with_its_reason() -> None:
    """It says what was expected."""
    ran = run(few(3), trigger=Request(token="t", input={"throws": "many"}))
    assert not ran.succeeded
    assert str(ran.steps["throw"].failed[0].error).startswith("InputError: ")


@pytest.mark.parametrize("given", [0, -1, 1.5, True, "5", 1_000_001, None])
def test_throws_are_a_whole_number(given: Any) -> None:
    """Of a range that ends in time."""
    with pytest.raises(InputError, match="Expected an input such as"):
        throws_of({"throws": given})


def test_an_input_may_be_left_out() -> None:
    """Then a seed throws 1,000 times."""
    assert throws_of(None) == throws_of({}) == 1_000


@pytest.mark.parametrize("points", [1, 2, 399, 10_000])
def test_a_plot_has_at_most_400_points_and_ends_at_the_estimate(points: int) -> None:
    """However many seeds there are."""
    drawn = plot([(number * 10, pi, 0.01) for number in range(1, points + 1)])
    *_, line = [one.attrib["points"].split() for one in ET.fromstring(drawn) if one.tag.endswith("polyline")]  # noqa: S314 - our own
    assert len(line) <= min(points, 400)
    assert f"after {points * 10:,} throws" in drawn
