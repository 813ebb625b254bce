"""A job queue: jobs wait in it for the first environment that has capacity."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_batch as batch
from constructs import Construct

# A job that no machine can ever run blocks its queue; after ten minutes at the head it fails, and its run
# records why: https://docs.aws.amazon.com/batch/latest/userguide/job_stuck_in_runnable.html
_NEVER_FITS = (
    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
)
_HEAD_BLOCKED_SECONDS = 600


def job_queue(
    scope: Construct,
    construct_id: str,
    *,
    name: str,
    priority: int,
    environments: Sequence[batch.CfnComputeEnvironment],
    policy: batch.CfnSchedulingPolicy | None = None,
) -> batch.CfnJobQueue:
    """Return a queue that offers its jobs to these environments in this order; a later one is used when the
    earlier ones have no capacity.

    With a policy the queue orders jobs by priority, without one by submission. A queue cannot change from one
    to the other:
    https://docs.aws.amazon.com/batch/latest/APIReference/API_UpdateJobQueue.html
    """
    return batch.CfnJobQueue(
        scope,
        f"{construct_id}JobQueue",
        job_queue_name=name,
        priority=priority,
        state="ENABLED",
        scheduling_policy_arn=policy.attr_arn if policy else None,
        compute_environment_order=[
            batch.CfnJobQueue.ComputeEnvironmentOrderProperty(
                order=order, compute_environment=environment.attr_compute_environment_arn
            )
            for order, environment in enumerate(environments, start=1)
        ],
        job_state_time_limit_actions=[
            batch.CfnJobQueue.JobStateTimeLimitActionProperty(
                action="CANCEL", state="RUNNABLE", reason=reason, max_time_seconds=_HEAD_BLOCKED_SECONDS
            )
            for reason in _NEVER_FITS
        ],
    )


def fair_share(scope: Construct, construct_id: str) -> batch.CfnSchedulingPolicy:
    """Return the policy of the queues whose jobs have priorities: one share, so that all priorities are
    compared with each other.

    Source: https://docs.aws.amazon.com/batch/latest/userguide/share-identifiers.html
    """
    policy = batch.CfnSchedulingPolicy.FairsharePolicyProperty(compute_reservation=0, share_decay_seconds=0)
    return batch.CfnSchedulingPolicy(scope, construct_id, fairshare_policy=policy)
