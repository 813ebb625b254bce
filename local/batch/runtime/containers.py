"""An attempt as a task: the command line, the environment and the log stream of its container."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.batch.api.describe import child_id, log_target, node_address, submission_of, task_id
from local.batch.ports import Image, ImageNotFoundError, StartFailedError, Task
from local.batch.runtime.ulimits import limited

if TYPE_CHECKING:
    from local.batch.ports import Credentials, Images, Secrets
    from scheduler.effects import StartAttempt

METADATA = "ECS_CONTAINER_METADATA_URI_V4"
INSTANCE_METADATA = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
_ADDRESSES = (METADATA, INSTANCE_METADATA)
_LOOPBACK = "127.0.0.1"
_PASSED_ON = ("LANG", "LC_ALL", "TMPDIR", "TZ", "SSL_CERT_FILE", "LD_LIBRARY_PATH")


def task_of(
    start: StartAttempt,
    images: Images,
    credentials: Credentials,
    secrets: Secrets,
    machine: Mapping[str, str],
) -> Task:
    """The task of an attempt; StartFailedError where its image or a secret of it cannot be had.

    `machine` is every job's environment; of METADATA and INSTANCE_METADATA it has the addresses that answer
    for all containers and instances.
    """
    job, child = start.job, start.child
    submission = submission_of(job)
    container = submission.containers[child if job.is_multi_node else 0]
    image = _pull(images, container["image"])
    group, stream = log_target(job, child, start.attempt)
    variables = _variables(start, container, credentials, secrets, machine)
    of_image = image.environment if image else {}
    command = tuple(substitute(container.get("command", []), submission.parameters))
    return Task(
        id=task_id(job, child, start.attempt),
        argv=limited(_argv(command, image), container.get("ulimits", [])),
        environment={**_machine_environment(), **of_image, **variables},
        workdir=image.workdir if image else None,
        log_group=group,
        log_stream=stream,
        memory=(job.spec.nodes[child] if job.is_multi_node else job.spec.need).memory,
        image=container["image"],
        command=command,
        variables=variables,
        container=container,
        shared={**_machine_environment(), **of_image, **_shared(start, container, machine)},
    )


def _variables(
    start: StartAttempt,
    container: dict[str, Any],
    credentials: Credentials,
    secrets: Secrets,
    machine: Mapping[str, str],
) -> dict[str, str]:
    role = container.get("jobRoleArn")
    granted = credentials(role, task_id(start.job, start.child, start.attempt)) if role else {}
    return {
        **{name: value for name, value in machine.items() if name not in _ADDRESSES},
        **_execution_environment(start),
        **_metadata(start, machine),
        **_instance_metadata(start, machine),
        **granted,
        **{each["name"]: each.get("value", "") for each in container.get("environment", [])},
        **_secret_environment(container, secrets),
        **_batch_environment(start),
    }


def _shared(start: StartAttempt, container: dict[str, Any], machine: Mapping[str, str]) -> dict[str, str]:
    """The variables that do not differ between a job's attempts; no secret is among them."""
    overridden = submission_of(start.job).overridden
    plain = {each["name"]: each.get("value", "") for each in container.get("environment", [])}
    return {
        **{name: value for name, value in machine.items() if name not in _ADDRESSES},
        **_execution_environment(start),
        **{name: value for name, value in plain.items() if name not in overridden},
    }


def _metadata(start: StartAttempt, machine: Mapping[str, str]) -> dict[str, str]:
    """Where a container asks for what ECS knows of it, a node for its own address among it.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4.html
    """
    job, child = start.job, start.child
    if METADATA not in machine:
        return {}
    address = node_address(job, child) if job.is_multi_node else _LOOPBACK
    return {METADATA: f"{machine[METADATA]}/{task_id(job, child, start.attempt)}/{address}"}


def _instance_metadata(start: StartAttempt, machine: Mapping[str, str]) -> dict[str, str]:
    """Where a container asks for what EC2 knows of its machine; on Fargate there is nothing of the kind.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html
    """
    if INSTANCE_METADATA not in machine:
        return {}
    if start.host.environment.spec.is_fargate:
        return {"AWS_EC2_METADATA_DISABLED": "true"}
    return {INSTANCE_METADATA: f"{machine[INSTANCE_METADATA]}/{start.host.id}"}


def _execution_environment(start: StartAttempt) -> dict[str, str]:
    """By which clients tell that they run on ECS: Metaflow's dies without it.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
    """
    on_fargate = start.host.environment.spec.is_fargate
    return {"AWS_EXECUTION_ENV": "AWS_ECS_FARGATE" if on_fargate else "AWS_ECS_EC2"}


def substitute(command: list[str], parameters: Mapping[str, str]) -> list[str]:
    """A command with its `Ref::name` placeholders filled in.

    https://docs.aws.amazon.com/batch/latest/userguide/job_definition_parameters.html#parameters
    """
    return [
        parameters.get(word.removeprefix("Ref::"), word) if word.startswith("Ref::") else word
        for word in command
    ]


def _pull(images: Images, name: str) -> Image | None:
    try:
        return images(name)
    except ImageNotFoundError as error:
        raise StartFailedError(f"CannotPullContainerError: {error}") from error


def _argv(command: tuple[str, ...], image: Image | None) -> tuple[str, ...]:
    argv = list(command)
    if image is not None:
        argv = [*image.entrypoint, *(command or image.command)]
    if argv and argv[0] in ("python", "python3"):
        # The interpreter of this machine that stands for the image's; without one this virtual environment's.
        argv[0] = (image.python if image else None) or sys.executable
    return tuple(argv)


@cache
def _machine_environment() -> Mapping[str, str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**passed, "PATH": path, "HOME": os.environ.get("HOME", "/"), "PYTHONUNBUFFERED": "1"}


def _batch_environment(start: StartAttempt) -> dict[str, str]:
    """https://docs.aws.amazon.com/batch/latest/userguide/job_env_vars.html."""
    job = start.job
    variables = {
        "AWS_BATCH_JOB_ID": child_id(job, start.child),
        "AWS_BATCH_JOB_ATTEMPT": str(start.attempt),
        "AWS_BATCH_JQ_NAME": submission_of(job).queue_name,
        "AWS_BATCH_CE_NAME": start.host.environment.spec.name,
    }
    if job.is_array:
        variables["AWS_BATCH_JOB_ARRAY_INDEX"] = str(start.child)
        variables["AWS_BATCH_JOB_ARRAY_SIZE"] = str(job.size)
    if job.is_multi_node:
        variables.update(_node_environment(start))
    return variables


def _node_environment(start: StartAttempt) -> dict[str, str]:
    """https://docs.aws.amazon.com/batch/latest/userguide/mnp-env-vars.html."""
    job, main = start.job, start.job.spec.main_node
    variables = {
        "AWS_BATCH_JOB_MAIN_NODE_INDEX": str(main),
        "AWS_BATCH_JOB_NODE_INDEX": str(start.child),
        "AWS_BATCH_JOB_NUM_NODES": str(job.size),
    }
    if start.child != main:
        # "This variable isn't present on the main node."
        variables["AWS_BATCH_JOB_MAIN_NODE_PRIVATE_IPV4_ADDRESS"] = node_address(job, main)
    return variables


def _secret_environment(container: dict[str, Any], secrets: Secrets) -> dict[str, str]:
    try:
        role = container.get("executionRoleArn", "")
        return {each["name"]: secrets(each["valueFrom"], role) for each in container.get("secrets", [])}
    except LookupError as error:
        message = f"ResourceInitializationError: unable to pull secrets or registry auth: {error}"
        raise StartFailedError(message) from error
