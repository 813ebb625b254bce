"""The start job: submits what a run can submit at its beginning, where a Lambda would not have the time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from containers.start.errors import NotStartedError
from sluice.advance.advancer import Advancer
from sluice.advance.lease import LEASE
from sluice.aws.clients import client
from sluice.aws.outages import is_outage
from sluice.aws.rate_limiter import RateLimiter
from sluice.counted import counted
from sluice.errors import UnsettledError
from sluice.ledger.ledger import Ledger
from sluice.messages import RunFailed
from sluice.run.compiled import Kind
from sluice.run.state import Run, RunState, StepState
from sluice.runtime.step_context import StepContext
from sluice.settings import StartSettings

SUBMITTED_PER_SECOND = 40
"""Below the 50 that AWS Batch takes of an account in a Region, so that Lambdas can still submit.

Source: https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html
"""
_ATTEMPTS = 12
_FIRST_PAUSE, _MAX_PAUSE = 2.0, LEASE.total_seconds() / 6
"""Together longer than a lease."""
_MAX_LISTED = 5
_T = TypeVar("_T")


def submit(context: StepContext) -> str:
    """Do the work of a start job. Raises UnsettledError when claims stay open, and NotStartedError when the
    run has ended meanwhile.
    """
    return submit_all(_advancer(StartSettings.from_env()), context.job.run)


def _advancer(settings: StartSettings) -> Advancer:
    return Advancer(
        ledger=Ledger(client("dynamodb"), settings.ledger_table),
        batch=partial(client, "batch"),
        queues=settings.queue_arns(),
        notify_failed=partial(_notify_failed, settings.alert_queue),
        is_start_job=True,
        rate_limit=RateLimiter(per_second=SUBMITTED_PER_SECOND),
    )


def _notify_failed(queue: str, message: RunFailed) -> None:
    client("sqs").send_message(QueueUrl=queue, MessageBody=message.to_json())


def submit_all(advancer: Advancer, run_id: str, sleep: Callable[[float], None] = time.sleep) -> str:
    """Advance a run until no claim is open, and return what was submitted.

    A claim of an attempt that has died becomes a job here, or is found to be one, once it is so old that its
    owner must be gone. A job that waits for this one runs when it succeeds, so it fails when the run has
    ended: then Batch lets none of them run.
    """
    for attempt in range(_ATTEMPTS):
        if attempt:
            sleep(min(_FIRST_PAUSE * 2 ** (attempt - 1), _MAX_PAUSE))
        advanced = _unless_transient(partial(advancer.advance, run_id)) is not None
        run = _unless_transient(partial(_running, advancer.ledger, run_id))
        open_claims = list(_open_claims(run)) if run else []
        if run and advanced and not open_claims:
            return f"{counted(len(run.steps) - 1, 'step')} submitted"
        if open_claims:
            print(f"Claims that are not settled yet: {_listed(open_claims)}.", flush=True)
    raise UnsettledError(
        f"Not all steps of {run_id} were submitted in {_ATTEMPTS} tries; another attempt continues."
    )


def _unless_transient(call: Callable[[], _T]) -> _T | None:
    """Make a call; None, with the reason in the log, when it may succeed a little later.

    A Lambda's message would come again; a job has to repeat its calls itself.
    """
    try:
        return call()
    except (UnsettledError, BotoCoreError, ClientError) as error:
        if not is_outage(error):
            raise
        print(error, flush=True)
        return None


def _running(ledger: Ledger, run_id: str) -> Run:
    run = ledger.load(run_id)
    if run is None:
        raise NotStartedError(
            f"Expected the run {run_id} in the ledger, found that it was removed meanwhile."
        )
    if run.state is not RunState.RUNNING or run.failed_step:
        failed = run.steps.get(run.failed_step or "")
        where = f" at {failed.name}: {failed.reason}" if failed else ""
        raise NotStartedError(
            f"Expected {run_id} to be running, found it {run.state}{where}. What it submitted does not run."
        )
    return run


def _open_claims(run: Run) -> Iterator[str]:
    kinds = {step.name: step.kind for step in run.pipeline.steps}
    yield from (
        name
        for name, record in run.steps.items()
        if record.state is StepState.CLAIMED and kinds[name] is not Kind.START
    )


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MAX_LISTED
    return ", ".join(names[:_MAX_LISTED]) + (f" and {more} more" if more > 0 else "")
