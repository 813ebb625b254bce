"""What the job definition of a Fargate task has besides its container."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.stacks.projects import composed
from tests.stacks.templates import Template


def test_a_fargate_task_says_what_it_needs(everything_jobs: dict[str, dict[str, Any]]) -> None:
    """A size, an address to pull its image by, an architecture, a disk; and a lost task is tried again by
    Fargate's own words.
    """
    task = everything_jobs["task"]
    assert task["PlatformCapabilities"] == ["FARGATE"]
    container = task["ContainerProperties"]
    assert container["NetworkConfiguration"] == {"AssignPublicIp": "ENABLED"}
    assert container["RuntimePlatform"] == {"CpuArchitecture": "X86_64", "OperatingSystemFamily": "LINUX"}
    assert container["EphemeralStorage"] == {"SizeInGiB": 50}
    assert {"Type": "VCPU", "Value": "0.25"} in container["ResourceRequirements"]
    assert {"Action": "RETRY", "OnStatusReason": "Your Spot Task was interrupted*"} in everything_jobs[
        "spot-task"
    ]["RetryStrategy"]["EvaluateOnExit"]
    assert "NetworkConfiguration" not in everything_jobs["usual"]["ContainerProperties"]


def test_nat_leaves_tasks_without_an_address(everything_root: Path, tmp_path: Path) -> None:
    """Behind NAT a task has no public address."""
    composed(everything_root, tmp_path, {"SLUICE_NAT": "true"}).synth()
    found = Template.read(tmp_path / "SluicePipelines.template.json").properties("AWS::Batch::JobDefinition")
    addresses = [one["ContainerProperties"].get("NetworkConfiguration") for one in found]
    assert [one for one in addresses if one] == [{"AssignPublicIp": "DISABLED"}] * 2
