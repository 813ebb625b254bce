"""What must hold for the Fargate environments."""

from __future__ import annotations

from pathlib import Path

from sluice.compute import Compute
from stacks.configuration import Configuration
from tests.stacks.blocks.machines.compute_stack import synthesised
from tests.stacks.projects import composed, project
from tests.stacks.templates import Template


def test_fargate_has_no_machines() -> None:
    """Its environments say where, how many vCPUs and how they are bought, and nothing of instances."""
    template = synthesised(Configuration(max_vcpus_fargate=6), "fargate-spot-normal")
    found = {
        one["ComputeResources"].pop("Type"): one
        for one in template.properties("AWS::Batch::ComputeEnvironment")
    }
    assert set(found) == {"FARGATE", "FARGATE_SPOT"}
    for environment in found.values():
        assert set(environment["ComputeResources"]) == {"MaxvCpus", "Subnets", "SecurityGroupIds"}
        assert (environment["ComputeResources"]["MaxvCpus"], environment["ReplaceComputeEnvironment"]) == (
            6,
            False,
        )


def test_a_project_of_fargate_alone_has_no_machines_at_all(tmp_path: Path) -> None:
    """What Sluice adds runs on Fargate too, so that nothing has to boot to clean up."""
    alone = project(
        tmp_path / "project",
        {
            "alone": (
                'pipeline = Pipeline(name="alone", triggers=[Manual()], steps=[Job("a", run="work",'
                ' compute="fargate_spot")])'
            )
        },
    )
    composed(alone, tmp_path / "out").synth()
    compute = Template.read(tmp_path / "out" / "SluiceCompute.template.json")
    assert {
        one["ComputeResources"]["Type"] for one in compute.properties("AWS::Batch::ComputeEnvironment")
    } == {"FARGATE", "FARGATE_SPOT"}
    assert [one["JobQueueName"] for one in compute.properties("AWS::Batch::JobQueue")] == [
        "Sluice_fargate-normal",
        "Sluice_fargate-spot-normal",
    ]
    found = Template.read(tmp_path / "out" / "SluicePipelines.template.json").properties(
        "AWS::Batch::JobDefinition"
    )
    assert [one["PlatformCapabilities"] for one in found] == [[Compute.FARGATE.upper()]] * 3
