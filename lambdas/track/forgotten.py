"""Settles steps whose job AWS Batch has forgotten: seven days after its end it describes none.

https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from lambdas.consuming import logger
from sluice.advance.batch_events import JobEnded
from sluice.run.compiled import Kind
from sluice.run.job_names import JobName
from sluice.run.state import Run, StepState

FORGOTTEN_AFTER = timedelta(days=2)
"""A younger claim's job may only not be shown yet."""
REASON = "AWS Batch has forgotten the job"


def forgotten(run: Run, described: Collection[str], now: datetime) -> Iterator[JobEnded]:
    """Yield the ends of the submitted jobs that AWS Batch does not describe any more, to be judged by what
    they left: their supervisors' words, or the items of a plan.

    Of a job without either nothing says that its work was done, so it has failed: it runs again where it has
    tries left, or a person is told.
    """
    for record in run.steps.values():
        is_old = now - datetime.fromisoformat(record.claimed_at) >= FORGOTTEN_AFTER
        if record.state is not StepState.SUBMITTED or record.job_id in described or not is_old:
            continue
        step = run.pipeline.step(record.name)
        is_judged = step.supervised or step.kind is Kind.PLAN
        logger.warning("AWS Batch has forgotten a job.", run=run.run_id, step=record.name)
        yield JobEnded(
            name=JobName(run.run_id, record.name, record.generation),
            job_id=record.job_id or "",
            state=StepState.SUCCEEDED if is_judged else StepState.FAILED,
            reason=REASON,
            is_array=record.size > 1,
        )
