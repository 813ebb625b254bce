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
