"""The words that AWS Batch puts into statusReason.

https://docs.aws.amazon.com/batch/latest/userguide/job_retries.html and job_timeouts.html name those that are
documented; the others are what users report.
"""

from __future__ import annotations

from typing import Final

# The reason of a job whose container ended by itself, well or not.
EXITED: Final = "Essential container in task exited"
TIMED_OUT: Final = "Job attempt duration exceeded timeout"
DEPENDENCY_FAILED: Final = "Dependent Job failed"
CHILD_FAILED: Final = "Array Child Job failed"
HOST_LOST: Final = "Host EC2 (instance {host}) terminated."
SPOT_TASK_INTERRUPTED: Final = "Your Spot Task was interrupted."
LIMIT_REACHED: Final = "Canceled by JobStateTimeLimit action due to reason: {reason}"
START_FAILED: Final = "Task failed to start"
# Ours: AWS does not document what a node says that is stopped because the main node ended.
MAIN_NODE_ENDED: Final = "Main node of the multi-node parallel job exited"
