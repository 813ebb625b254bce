"""Schedules of a pipeline."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.pipeline.definition import Schedule
from tests.sluice.pipeline.validation.pipelines import mistakes_of, valid


@pytest.mark.parametrize(
    ("triggers", "where", "says"),
    [
        ([Schedule(5)], "triggers[0].expression", "a valid string"),  # type: ignore[arg-type]
        ([Schedule("rate(1 day)"), Schedule("rate(1 day)")], "triggers", "each schedule once"),
        ([Schedule("rate(1 day)", timezone="Mars/Base")], "triggers[0].timezone", "'Mars/Base'"),
        ([Schedule("rate(1 day)", timezone="../UTC")], "triggers[0].timezone", "'../UTC'"),
        ([Schedule("rate(1 day)", input={1, 2})], "triggers[0].input", "JSON"),  # type: ignore[arg-type]
        ([Schedule("rate(1 day)", input=[float("nan")])], "triggers[0].input", "a JSON value"),
        ([Schedule("rate(1 day)", input="x" * (128 * 1024))], "triggers[0].input", "at most 131072 bytes"),
        ([Schedule("cron(0 9 31 2 ? *)")], "triggers[0].expression", "a schedule with a time to come"),
        ([Schedule("at(2020-01-31T09:00:00)")], "triggers[0].expression", "a time to come"),
        ([Schedule("0 2 * * *")], "triggers[0].expression", "rate(value unit)"),
    ],
)
def test_a_mistake_in_a_trigger_is_reported_at_its_field(triggers: Any, where: str, says: str) -> None:
    """The report names the trigger and says what was expected or found."""
    lines = [
        line
        for line in mistakes_of(valid(triggers=triggers)).splitlines()
        if line.startswith(f"  - {where}: ")
    ]
    assert any(says in line for line in lines), mistakes_of(valid(triggers=triggers))
