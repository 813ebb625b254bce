"""Explains AWS's reasons: what people read first; AWS's own words follow.

Sources: https://docs.aws.amazon.com/batch/latest/userguide/job_retries.html (status reasons),
https://docs.aws.amazon.com/batch/latest/userguide/job_stuck_in_runnable.html (blocked queues),
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/resolve-stopped-errors.html (why a container did
not start).
"""

from __future__ import annotations

import re

HOST_LOST = "Host EC2"
TASK_INTERRUPTED = "Your Spot Task was interrupted"
PROGRAM_ENDED = "Essential container in task exited"
"""How the status reason of an attempt begins whose program ended; it comes with some faults of a machine
too, then without an exit code: https://github.com/nextflow-io/nextflow/issues/3091.
"""
SPOT_INTERRUPTIONS = (HOST_LOST, TASK_INTERRUPTED)
"""How the status reason of an attempt begins whose spot host, or whose task of Fargate Spot, AWS took back.

Source: https://docs.aws.amazon.com/batch/latest/userguide/job_retries.html and
https://docs.aws.amazon.com/batch/latest/userguide/fargate.html
"""

# "… is not authorized to perform: s3:GetObject on resource: …": how IAM words a refusal, whatever the
# service. https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
_NOT_AUTHORIZED = re.compile(r"not authorized to perform:? \[?(?P<action>[a-z0-9-]+:[A-Za-z]+)")
# S3 used to name no action; botocore names the operation: "An error occurred (AccessDenied) when calling the
# GetObject operation".
_DENIED_CALL = re.compile(
    r"\((?:AccessDenied\w*|UnauthorizedOperation|AuthorizationError\w*)\) when calling the (?P<call>\w+)"
    r" operation"
)

_IMAGE_IS_NOT_THERE = (
    "not found",
    "NotFound",
    "manifest unknown",
    "does not exist",
    "pull access denied",
    "no such image",
)

_REASONS = (
    ("OutOfMemory", "the job needed more memory than it asks for"),
    ("Job attempt duration exceeded timeout", "the job ran longer than its time-out"),
    (HOST_LOST, "the machine was taken away"),
    (TASK_INTERRUPTED, "the machine was taken away"),
    ("Dependent", "a job that it waits for failed"),
    ("ResourceInitializationError", "the container could not be prepared: a secret, the network or its log"),
    ("CannotInspectContainer", "the machine lost track of the container"),
    ("DockerTimeoutError", "Docker on the machine did not answer in time"),
    ("CannotStartContainer", "the container could not be started"),
    ("Task failed to start", "the container could not be started"),
)

# What blocks a queue: the beginning of the status reason.
_BLOCKED = (
    ("CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY", "AWS has no machine of the wanted types free at the moment"),
    (
        "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
        "the job asks for more vCPUs than its compute environments may have (max vCPUs)",
    ),
    (
        "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
        "the job asks for more vCPUs, memory or GPUs than any machine of its queue has",
    ),
    ("MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS", "AWS Batch's service role lacks a permission"),
    (
        "MISCONFIGURATION:EC2_INSTANCE_CONFIGURATION_UNSUPPORTED",
        "no compute environment supports the configuration that the job asks for",
    ),
    ("MISCONFIGURATION", "a compute environment is set up so that the job cannot run"),
    (
        "UNDETERMINED - ",
        "AWS Batch cannot tell why; look at the compute environment, its network and its roles",
    ),
)

# https://docs.docker.com/engine/containers/run/#exit-status, and 128 + n for a signal n
_EXIT_CODES = {
    # sluice/runtime/__main__.py; sysexits.h calls it a temporary failure.
    75: "it waited for its registration, or for AWS, until its attempts were used up",
    76: "it did nothing, because the ledger has another job for its step, or none any more",
    126: "its command could not be executed",
    127: "its command was not found",
    132: "it used an instruction that the machine lacks, mostly of another type of CPU",
    134: "it aborted itself",
    135: "it used memory that is not there, mostly because the shared memory (/dev/shm) is too small",
    136: "it divided by zero, or its arithmetic overflowed",
    137: "it was killed, mostly for want of memory",
    139: "it crashed with a segmentation fault",
    143: "it was asked to end (SIGTERM)",
}


def explain(*texts: str) -> str | None:
    """Return in plain words what the first of AWS's reasons says that is known here, or None."""
    found = next((blocked for text in texts if (blocked := explain_blocked_queue(text))), None)
    if found is not None:
        return f"its queue was blocked: {found}"
    together = "\n".join(texts)
    if "CannotPull" in together or "ImageNotFound" in together:
        missing = any(word in together for word in _IMAGE_IS_NOT_THERE)
        return "the image was not found" if missing else "the image could not be pulled"
    return next((words for mark, words in _REASONS if mark in together), None)


def explain_blocked_queue(text: str) -> str | None:
    """Return in plain words why a queue is blocked, from a status reason that says so, or None."""
    return next((words for mark, words in _BLOCKED if mark in text), None)


def explain_exit_code(code: int) -> str:
    """Return an exit code and what it usually means."""
    return f"exit code {code}" + (f": {_EXIT_CODES[code]}" if code in _EXIT_CODES else "")


def missing_permission(*texts: str) -> str | None:
    """Return which permission was missing by the words of a refusal, such as ``s3:GetObject``, or None when
    there was none.

    Where the refusal names only a call, the call's name stands for the permission.
    """
    for pattern, group in ((_NOT_AUTHORIZED, "action"), (_DENIED_CALL, "call")):
        found = next((match for text in texts if (match := pattern.search(text))), None)
        if found is not None:
            return found[group]
    return None
