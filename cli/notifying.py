"""Prints that other automation could not be notified of a run's new state."""

from __future__ import annotations

from cli.console import print_note
from sluice.run.state import RunState
from sluice.visible import visible


def note_unpublished(run_id: str, state: RunState, problem: str | None) -> None:
    """Print why the event about a run's new state was not published, if it was not."""
    if problem is not None:
        print_note(f"Other automation was not notified that {run_id} is {state}: {visible(problem)}.")
