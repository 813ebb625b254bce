"""Tells other automation of a state into which a person has brought a run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cli.console import note
from sluice.alerts.run_events import change, entry
from sluice.run.state import Run, RunState


def tell(events: Any, run: Run, state: RunState) -> bool:
    """Send the event; the run is in its state with or without it, so what keeps it from being sent is a
    remark. False when it was not sent.

    The same event again has the same id.
    """
    at = run.ended_at or datetime.now(UTC).isoformat(timespec="milliseconds")
    try:
        answer = events.put_events(Entries=[entry(change(run, state, at))])
    except (ClientError, BotoCoreError) as error:
        problem = str(error)
    else:
        if not answer.get("FailedEntryCount"):
            return True
        problem = str(answer["Entries"][0].get("ErrorMessage"))
    note(f"Other automation was not told that {run.run_id} is {state}: {problem.rstrip('.')}.")
    return False
