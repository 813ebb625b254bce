"""What a step may ask of its machine."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.pipeline.retry_rules import EvaluateOnExit
from tests.sluice.pipeline.validation.pipelines import step_mistakes

WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "unknown machines": ({"compute": "quantum"}, ".compute", "'spot'"),
    "machines that are no text": ({"compute": ["gpu"]}, ".compute", "'spot'"),
    "steady on spot": ({"compute": "spot", "queue": "steady"}, ".compute", "never takes back"),
    "steady on Fargate spot": (
        {"compute": "fargate_spot", "queue": "steady"},
        ".compute",
        "never takes back",
    ),
    "GPUs on usual machines": ({"gpus": 1}, ".gpus", 'compute="gpu"'),
    "GPUs on Fargate": ({"gpus": 1, "compute": "fargate"}, ".gpus", 'compute="gpu"'),
    "GPUs on Arm": ({"gpus": 2, "compute": "arm"}, ".gpus", 'compute="gpu"'),
    "GPU machines without GPUs": ({"compute": "gpu"}, ".gpus", "gpus=1"),
    "half a GPU": ({"compute": "gpu", "gpus": 0.5}, ".gpus", "a valid integer"),
    "less than no GPU": ({"compute": "gpu", "gpus": -1}, ".gpus", "greater than or equal to 0"),
    "17 GPUs": ({"compute": "gpu", "gpus": 17}, ".gpus", "less than or equal to 16"),
    "3 vCPUs on Fargate": ({"compute": "fargate", "vcpus": 3}, "", "0.25, 0.5, 1, 2, 4, 8, 16, 32"),
    "a quarter of a vCPU on EC2": ({"vcpus": 0.25}, ".vcpus", 'Write vcpus=1, or compute="fargate"'),
    "one and a half vCPUs with GPUs": (
        {"compute": "gpu", "gpus": 1, "vcpus": 1.5},
        ".vcpus",
        "a whole number on machines of EC2",
    ),
    "half a vCPU of one's own": ({"compute": "unmanaged", "vcpus": 0.5}, ".vcpus", "a whole number"),
    "no number of vCPUs": ({"vcpus": float("nan")}, ".vcpus", "a finite number"),
    "endless vCPUs": ({"vcpus": float("inf")}, ".vcpus", "a finite number"),
    "little memory on Fargate": ({"compute": "fargate", "vcpus": 2, "memory": 2048}, "", "Write memory=4096"),
    "much memory on Fargate": (
        {"compute": "fargate_spot", "vcpus": 0.25, "memory": 4096},
        "",
        "512, 1024, 2048",
    ),
    "odd memory on Fargate": ({"compute": "fargate", "memory": 2500}, "", "Write memory=3072"),
    "limits on Fargate": ({"compute": "fargate", "ulimits": {"nofile": 1024}}, ".ulimits", "none on Fargate"),
    "a disk elsewhere": ({"storage": 30}, ".storage", "none but on Fargate"),
    "shared memory on Fargate": ({"compute": "fargate", "shared_memory": 128}, ".shared_memory", "none on"),
    "folders in memory on Fargate": ({"compute": "fargate", "tmpfs": {"/scratch": 64}}, ".tmpfs", "none on"),
    "no shared memory": ({"shared_memory": 0}, ".shared_memory", "greater than or equal to 1"),
    "a folder in memory without a slash": ({"tmpfs": {"tmp": 64}}, ".tmpfs", "match pattern"),
    "a folder in memory for everything": ({"tmpfs": {"/": 64}}, ".tmpfs", "other than /"),
    "folders larger than memory": ({"tmpfs": {"/a": 1024, "/b": 1024}}, ".tmpfs", "less than the memory"),
    "a user with a space": ({"user": "me myself"}, ".user", "match pattern"),
    "a read-only root that is a text": ({"read_only_root": "yes"}, ".read_only_root", "a valid boolean"),
    "20 GiB of disk": ({"compute": "fargate", "storage": 20}, ".storage", "greater than or equal to 21"),
    "201 GiB of disk": ({"compute": "fargate", "storage": 201}, ".storage", "less than or equal to 200"),
    "a priority of 10,000": ({"priority": 10_000}, ".priority", "less than or equal to 9999"),
    "a priority of -1": ({"priority": -1}, ".priority", "greater than or equal to 0"),
}


@pytest.mark.parametrize(("fields", "where", "says"), WRONG.values(), ids=WRONG.keys())
def test_a_mistake_is_reported_at_its_field(fields: dict[str, Any], where: str, says: str) -> None:
    """The report names the field and says what was expected or what to write."""
    found = step_mistakes(**fields)
    assert any(line.startswith(f"steps['a']{where}") and says in line for line in found), found


RIGHT: dict[str, dict[str, Any]] = {
    "the smallest task": {"compute": "fargate", "vcpus": 0.25, "memory": 512},
    "the largest task": {"compute": "fargate_spot", "vcpus": 32, "memory": 249_856, "storage": 200},
    "GPUs of one's own": {"compute": "unmanaged", "gpus": 4},
    "GPUs": {"compute": "gpu", "gpus": 1, "queue": "steady"},
    "all of a container": {
        "shared_memory": 512,
        "tmpfs": {"/scratch": 256, "/run": 16},
        "user": "1000:1000",
        "read_only_root": True,
    },
    "a user of a task": {"compute": "fargate", "user": "app", "read_only_root": True},
    "a steady task": {"compute": "fargate", "queue": "steady", "priority": 0},
}


@pytest.mark.parametrize("fields", RIGHT.values(), ids=RIGHT.keys())
def test_what_is_right_passes(fields: dict[str, Any]) -> None:
    """Nothing is reported."""
    assert step_mistakes(**fields) == []


def test_all_mistakes_of_a_step_are_reported_together() -> None:
    """One synthesis shows all of them, each with what to do."""
    found = step_mistakes(
        compute="fargate",
        vcpus=3,
        gpus=1,
        priority=-1,
        ulimits={"nofile": 1},
        secrets={"K": ""},
        retry=[EvaluateOnExit(action="RETRY")],
    )
    assert len(found) == 6
    assert all(line.count(". ") >= 1 for line in found)
