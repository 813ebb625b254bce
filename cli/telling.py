"""Tells other automation that a person has cancelled a run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cli.console import note
from sluice.run import Run, RunState
from sluice.run_events import change, entry


def tell_cancelled(events: Any, run: Run) -> bool:
    """Send the event; a run is cancelled with or without it, so what keeps it from being sent is a remark. False when it was not sent.

    The same command again sends it again, with the same id.
    """
    at = run.ended_at or datetime.now(UTC).isoformat(timespec="milliseconds")
    try:
        answer = events.put_events(Entries=[entry(change(run, RunState.CANCELLED, at))])
    except (ClientError, BotoCoreError) as error:
        problem = str(error)
    else:
        if not answer.get("FailedEntryCount"):
            return True
        problem = str(answer["Entries"][0].get("ErrorMessage"))
    note(f"Other automation was not told that {run.run_id} is cancelled: {problem.rstrip('.')}. The same command again tells it again.")
    return False
