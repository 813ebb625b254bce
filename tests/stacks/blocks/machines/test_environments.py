"""Only the environments that a pipeline names exist."""

from __future__ import annotations

import pytest

from sluice.compute import ENVIRONMENTS, Compute, QueueKey
from stacks.configuration import Configuration
from tests.stacks.blocks.machines.compute_stack import environments_of, synthesised
from tests.stacks.templates import Template


def test_only_what_a_pipeline_names_is_created(compute: Template) -> None:
    """The pipelines of this repository name no machines: their queues are for spot machines and then
    on-demand ones.
    """
    assert environments_of(compute) == {
        "Sluice_normal": ["Spot", "OnDemand"],
        "Sluice_bulk": ["Spot", "OnDemand"],
    }
    assert len(compute.of_type("AWS::Batch::ComputeEnvironment")) == 2
    assert compute.of_type("AWS::Batch::SchedulingPolicy") == {}


@pytest.mark.parametrize("compute", list(Compute))
def test_machines_that_are_named_are_all_there_is(compute: Compute) -> None:
    """A project that names one kind of machines gets the environments of that kind and no others."""
    template = synthesised(Configuration(), str(QueueKey("normal", compute)))
    (made,) = environments_of(template).values()
    assert tuple(made) == ENVIRONMENTS[compute]
    assert len(template.of_type("AWS::Batch::ComputeEnvironment")) == len(made)
    assert bool(template.of_type("AWS::EC2::LaunchTemplate")) is not compute.is_fargate
    assert bool(template.of_type("AWS::IAM::Role")) is not compute.is_fargate
