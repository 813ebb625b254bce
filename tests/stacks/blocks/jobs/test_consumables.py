"""Limits become consumable resources, one each, and job definitions name what their jobs hold of them."""

from __future__ import annotations

from aws_cdk import App, Stack

from sluice.pipeline.definition import Job, Limit, Manual, Pipeline
from stacks.blocks.jobs.consumables import Consumables
from tests.stacks.templates import Template, text


def limited(name: str, maximum: int) -> Pipeline:
    """Return a pipeline with a limit."""
    job = Job("ask", image="busybox", command=["true"], uses={"vendor": 1})
    return Pipeline(
        name=name, triggers=[Manual()], limits=[Limit("vendor", max_concurrency=maximum)], steps=[job]
    )


def made(*pipelines: Pipeline) -> dict[str, dict[str, object]]:
    """Return the resources of some pipelines' limits, by their logical ids."""
    app = App()
    stack = Stack(app, "Stack")
    Consumables(stack, "Limits", pipelines=pipelines)
    resources: dict[str, dict[str, object]] = app.synth().get_stack_by_name("Stack").template["Resources"]
    return {name: one for name, one in resources.items() if one["Type"] == "AWS::Batch::ConsumableResource"}


def test_equal_limits_of_several_pipelines_are_one_resource() -> None:
    """They share what there is."""
    (resource,) = made(limited("first", 5), limited("second", 5)).values()
    assert resource["Properties"] == {"ResourceType": "REPLENISHABLE", "TotalQuantity": 5}


def test_a_changed_limit_is_the_same_resource() -> None:
    """It changes in place, also for runs in flight; one that no pipeline declares any more stays for them."""
    before, after = made(limited("first", 5)), made(limited("first", 6))
    assert before.keys() == after.keys()
    assert [one["DeletionPolicy"] for one in after.values()] == ["RetainExceptOnCreate"]


def test_a_step_holds_what_it_uses(pipelines: Template) -> None:
    """Only the step that says so, by the resource of this very stack."""
    definitions = {
        one["JobDefinitionName"].rsplit("-", 1)[0]: one
        for one in pipelines.properties("AWS::Batch::JobDefinition")
    }
    holding = {
        name: one["ConsumableResourceProperties"]
        for name, one in definitions.items()
        if "ConsumableResourceProperties" in one
    }
    (resource,) = pipelines.of_type("AWS::Batch::ConsumableResource")
    assert list(holding) == ["sluice-slow-vendor-ask"]
    (held,) = holding["sluice-slow-vendor-ask"]["ConsumableResourceList"]
    assert (text(held["ConsumableResource"]), held["Quantity"]) == (f"<{resource}.ConsumableResourceArn>", 1)
