"""The start job: submits what a run can submit at its beginning, where a Lambda would not have the time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

from botocore.exceptions import BotoCoreError, ClientError

from containers.start.errors import NotStartedError
from sluice.advance.advancer import Advancer
from sluice.advance.claims import LEASE
from sluice.aws.clients import client
from sluice.aws.rate_limiter import RateLimiter
from sluice.aws.transient import is_transient
from sluice.errors import UnsettledError
from sluice.ledger.ledger import Ledger
from sluice.messages import RunFailed
from sluice.run.compiled import Kind
from sluice.run.state import Run, RunState, StepState
from sluice.runtime.context import Context
from sluice.settings import StartSettings

SUBMITTED_PER_SECOND = 40
"""Below the 50 that AWS Batch takes of an account in a Region, so that Lambdas are still heard.

Source: https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html
"""
_ATTEMPTS = 12
_PAUSE_SECONDS = 2 * LEASE.total_seconds() / _ATTEMPTS


def submit(context: Context) -> str:
    """Do the work of a start job. Raises UnsettledError when claims stay open, and NotStartedError when the
    run has ended meanwhile.
    """
    return submit_all(_advancer(StartSettings.from_env()), context.place.run)


def _advancer(settings: StartSettings) -> Advancer:
    return Advancer(
        ledger=Ledger(client("dynamodb"), settings.ledger_table),
        batch=partial(client, "batch"),
        queues=settings.queue_arns(),
        notify_failed=partial(_tell_failed, settings.alert_queue),
        is_start_job=True,
        rate_limit=RateLimiter(per_second=SUBMITTED_PER_SECOND),
    )


def _tell_failed(queue: str, message: RunFailed) -> None:
    client("sqs").send_message(QueueUrl=queue, MessageBody=message.to_json())


def submit_all(advancer: Advancer, run_id: str, sleep: Callable[[float], None] = time.sleep) -> str:
    """Advance a run until no claim is open, and return what was submitted.

    A claim of an attempt that has died becomes a job here, or is found to be one, once it is so old that its
    owner must be gone. A job that waits for this one runs when it succeeds, so it fails when the run has
    ended: then Batch lets none of them run.
    """
    for look in range(_ATTEMPTS):
        if look:
            sleep(_PAUSE_SECONDS)
        advanced = _advance(advancer, run_id)
        run = _running(advancer.ledger, run_id)
        open_claims = list(_open(run))
        if advanced and not open_claims:
            return f"{len(run.steps) - 1} steps submitted"
        if open_claims:
            print(
                f"Claims that are not settled yet: {', '.join(open_claims[:5])} and {len(open_claims[5:])}"
                " more.",
                flush=True,
            )
    raise UnsettledError(
        f"Not all steps of {run_id} were submitted in {_ATTEMPTS} tries; another attempt goes on."
    )


def _advance(advancer: Advancer, run_id: str) -> bool:
    """Advance the run; False when it must be looked at again: nobody sends a message a second time for a job,
    as for a Lambda.
    """
    try:
        advancer.advance(run_id)
    except UnsettledError as error:
        print(error, flush=True)
        return False
    except (BotoCoreError, ClientError) as error:
        if not is_transient(error):
            raise
        print(error, flush=True)
        return False
    return True


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


def _open(run: Run) -> Iterator[str]:
    kinds = {step.name: step.kind for step in run.pipeline.steps}
    yield from (
        name
        for name, record in run.steps.items()
        if record.state is StepState.CLAIMED and kinds[name] is not Kind.START
    )
