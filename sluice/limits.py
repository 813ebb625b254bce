"""AWS Batch's limits, and the check of a SubmitJob request before it is sent.

Source: https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html and
https://docs.aws.amazon.com/batch/latest/APIReference/API_SubmitJob.html
"""

from __future__ import annotations

import json
import re
from typing import Any

from sluice.errors import LimitError

MIN_ARRAY_SIZE = 2
MAX_ARRAY_SIZE = 10_000
MAX_DEPENDENCIES = 20
MAX_PAYLOAD_BYTES = 30 * 1024
# Not in the user guide; seen as a refusal in production: https://github.com/ASFHyP3/hyp3/issues/3041
MAX_CONTAINER_OVERRIDES_BYTES = 8_192
MAX_ITEM_BYTES = 8 * 1024
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
MAX_KEY_BYTES = 1_024
MAX_ATTEMPTS = 10
MAX_EXIT_RULES = 5
MIN_TIMEOUT_SECONDS = 60
MAX_TIMEOUT_SECONDS = 1_209_600
"""Two weeks, after which a job of Fargate ends anyway:
https://docs.aws.amazon.com/batch/latest/userguide/fargate.html.
"""
# https://docs.aws.amazon.com/batch/latest/APIReference/API_ContainerProperties.html: AWS_BATCH is reserved
RESERVED_VARIABLES = ("AWS_BATCH", "SLUICE_")
# https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html: of RegisterJobDefinition's request
MAX_JOB_DEFINITION_BYTES = 24 * 1024
# Docker's own floor, which Batch passes on:
# https://docs.aws.amazon.com/batch/latest/userguide/job_definition_parameters.html
MIN_MEMORY_MIB = 4
MAX_DESCRIBE_JOBS = 100
# https://docs.aws.amazon.com/batch/latest/userguide/mnp-node-groups.html
MAX_NODES = 1_000
MAX_NODE_GROUPS = 5
# https://docs.aws.amazon.com/batch/latest/userguide/resource-aware-scheduling-how-to-for-jobs.html
MAX_LIMITS_OF_A_JOB = 5
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
MAX_TRANSACTION_ITEMS = 100
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
MAX_BATCH_GET_KEYS = 100
MAX_CONCURRENT_RUNS = 100
"""Sluice's own: the runs that run are in one item of the ledger."""
MAX_RECEIVES = 5
"""Sluice's own: how often a message may fail before its queue hands it on."""

OWN_VARIABLE = (
    f"names of your own without = and NUL, which do not begin with {' or '.join(RESERVED_VARIABLES)}"
)
"""What the name of a variable of a step has to be."""

JOB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")


def is_own_variable(name: object) -> bool:
    """Return whether a step may set a variable of this name: a container cannot have one with ``=`` or NUL,
    and AWS Batch and Sluice set some themselves.
    """
    if not isinstance(name, str) or not name or name.startswith(RESERVED_VARIABLES):
        return False
    return not {"=", "\0"} & set(name)


def is_value(text: str) -> bool:
    """Return whether a variable may have a value: AWS Batch drops empty ones, and NUL ends a text in a
    container's environment.
    """
    return bool(text) and "\0" not in text


def check_submit_job(request: dict[str, Any]) -> None:
    """Raise LimitError, naming the field, if AWS Batch would refuse this SubmitJob request."""
    name = request["jobName"]
    _require(JOB_NAME.fullmatch(name) is not None, "jobName", "1 to 128 of [A-Za-z0-9_-]", name)
    size = request.get("arrayProperties", {}).get("size", MIN_ARRAY_SIZE)
    _require(
        MIN_ARRAY_SIZE <= size <= MAX_ARRAY_SIZE,
        "arrayProperties.size",
        f"{MIN_ARRAY_SIZE} to {MAX_ARRAY_SIZE}",
        size,
    )
    depends_on = request.get("dependsOn", [])
    _require(len(depends_on) <= MAX_DEPENDENCIES, "dependsOn", f"at most {MAX_DEPENDENCIES}", len(depends_on))
    for overrides in map(_bytes, _container_overrides(request)):
        expected = f"at most {MAX_CONTAINER_OVERRIDES_BYTES} bytes"
        _require(
            overrides <= MAX_CONTAINER_OVERRIDES_BYTES, "containerOverrides", expected, f"{overrides} bytes"
        )
    payload = _bytes(request)
    _require(
        payload <= MAX_PAYLOAD_BYTES, "the payload", f"at most {MAX_PAYLOAD_BYTES} bytes", f"{payload} bytes"
    )


def _container_overrides(request: dict[str, Any]) -> list[dict[str, Any]]:
    ranges = request.get("nodeOverrides", {}).get("nodePropertyOverrides", [])
    return [request.get("containerOverrides", {}), *(one["containerOverrides"] for one in ranges)]


def _bytes(value: object) -> int:
    return len(json.dumps(value, separators=(",", ":")).encode())


def _require(holds: bool, field: str, expected: str, found: object) -> None:
    if not holds:
        raise LimitError(f"SubmitJob {field}: expected {expected}, found {found}. It was not sent.")
