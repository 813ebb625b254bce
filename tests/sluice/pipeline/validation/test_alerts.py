"""The settings of alerts: expected_within and ticket."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sluice.pipeline.validation.pipelines import mistakes_of, valid


@pytest.mark.parametrize("given", ["5m", "2h", "1d12h", "30d", None])
def test_an_expected_time_is_days_hours_and_minutes(given: str | None) -> None:
    """From five minutes to thirty days."""
    assert mistakes_of(valid(expected_within=given)) == ""


@pytest.mark.parametrize(
    "given",
    ["", "4m", "31d", "2 h", "2h ", "1.5h", "-2h", "2H", "two hours", "30m1h", "9999999d", 7200, ["2h"]],
)
def test_an_expected_time_that_is_none_is_a_mistake(given: Any) -> None:
    """It says what to write."""
    text = mistakes_of(valid(expected_within=given))
    assert "expected_within: expected a duration from 5m to 30d" in text
    assert '"2h"' in text


@pytest.mark.parametrize("given", ["yes", 1, None])
def test_a_ticket_is_wanted_or_not(given: Any) -> None:
    """Nothing between."""
    assert "ticket: expected True or False" in mistakes_of(valid(ticket=given))
