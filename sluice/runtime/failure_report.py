"""Reports why a job fails: one clear line in its log, a small report in the work bucket."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from sluice import keys
from sluice.runtime.clients import ObjectWriter
from sluice.runtime.errors import StepError
from sluice.runtime.job_context import JobContext
from sluice.runtime.worker.report import Failed

_MESSAGE_BYTES = 3000
"""A report stays under 4 KiB, however long a message is."""


def failure_of(error: BaseException, *, is_transient: bool = False) -> Failed:
    """Return what to report of an error."""
    cause = error.cause if isinstance(error, StepError) else error
    item = error.item if isinstance(error, StepError) else None
    message = str(cause).encode("utf-8", "replace")[:_MESSAGE_BYTES].decode("utf-8", "ignore")
    return Failed(error=type(cause).__name__, message=message, item=item, is_transient=is_transient)


def report_failure(failure: Failed, job: JobContext, s3: Callable[[], ObjectWriter], bucket: str) -> None:
    """Print why the job fails, and write the same to the work bucket; the job fails with or without the
    report. ``s3`` makes the client.
    """
    where = f" at item {failure.item}" if failure.item is not None else ""
    print(
        f"{job.step} of {job.run} failed{where}: {failure.error}: {failure.message}",
        file=sys.stderr,
        flush=True,
    )
    report = {"error": failure.error, "message": failure.message, "item": failure.item, **_node(job)}
    key = keys.failure(job.run, job.step, job.child, job.generation)
    try:
        s3().put_object(Bucket=bucket, Key=key, Body=json.dumps(report, ensure_ascii=False).encode())
    except (ClientError, BotoCoreError) as refused:
        print(
            f"The failure report could not be written to s3://{bucket}/{key}: {refused}",
            file=sys.stderr,
            flush=True,
        )


def _node(job: JobContext) -> dict[str, int]:
    return {"node": job.node.rank, "attempt": job.attempt} if job.node else {}
