"""A restart: its message, and what the ledger keeps of it."""

from __future__ import annotations

import pytest

from sluice.errors import MalformedMessageError
from sluice.triggers.restart import RestartRequested, is_restart, restart_of
from sluice.triggers.trigger_event import Request

TRIGGER = {"kind": "manual", "token": "t", "input": {"throws": 3}}
ASKED = RestartRequested(restart="p-a", pipeline="p", token="once", trigger=TRIGGER)


def test_a_restart_is_told_from_other_messages_and_read_as_it_was_written() -> None:
    """The trigger queue has both."""
    assert is_restart(ASKED.to_json())
    assert not is_restart('{"pipeline": "p"}')
    assert RestartRequested.from_json(ASKED.to_json()) == ASKED


def test_the_new_run_says_which_run_it_repeats() -> None:
    """And has the same trigger; items of no run repeat none."""
    assert ASKED.stored() == {**TRIGGER, "restart_of": "p-a"}
    assert ASKED.started_by() == Request(token="t", input={"throws": 3})
    assert restart_of(ASKED.stored()) == "p-a"
    assert restart_of(TRIGGER) is None
    assert RestartRequested(restart="", pipeline="p", token="t", trigger=TRIGGER).stored() == TRIGGER


@pytest.mark.parametrize("trigger", [{}, {"kind": "carrier-pigeon"}, {"kind": "manual"}])
def test_a_trigger_that_is_none_is_refused(trigger: dict[str, str]) -> None:
    """With what was found."""
    with pytest.raises(MalformedMessageError, match="a trigger that this version knows"):
        RestartRequested(restart="p-a", pipeline="p", token="t", trigger=trigger).started_by()
