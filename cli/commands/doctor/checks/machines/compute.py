"""Where jobs run: compute environments, job queues, what blocks them, and the role of the machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from cli.commands.doctor.account import Account, not_deployed
from cli.commands.doctor.finding import Finding, error, not_checked, ok, warning
from sluice.aws.batch_jobs import list_jobs
from sluice.run.reasons import explain_blocked_queue

_MAX_RUNNABLE = 100
_REDEPLOY = "Read the reason; deploying again restores what is Sluice's own."


def compute_environments(account: Account) -> list[dict[str, Any]] | None:
    """Return the deployed compute environments; None when they are not deployed."""
    arns = account.resources("Compute", "AWS::Batch::ComputeEnvironment")
    if not arns:
        return None if arns is None else []
    answer = account.batch.describe_compute_environments(computeEnvironments=arns)
    found: list[dict[str, Any]] = answer["computeEnvironments"]
    return found


def environments(account: Account) -> Iterator[Finding]:
    """Check whether each environment is VALID and ENABLED."""
    found = compute_environments(account)
    if found is None:
        yield not_deployed(account, "Compute")
    for one in found or []:
        yield _health("compute environment", one["computeEnvironmentName"], one)


def queues(account: Account) -> Iterator[Finding]:
    """Check whether each queue is VALID and ENABLED."""
    arns = account.resources("Compute", "AWS::Batch::JobQueue")
    if arns is None:
        yield not_deployed(account, "Compute")
        return
    for one in account.batch.describe_job_queues(jobQueues=arns)["jobQueues"] if arns else []:
        yield _health("job queue", one["jobQueueName"], one)


def _health(what: str, name: str, one: Mapping[str, Any]) -> Finding:
    text = f"The {what} {name} is {one.get('status')} and {one.get('state')}"
    if one.get("status") == "VALID" and one.get("state") == "ENABLED":
        return ok(f"{text}.")
    reason = f": {one['statusReason']}" if one.get("statusReason") else ""
    if one.get("status") in ("CREATING", "UPDATING"):
        return warning(f"{text}{reason}.", "Wait until it is done.")
    return error(f"{text}{reason}.", _REDEPLOY)


def blocked(account: Account) -> Iterator[Finding]:
    """Check for jobs that Batch says it cannot start; jobs that only wait for their turn have no reason.

    https://docs.aws.amazon.com/batch/latest/userguide/job_stuck_in_runnable.html
    """
    arns = account.resources("Compute", "AWS::Batch::JobQueue")
    if arns is None:
        yield not_deployed(account, "Compute")
        return
    blocking = [
        job
        for arn in arns
        for job in _runnable(account, arn)
        if explain_blocked_queue(job.get("statusReason") or "")
    ]
    for job in blocking:
        reason = job["statusReason"]
        yield error(
            f"The job {job['jobName']} blocks its queue: {explain_blocked_queue(reason)} ({reason}).",
            _unblock(job),
        )
    if not blocking:
        yield ok("No queue is blocked.")


def _runnable(account: Account, queue: str) -> list[Mapping[str, Any]]:
    """Return the jobs that wait for a machine, those at the head of the queue: one of them blocks it."""
    return list(islice(list_jobs(account.batch, jobQueue=queue, jobStatus="RUNNABLE"), _MAX_RUNNABLE))


def _unblock(job: Mapping[str, Any]) -> str:
    run = str(job["jobName"]).partition("_")[0]
    more = "or allow more with SLUICE_MAX_VCPUS_SPOT, SLUICE_MAX_VCPUS_ON_DEMAND or SLUICE_INSTANCE_TYPES"
    return f"Ask for less in the pipeline's file, {more}; `sluice cancel {run}` ends it."


def machine_roles(account: Account) -> Iterator[Finding]:
    """Check whether the instance profile of each environment exists and has its role."""
    found = compute_environments(account)
    if found is None:
        yield not_deployed(account, "Compute")
        return
    profiles = sorted(
        {
            one["computeResources"]["instanceRole"]
            for one in found
            if (one.get("computeResources") or {}).get("instanceRole")
        }
    )
    if not profiles:
        yield not_checked("No compute environment has machines with a role.")
    for profile in profiles:
        yield _profile(account, profile.rpartition("/")[2])


def _profile(account: Account, name: str) -> Finding:
    try:
        roles = account.iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Roles"]
    except ClientError as refused:
        if refused.response["Error"]["Code"] != "NoSuchEntity":
            raise
        return error(
            f"The instance profile {name} is gone: no machine can start.", "Deploy the compute stack again."
        )
    if roles:
        return ok(f"The machines have the role {roles[0]['RoleName']}.")
    return error(
        f"The instance profile {name} has no role: machines cannot join their cluster.",
        "Deploy the compute stack again.",
    )
