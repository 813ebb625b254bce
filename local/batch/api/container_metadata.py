"""What the ECS agent says of a container that runs: its task, its image, its limits, where its log is.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-response.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.batch.api.describe import log_target, submission_of, task_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.batch.api.account import Account
    from scheduler.capacity.hosts import Host
    from scheduler.jobs.job import Job


def task_metadata(account: Account, wanted: str) -> dict[str, Any] | None:
    """Return the metadata of a task that is in flight, with its one container; None where there is none."""
    for host, job, index in _in_flight(account):
        attempt = job.attempts[index] + 1
        if task_id(job, index, attempt) == wanted:
            return _task(account, host, job, index, attempt)
    return None


def _in_flight(account: Account) -> Iterator[tuple[Host, Job, int]]:
    scheduler = account.scheduler
    for environment in scheduler.environments.values():
        for host in environment.hosts.values():
            for job_id, index in host.tasks:
                yield host, scheduler.jobs[job_id], index


def _task(account: Account, host: Host, job: Job, index: int, attempt: int) -> dict[str, Any]:
    ecs, wanted = f"arn:aws:ecs:{account.region}:{account.id}", task_id(job, index, attempt)
    task = {
        "Cluster": f"{ecs}:cluster/AWSBatch",
        "TaskARN": f"{ecs}:task/AWSBatch/{wanted}",
        "DesiredStatus": "RUNNING",
        "KnownStatus": "RUNNING",
        "LaunchType": "FARGATE" if host.environment.spec.is_fargate else "EC2",
    }
    container = submission_of(job).containers[index if job.is_multi_node else 0]
    need = job.spec.nodes[index] if job.is_multi_node else job.spec.need
    found = {
        "DockerId": wanted,
        "Name": "default",
        "Image": container["image"],
        "Labels": {
            "com.amazonaws.ecs.cluster": task["Cluster"],
            "com.amazonaws.ecs.container-name": "default",
            "com.amazonaws.ecs.task-arn": task["TaskARN"],
        },
        "DesiredStatus": "RUNNING",
        "KnownStatus": "RUNNING",
        "Limits": {"CPU": need.milli_cpus * 1024 // 1000, "Memory": need.memory},
        "Type": "NORMAL",
        "ContainerARN": f"{ecs}:container/AWSBatch/{wanted}",
        **_log(account, job, index, attempt),
    }
    return {**task, "Containers": [found]}


def _log(account: Account, job: Job, index: int, attempt: int) -> dict[str, Any]:
    container = submission_of(job).containers[index if job.is_multi_node else 0]
    driver = container.get("logConfiguration", {}).get("logDriver", "awslogs")
    if driver != "awslogs":
        return {"LogDriver": driver}
    group, stream = log_target(job, index, attempt)
    options = {"awslogs-group": group, "awslogs-region": account.region, "awslogs-stream": stream}
    return {"LogDriver": driver, "LogOptions": options}
