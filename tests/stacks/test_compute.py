"""What must hold for the compute stack as a whole."""

from __future__ import annotations

from pathlib import Path

from stacks.configuration import Configuration
from tests.stacks.blocks.machines.compute_stack import synthesised
from tests.stacks.projects import composed, project
from tests.stacks.templates import Template, text


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


def test_machines_of_a_pipelines_own_have_nothing_in_common_with_the_others() -> None:
    """Environments, launch template and role are theirs; an environment never serves two pipelines."""
    template = synthesised(Configuration(), "normal", "secret_normal", "secret_steady", "secret-2_normal")
    assert len(template.of_type("AWS::Batch::ComputeEnvironment")) == 2 * 3
    for kind in ("AWS::EC2::LaunchTemplate", "AWS::IAM::InstanceProfile"):
        assert len(template.of_type(kind)) == 3
    served: dict[str, set[str]] = {}
    for queue in template.properties("AWS::Batch::JobQueue"):
        owner, _, _ = queue["JobQueueName"].removeprefix("Other_").removeprefix("Sluice_").rpartition("_")
        for one in queue["ComputeEnvironmentOrder"]:
            served.setdefault(text(one["ComputeEnvironment"]), set()).add(owner)
    assert {owner for owners in served.values() for owner in owners} == {"", "secret", "secret-2"}
    assert all(len(owners) == 1 for owners in served.values())
    profiles = {
        text(one["ComputeResources"]["InstanceRole"])
        for one in template.properties("AWS::Batch::ComputeEnvironment")
    }
    assert len(profiles) == 3
