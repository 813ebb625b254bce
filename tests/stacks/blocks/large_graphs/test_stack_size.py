"""What CloudFormation would refuse is refused at synthesis."""

from __future__ import annotations

from pathlib import Path

import pytest
from aws_cdk import App, CfnResource, Stack
from constructs import Construct

from sluice.errors import PipelineError
from stacks.blocks.large_graphs.stack_size import (
    MAX_TEMPLATE_BYTES,
    check_stack_size,
    check_template_sizes,
)


def stack(shared: int, **parts: int) -> tuple[Stack, dict[str, Construct]]:
    """Return a stack with so many resources of all pipelines, and of each one, some of them deeper."""
    made = Stack(App())
    resources(Construct(made, "Shared"), shared)
    return made, {name: resources(Construct(made, name), count) for name, count in parts.items()}


def resources(part: Construct, count: int) -> Construct:
    """Return a construct with so many resources, some of them deeper."""
    deeper = Construct(part, "Deeper")
    for number in range(count):
        CfnResource(deeper if number % 2 else part, f"R{number}", type="AWS::SNS::Topic")
    return part


def test_more_than_a_stack_holds_is_refused_with_the_largest_pipelines() -> None:
    """In a sentence, before the CDK refuses it with an error of its own; what all share counts, too."""
    check_stack_size(*stack(20, small=3, large=477), {})
    with pytest.raises(PipelineError) as refused:
        check_stack_size(*stack(20, small=3, large=478), {})
    said = str(refused.value)
    assert (
        "expected at most 500 CloudFormation resources in the stack of all pipelines, found 501 of 2"
        " pipelines, most of them in large (478)" in said
    )
    assert "SLUICE_STACK_PREFIX" in said


def test_more_than_a_deploy_holds_is_refused() -> None:
    """Nested stacks have a limit together."""
    check_stack_size(*stack(10, large=10), {"large": 2_480})
    with pytest.raises(PipelineError, match="in a deploy, nested stacks included, found 2501"):
        check_stack_size(*stack(10, large=10), {"large": 2_481})


def test_a_template_that_is_too_long_is_refused_by_name(tmp_path: Path) -> None:
    """CloudFormation refuses it behind the other stacks."""
    template = tmp_path / "SluicePipelines.template.json"
    template.write_text(" " * MAX_TEMPLATE_BYTES)
    check_template_sizes(tmp_path)
    template.write_text(" " * (MAX_TEMPLATE_BYTES + 1))
    with pytest.raises(PipelineError, match=r"bytes of SluicePipelines\.template\.json, found 1,000,001"):
        check_template_sizes(tmp_path)
