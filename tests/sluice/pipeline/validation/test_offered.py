"""What a deploy must offer to the pipelines that it deploys."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.pipeline.definition import Job, Manual, MultiNode, NodeGroup, Pipeline
from sluice.pipeline.validation.offered import Offered, check_offered
from tests.sluice.pipeline.validation.pipelines import mistakes_of

GROUP = NodeGroup(nodes=1, run="merge")


def pipeline(*steps: Any, **more: Any) -> Pipeline:
    """Return a pipeline of these steps."""
    return Pipeline(name="words", triggers=[Manual()], steps=list(steps), **more)


def offered(**changes: Any) -> Offered:
    """Return a deploy with NAT, with some of its settings changed."""
    return Offered(**{"nat": True, "max_vcpus_on_demand": 64, "instance_types": (), **changes})


@pytest.mark.parametrize(
    ("step", "settings", "says"),
    [
        (MultiNode("a", run="merge", nodes=4), {"nat": False}, "Deploy with SLUICE_NAT=true"),
        (
            MultiNode("a", run="merge", nodes=5, vcpus=16),
            {},
            "found 80. Deploy with SLUICE_MAX_VCPUS_ON_DEMAND=80 or more",
        ),
        (
            MultiNode("a", groups=[GROUP, NodeGroup(nodes=64, run="merge")]),
            {},
            "SLUICE_MAX_VCPUS_ON_DEMAND=65 or more",
        ),
        (
            MultiNode("a", run="merge", nodes=2, instance_type="c7i.large"),
            {},
            "SLUICE_INSTANCE_TYPES=c7i.large",
        ),
        (
            MultiNode("a", run="merge", nodes=2, instance_type="c7i.large"),
            {"instance_types": ("m7i", "c7i.xlarge")},
            "SLUICE_INSTANCE_TYPES=m7i,c7i.xlarge,c7i.large",
        ),
    ],
    ids=["no NAT", "too many vCPUs", "too many vCPUs in groups", "an unlisted type", "another size"],
)
def test_what_a_deploy_does_not_offer_is_refused_with_the_setting(
    step: MultiNode, settings: dict[str, Any], says: str
) -> None:
    """The file and the step are named."""
    (mistake,) = check_offered({"pipelines/words.py": pipeline(step)}, offered(**settings))
    assert mistake.where.startswith("pipelines/words.py: steps['a']")
    assert says in str(mistake)


@pytest.mark.parametrize("types", [("c7i",), ("c7i.large",), ("m7i", "c7i")])
def test_an_instance_type_or_its_family_may_be_listed(types: tuple[str, ...]) -> None:
    """Either lets the environment launch it."""
    step = MultiNode("a", run="merge", nodes=2, instance_type="c7i.large")
    assert list(check_offered({"f": pipeline(step)}, offered(instance_types=types))) == []


def test_a_pipeline_that_says_so_is_left_out_and_not_refused() -> None:
    """The shipped ring does not force anyone to pay for a NAT gateway; with NAT it is there, and checked."""
    found = pipeline(MultiNode("a", run="merge", nodes=65), only_with="nat")
    without, with_it = offered(nat=False), offered()
    assert (without.leaves_out(found), with_it.leaves_out(found)) == (True, False)
    assert list(check_offered({"f": found}, without)) == []
    assert len(list(check_offered({"f": found}, with_it))) == 1
    assert "only_with: expected 'nat'" in mistakes_of(pipeline(Job("a", run="merge"), only_with="gpu"))


@pytest.mark.parametrize(
    ("step", "says"),
    [
        (Job("a", run="merge", vcpus=33), "expected at most 32, which its machines have, found 33"),
        (Job("a", run="merge", vcpus=17, queue="steady"), "SLUICE_MAX_VCPUS_SPOT and SLUICE_INSTANCE_TYPES"),
        (Job("a", run="merge", vcpus=17, compute="on_demand"), "SLUICE_MAX_VCPUS_ON_DEMAND"),
        (Job("a", run="merge", vcpus=8, memory=16384, compute="fargate"), "SLUICE_MAX_VCPUS_FARGATE:"),
        (MultiNode("a", run="merge", nodes=1, vcpus=17), "at most 16"),
    ],
)
def test_more_cpus_than_any_machine_has_are_refused(step: Any, says: str) -> None:
    """Such a job would be RUNNABLE for ever; the settings that would have it are named."""
    most = {"Spot": 32, "OnDemand": 16, "Fargate": 4}
    found = list(check_offered({"f": pipeline(step)}, offered(max_vcpus=most)))
    assert any(says in str(one) for one in found), found


def test_what_some_machine_of_the_queue_has_passes() -> None:
    """The largest of the queue's environments decides; machines of one's own have no maximum."""
    steps = [
        Job("spot", run="merge", vcpus=32),
        Job("own", run="merge", vcpus=192, compute="unmanaged"),
        Job("task", run="merge", vcpus=4, memory=8192, compute="fargate_spot"),
    ]
    most = {"Spot": 32, "OnDemand": 16, "FargateSpot": 4, "Fargate": 4}
    assert list(check_offered({"f": pipeline(*steps)}, offered(max_vcpus=most))) == []
