"""Whether a plan comes from the job of the step that it is about: every job may publish on the topic of the
plans.
"""

from __future__ import annotations

from sluice.aws.batch_jobs import BatchReader, describe_jobs
from sluice.messages import Planned, TooManyFailed
from sluice.run.job_names import JobName
from sluice.run.state import Run


def comes_from_its_job(plan: Planned | TooManyFailed, run: Run, batch: BatchReader) -> bool:
    """Say whether the job that a plan names is the step's: the registered one, or, between claim and
    registration, one that AWS Batch knows by the name of this run, step and generation.

    A job's role may submit no job, so none can give another this name.
    """
    record = run.steps.get(plan.step)
    if record is None:
        return False
    if record.job_id is not None:
        return record.job_id == plan.job_id
    name = str(JobName(plan.run, plan.step, plan.generation))
    return any(job["jobName"] == name for job in describe_jobs(batch, [plan.job_id]))
