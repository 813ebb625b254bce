"""The states of a job, as small integers so that an array's children fit into one byte each.

https://docs.aws.amazon.com/batch/latest/userguide/job_states.html
"""

from __future__ import annotations

from typing import Final

NAMES: Final = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED")

SUBMITTED: Final = 0
PENDING: Final = 1
RUNNABLE: Final = 2
STARTING: Final = 3
RUNNING: Final = 4
SUCCEEDED: Final = 5
FAILED: Final = 6


def code_of(name: str) -> int:
    """The small integer of a state's name; ValueError for a name that AWS Batch does not have."""
    return NAMES.index(name)
