"""Whether CloudFormation accepts the stack of all pipelines, checked at synthesis.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from aws_cdk import CfnResource, NestedStack
from constructs import Construct, IConstruct

from sluice.errors import Mistake, PipelineError
from sluice.pipeline.loading import PIPELINES

MAX_RESOURCES = 500
MAX_NESTED_RESOURCES = 2_500
MAX_TEMPLATE_BYTES = 1_000_000
_NAMED = 3
_APART = (
    "Let steps run the same work (they share a definition), or deploy some pipelines from a project of their"
    " own, with another SLUICE_STACK_PREFIX: docs/your-own.md says what a pipeline costs."
)


def check_stack_size(stack: Construct, parts: Mapping[str, Construct], nested: Mapping[str, int]) -> None:
    """Raise PipelineError, naming the largest pipelines, when they have more resources than a stack or a
    deploy may have.

    ``stack`` has all that it will have; ``parts`` are its constructs by pipeline, beside what all share;
    ``nested`` are the numbers of definitions in nested stacks, by pipeline.
    """
    own = {name: sum(1 for _ in _resources(part)) for name, part in parts.items()}
    shared = sum(1 for _ in _resources(stack)) - sum(own.values())
    mistakes = [
        *_mistakes("in the stack of all pipelines", own, shared, MAX_RESOURCES),
        *_mistakes("in a deploy, nested stacks included", _sum(own, nested), shared, MAX_NESTED_RESOURCES),
    ]
    if mistakes:
        raise PipelineError(PIPELINES, tuple(mistakes))


def check_template_sizes(directory: Path) -> None:
    """Raise PipelineError for a synthesised template that has more bytes than CloudFormation takes: the
    deploy would end at its last stack.
    """
    sizes = {path: path.stat().st_size for path in sorted(directory.glob("*.template.json"))}
    mistakes = [
        Mistake(
            PIPELINES,
            f"at most {MAX_TEMPLATE_BYTES:,} bytes of {path.name}",
            f"{size:,}",
            _APART,
        )
        for path, size in sizes.items()
        if size > MAX_TEMPLATE_BYTES
    ]
    if mistakes:
        raise PipelineError(PIPELINES, tuple(mistakes))


def _mistakes(where: str, counts: Mapping[str, int], shared: int, maximum: int) -> Iterator[Mistake]:
    if (total := sum(counts.values()) + shared) > maximum:
        largest = sorted(counts, key=lambda name: -counts[name])[:_NAMED]
        found = (
            f"{total} of {len(counts)} pipelines, most of them in"
            f" {', '.join(f'{name} ({counts[name]})' for name in largest)}"
        )
        yield Mistake(PIPELINES, f"at most {maximum} CloudFormation resources {where}", found, _APART)


def _sum(first: Mapping[str, int], second: Mapping[str, int]) -> dict[str, int]:
    return {name: count + second.get(name, 0) for name, count in first.items()}


def _resources(construct: IConstruct) -> Iterator[IConstruct]:
    """Yield the resources below a construct that stand in its own stack: each step costs a call of Node."""
    children: Sequence[IConstruct] = construct.node.children
    for child in children:
        if isinstance(child, NestedStack):
            continue
        if isinstance(child, CfnResource):
            yield child
        else:
            yield from _resources(child)
