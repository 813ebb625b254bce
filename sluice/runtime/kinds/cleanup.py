"""The jobs that Sluice adds to every pipeline: the cleanup at its end, and gates."""

from __future__ import annotations

from itertools import islice

from sluice import keys
from sluice.runtime.errors import CleanupError
from sluice.runtime.result_parts import part_keys
from sluice.runtime.step_context import StepContext

# https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
_MAX_DELETED_KEYS = 1000


def cleanup(context: StepContext, function: None = None) -> str:
    """Remove the run's transient objects; raises CleanupError when some could not be deleted."""
    bucket, removed = context.settings.work_bucket, 0
    found = part_keys(context.s3, bucket, keys.run_prefix(context.job.run))
    while objects := [{"Key": key} for key in islice(found, _MAX_DELETED_KEYS)]:
        answer = context.s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        if refused := answer.get("Errors"):
            first = refused[0]
            raise CleanupError(
                f"Expected to delete {len(objects)} objects of s3://{bucket}, found {len(refused)} refused, "
                f"first {first['Key']}: {first['Code']}. They expire by themselves."
            )
        removed += len(objects)
    return f"{removed} objects removed"


def gate(context: StepContext, function: None = None) -> str:
    """Do nothing: a gate only makes many parents one."""
    return "passed"
