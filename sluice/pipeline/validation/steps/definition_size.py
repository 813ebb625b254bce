"""Checks that AWS Batch can keep a step's job definition.

Source: https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sluice.errors import Mistake
from sluice.limits import MAX_JOB_DEFINITION_BYTES
from sluice.pipeline.definition import MultiNode, Step
from sluice.pipeline.node_groups import Program, groups_of
from sluice.pipeline.secret_sources import Secret
from sluice.pipeline.validation.fields import listed, of_type

ADDED_BYTES = 3 * 1024
"""What a container has of Sluice at most: its roles, its settings, its log, its tags and retry rules, and an
image of our own.
"""
_ARN_BYTES = 120
"""What becomes of the name of a secret."""


def check_definition_size(where: str, step: Step) -> Iterator[Mistake]:
    """Yield a step whose definition would have more than 24 KiB."""
    if (size := definition_bytes(step)) <= MAX_JOB_DEFINITION_BYTES:
        return
    fix = (
        "Let the step read what is long from S3 or from its image: environment=, command= and parameters="
        " stand in the definition."
    )
    yield Mistake(where, "a job definition of at most 24 KiB", f"about {size / 1024:.0f} KiB", fix)


def definition_bytes(step: Step) -> int:
    """Return how many bytes a step's definition has in a request to AWS Batch, at most."""
    programs = groups_of(step) if isinstance(step, MultiNode) else [step]
    shared = _bytes(step.parameters) + sum(ADDED_BYTES + _container_bytes(step, one) for one in programs)
    return shared + 150 * len(listed(step.retry))


def _container_bytes(step: Step, program: Program) -> int:
    own = program.environment if program is not step else {}
    variables = [*_items(step.environment), *_items(own)]
    secrets = [
        (name, secret.source if isinstance(secret, Secret) else secret)
        for name, secret in _items(step.secrets)
    ]
    return (
        _bytes([program.image, program.command])
        + _bytes([{"name": name, "value": value} for name, value in variables])
        + _bytes([{"name": name, "valueFrom": source} for name, source in secrets])
        + _ARN_BYTES * len(secrets)
        + _bytes([{"name": name, "softLimit": 2**31, "hardLimit": 2**31} for name, _ in _items(step.ulimits)])
        + sum(400 + _bytes(vars(mount)) for mount in listed(step.mounts) if hasattr(mount, "__dict__"))
    )


def _items(value: object) -> list[tuple[Any, Any]]:
    return list(value.items()) if isinstance(value, dict) and of_type(value, dict) else []


def _bytes(value: object) -> int:
    return len(json.dumps(value, separators=(",", ":"), default=str, ensure_ascii=False).encode())
