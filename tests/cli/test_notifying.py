"""The note about an event that was not published."""

import pytest

from cli.notifying import note_unpublished
from sluice.run.state import RunState


def test_a_note_only_when_there_is_a_problem(capsys: pytest.CaptureFixture[str]) -> None:
    """It has the run, its state and the reason."""
    note_unpublished("words-a", RunState.CANCELLED, None)
    assert capsys.readouterr().err == ""
    note_unpublished("words-a", RunState.CANCELLED, "not authorized")
    assert "not notified that words-a is CANCELLED: not authorized." in capsys.readouterr().err
