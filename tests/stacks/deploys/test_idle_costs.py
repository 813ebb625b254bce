"""What is deployed costs less than $2 a month while nothing runs, counted in the templates."""

from __future__ import annotations

from pathlib import Path

import pytest
from aws_cdk import App

import app as entry
from benchmarks import cost
from tests.stacks.deploys.features import templates_of
from tests.stacks.deploys.idle_costs import idle_costs
from tests.stacks.synthesis import ENVIRONMENT, context
from tests.stacks.templates import STACKS, Template

IMAGES = cost.images()
"""The images of a project are in no template."""


def test_this_project_costs_less_than_two_dollars_a_month(tmp_path: Path) -> None:
    """As it comes, at list price; and what the README says is what the templates come to."""
    app = App(outdir=str(tmp_path), context=context())
    entry.compose(app, root=entry.ROOT, environment=ENVIRONMENT)
    app.synth()
    found = idle_costs({name: Template.read(tmp_path / f"Sluice{name}.template.json") for name in STACKS})
    assert sum(found.values()) + IMAGES == pytest.approx(sum(cost.idle().values()))
    assert sum(found.values()) + IMAGES < 2


def test_the_examples_cost_what_their_gathering_adds(templates: dict[str, Template]) -> None:
    """Their sixteen pipelines cost as much as one, but for the queue of those that gather uploads."""
    found = sum(idle_costs(templates).values()) + IMAGES
    assert found == pytest.approx(sum(cost.idle().values()) + cost.of_grouping())


@pytest.mark.parametrize(
    ("feature", "dollars"),
    [
        ("grouping", cost.of_grouping()),
        ("webhook with a schema and rotation", cost.of_webhook()),
        ("console", cost.PRICES["secret, month"].dollars),
        ("NAT", cost.of_nat()),
    ],
)
def test_what_a_feature_adds_is_what_the_pages_say(tmp_path: Path, feature: str, dollars: float) -> None:
    """In the README and docs/cost.md."""
    found = idle_costs(templates_of(tmp_path / "root", tmp_path / "out", feature))
    assert sum(found.values()) + IMAGES == pytest.approx(sum(cost.idle().values()) + dollars)


def test_what_costs_something_is_known(tmp_path: Path) -> None:
    """A resource of a kind without a price is an error, and so is one that costs more than its like."""
    strange = {"A": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer"}}
    with pytest.raises(KeyError, match="LoadBalancer"):
        idle_costs({"Control": Template(tmp_path, {"Resources": strange})})
    warm = {
        "A": {"Type": "AWS::Batch::ComputeEnvironment", "Properties": {"ComputeResources": {"MinvCpus": 2}}}
    }
    with pytest.raises(AssertionError):
        idle_costs({"Compute": Template(tmp_path, {"Resources": warm})})
