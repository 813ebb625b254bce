"""What must hold for the compute stack as a whole."""

from __future__ import annotations

from pathlib import Path

from stacks.configuration import Configuration
from tests.stacks.blocks.machines.compute_stack import synthesised
from tests.stacks.projects import composed, project
from tests.stacks.templates import Template


def test_nothing_costs_money_while_idle(compute: Template) -> None:
    """No NAT gateway, no address and no machine waits for work."""
    assert compute.of_type("AWS::EC2::NatGateway") == {}
    assert compute.of_type("AWS::EC2::EIP") == {}
    environments = compute.properties("AWS::Batch::ComputeEnvironment")
    assert [one["ComputeResources"]["MinvCpus"] for one in environments] == [0, 0]
    assert not [one for one in environments if "DesiredvCpus" in one["ComputeResources"]]


def test_every_queue_is_an_output() -> None:
    """A person finds each queue's ARN by its name."""
    outputs = synthesised(Configuration(), "normal", "fargate-spot-bulk-fair").document["Outputs"]
    assert {"NormalQueue", "FargateSpotBulkFairQueue"} <= set(outputs)


def test_a_queue_may_stay_that_no_pipeline_names_any_more(tmp_path: Path) -> None:
    """Runs that began before still find it."""
    alone = project(
        tmp_path / "project",
        {"alone": 'pipeline = Pipeline(name="alone", triggers=[Manual()], steps=[Job("a", run="work")])'},
    )
    composed(alone, tmp_path / "out", {"SLUICE_KEEP_QUEUES": "fargate-normal"}).synth()
    compute = Template.read(tmp_path / "out" / "SluiceCompute.template.json")
    assert [one["JobQueueName"] for one in compute.properties("AWS::Batch::JobQueue")] == [
        "Sluice_fargate-normal",
        "Sluice_normal",
    ]
