"""How many vCPUs the types of a deploy have at most."""

from __future__ import annotations

import pytest

from stacks.blocks.machines.instance_sizes import MOST, largest
from stacks.configuration import Configuration


@pytest.mark.parametrize(
    ("types", "most"),
    [
        (("c7i.large",), 2),
        (("c7i.large", "m7i.xlarge"), 4),
        (("c7i.9xlarge",), 36),
        (("t3.nano",), 2),
        (("c7i.large", "m7i"), MOST),
        (("c7i.metal-24xl",), MOST),
        (("default_x86_64",), MOST),
        ((), MOST),
    ],
)
def test_a_size_says_how_many_cpus_there_are(types: tuple[str, ...], most: int) -> None:
    """A family or bare metal leaves it open."""
    assert largest(types) == most


def test_a_deploy_offers_the_lesser_of_its_maximum_and_its_largest_machine() -> None:
    """Both bound what one job may have."""
    offered = Configuration(
        instance_types=("c7i.2xlarge",), max_vcpus_on_demand=4, gpu_instance_types=("g5",), max_vcpus_gpu=48
    ).offered
    names = ("Spot", "OnDemand", "GpuSpot", "Fargate")
    assert [offered.max_vcpus[one] for one in names] == [8, 4, 48, 64]
