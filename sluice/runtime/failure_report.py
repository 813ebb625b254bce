"""Reports why a job fails: one clear line in its log, a small report in the work bucket."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sluice import keys
from sluice.items.failed_items import where
from sluice.runtime.clients import ObjectWriter
from sluice.runtime.errors import StepError, UpstreamFailedError
from sluice.runtime.job_context import JobContext
from sluice.runtime.worker.report import Failed

_MESSAGE_BYTES = 3000
"""A report stays under 12 KiB, however long a message is, and however much a worker wrote."""


def failure_of(error: BaseException, *, is_transient: bool = False) -> Failed:
    """Return what to report of an error."""
    cause = error.cause if isinstance(error, StepError) else error
    item = error.item if isinstance(error, StepError) else None
    message = _message(cause).encode("utf-8", "replace")[:_MESSAGE_BYTES].decode("utf-8", "ignore")
    return Failed(
        error=type(cause).__name__,
        message=message,
        item=item,
        is_transient=is_transient,
        memory=isinstance(cause, MemoryError),
        upstream=cause.step if isinstance(cause, UpstreamFailedError) else None,
    )


def _message(cause: BaseException) -> str:
    """Return what to say of an error; of a package that is not there, where it is added too."""
    if isinstance(cause, SystemExit):
        text = f"{cause.code}: " if isinstance(cause.code, str) else ""
        return f"{text}the code called exit({'…' if text else cause.code}); a step that is done returns"
    if isinstance(cause, ModuleNotFoundError) and cause.name:
        package = cause.name.partition(".")[0]
        return (
            f"{cause}. If {package} is a package, add it to requirements.txt in the folder of the step's"
            " code, containers/<pipeline>, and deploy again."
        )
    return _text(cause) or "it has no message"


def _text(cause: BaseException) -> str:
    try:
        return str(cause)
    except Exception as error:  # noqa: BLE001 - the text is the user's code
        return f"its message cannot be made: {type(error).__name__}"


def report_failure(
    failure: Failed,
    job: JobContext,
    s3: Callable[[], ObjectWriter],
    bucket: str,
    stderr: Sequence[str] = (),
    *,
    value: str | None = None,
    failed: int = 1,
) -> None:
    """Print why the job fails, and write the same to the work bucket, with the last lines of ``stderr``; the
    job fails with or without the report.

    ``s3`` makes the client; ``value`` is the item as JSON, and ``failed`` how many items of the child failed.
    """
    place = _where(failure, job, value)
    others = f", the first of {failed} items" if failed > 1 else ""
    print(
        f"{job.step} of {job.run} failed{f' at {place}' if place else ''}{others}: {failure.error}:"
        f" {failure.message}",
        file=sys.stderr,
        flush=True,
    )
    report: dict[str, Any] = {
        "error": failure.error,
        "message": failure.message,
        "item": failure.item,
        **_node(job),
    }
    if stderr:
        report["stderr"] = list(stderr)
    if place:
        report |= {"where": place, "failed": failed}
    key = keys.failure(job.run, job.step, job.child, job.generation)
    try:
        s3().put_object(Bucket=bucket, Key=key, Body=json.dumps(report, ensure_ascii=False).encode())
    except (ClientError, BotoCoreError) as refused:
        print(
            f"The failure report could not be written to s3://{bucket}/{key}: {refused}",
            file=sys.stderr,
            flush=True,
        )


def _where(failure: Failed, job: JobContext, value: str | None) -> str | None:
    """Return which item of which child it was, None for what is no array's."""
    if failure.item is None:
        return None
    return where(failure.item, value or "{}", job.child, job.attempt)


def _node(job: JobContext) -> dict[str, int]:
    return {"node": job.node.rank, "attempt": job.attempt} if job.node else {}
