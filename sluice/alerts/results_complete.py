"""Run Results Complete: the event that starts what comes after a run where AWS Batch's own has been lost.

The rules of AfterRun triggers match it beside AWS Batch's event of the end of a cleanup, whose detail has the
same names. See docs/decisions/0049-the-sweep-starts-chains.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sluice.messages import Message
from sluice.triggers.request_event import SOURCE

RESULTS_COMPLETE = "Run Results Complete"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsComplete(Message):
    """The cleanup of a run that succeeded has ended: ``cleanup`` is its job's name, ``queue`` the ARN of its
    job queue.
    """

    cleanup: str
    queue: str


def results_complete_entry(message: ResultsComplete) -> dict[str, Any]:
    """Return the entry of a PutEvents request."""
    detail = {"jobName": message.cleanup, "jobQueue": message.queue, "status": "SUCCEEDED"}
    return {"Source": SOURCE, "DetailType": RESULTS_COMPLETE, "Detail": json.dumps(detail)}
