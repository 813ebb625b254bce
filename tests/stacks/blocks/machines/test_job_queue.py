"""In which order jobs are scheduled, on which environments, and what fails at the head of a queue."""

from __future__ import annotations

from stacks.configuration import Configuration
from tests.stacks.blocks.machines.compute_stack import environments_of, synthesised
from tests.stacks.templates import Template, text


def test_queues_go_by_priority_and_to_spot_first() -> None:
    """Urgent goes before normal before bulk; each is offered to spot, then to on-demand; steady to on-demand
    only.
    """
    names = ("urgent", "normal", "bulk", "steady", "fargate-steady", "gpu-steady", "arm-steady")
    template = synthesised(Configuration(), *names)
    usual = ["Spot", "OnDemand"]
    assert environments_of(template) == {
        "Sluice_urgent": usual,
        "Sluice_normal": usual,
        "Sluice_bulk": usual,
        "Sluice_steady": ["OnDemand"],
        "Sluice_fargate-steady": ["Fargate"],
        "Sluice_gpu-steady": ["GpuOnDemand"],
        "Sluice_arm-steady": ["ArmOnDemand"],
    }
    priority = {one["JobQueueName"]: one["Priority"] for one in template.properties("AWS::Batch::JobQueue")}
    assert priority["Sluice_urgent"] > priority["Sluice_normal"] > priority["Sluice_bulk"]


def test_priorities_have_queues_with_a_policy() -> None:
    """All of them share one policy; the queue of the same name without priorities has none."""
    template = synthesised(Configuration(), "normal", "normal-fair", "fargate-bulk-fair")
    policies = {
        one["JobQueueName"]: "SchedulingPolicyArn" in one
        for one in template.properties("AWS::Batch::JobQueue")
    }
    assert policies == {"Sluice_normal": False, "Sluice_normal-fair": True, "Sluice_fargate-bulk-fair": True}
    assert len(template.of_type("AWS::Batch::SchedulingPolicy")) == 1


def test_a_job_that_fits_nowhere_does_not_block_its_queue(compute: Template) -> None:
    """After ten minutes at the head it is cancelled, when AWS says that no machine can ever take it."""
    for queue in compute.properties("AWS::Batch::JobQueue"):
        actions = queue["JobStateTimeLimitActions"]
        assert {one["Reason"] for one in actions} == {
            "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
            "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
        }
        assert {(one["Action"], one["State"], one["MaxTimeSeconds"]) for one in actions} == {
            ("CANCEL", "RUNNABLE", 600)
        }


def test_each_step_has_the_queue_of_its_machines(everything: dict[str, Template]) -> None:
    """One queue for each pair of queue and machines that is named, with and without priorities, and one for
    what Sluice adds.
    """
    assert sorted(
        one["JobQueueName"] for one in everything["Compute"].properties("AWS::Batch::JobQueue")
    ) == [
        "Sluice_arm-normal",
        "Sluice_fargate-normal",
        "Sluice_fargate-spot-normal-fair",
        "Sluice_gpu-normal",
        "Sluice_normal",
        "Sluice_on-demand-bulk-fair",
        "Sluice_steady",
        "Sluice_unmanaged-normal",
    ]
    variables = everything["Control"].of_type("AWS::Lambda::Function")
    queues = {
        text(one["Properties"]["Environment"]["Variables"].get("SLUICE_QUEUES", "")).partition("=")[2]
        for one in variables.values()
    }
    assert (
        "arm-normal,fargate-normal,fargate-spot-normal-fair,gpu-normal,normal,on-demand-bulk-fair,steady,unmanaged-normal"
        in queues
    )
