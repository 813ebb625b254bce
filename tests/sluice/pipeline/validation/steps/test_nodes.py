"""Multi-node steps: what a user may write, and what is refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.errors import PipelineError
from sluice.pipeline.definition import Array, Job, Limit, Manual, MultiNode, NodeGroup, Pipeline
from sluice.pipeline.step_functions import StepSource
from sluice.pipeline.validation import validate

VENDOR = Limit("vendor", max_concurrency=5)
GROUP = NodeGroup(nodes=1, run="ring")
FUNCTIONS = {name: StepSource("steps.py:1") for name in ("ring", "publish")}


def pipeline(*steps: Any, **more: Any) -> Pipeline:
    """Return a pipeline of these steps."""
    return Pipeline(name="words", triggers=[Manual()], steps=list(steps), **more)


def mistakes_of(found: Pipeline) -> str:
    """Return the text of a pipeline's mistakes, or nothing."""
    try:
        validate(found, "pipelines/words.py", FUNCTIONS)
    except PipelineError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    "step",
    [
        MultiNode("a", run="ring", nodes=1),
        MultiNode("a", run="ring", nodes=1_000, instance_type="c7i.8xlarge", queue="steady"),
        MultiNode("a", image="mpi:1", command=["mpirun"], nodes=2),
        MultiNode("a", groups=[GROUP]),
        MultiNode("a", groups=[NodeGroup(nodes=1, image="lead:1", command=["lead"]), *[GROUP] * 4]),
    ],
    ids=str,
)
def test_what_nodes_may_be(step: MultiNode) -> None:
    """All alike, or up to five groups, each with a program of its own."""
    assert mistakes_of(pipeline(step, Job("b", run="publish", after=["a"]))) == ""


CASES: dict[str, tuple[MultiNode | Array, str, str]] = {
    "neither nodes nor groups": (MultiNode("a", run="ring"), "steps['a']", "found neither"),
    "nodes and groups": (MultiNode("a", nodes=2, groups=[GROUP]), "steps['a']", "found both"),
    "no group": (MultiNode("a", groups=[]), "steps['a']", "found neither"),
    "six groups": (MultiNode("a", groups=[GROUP] * 6), "steps['a'].groups", "at most 5"),
    "no node": (MultiNode("a", run="ring", nodes=0), "steps['a'].nodes", "greater than or equal to 1"),
    "1,001 nodes": (
        MultiNode("a", run="ring", nodes=1_001),
        "steps['a'].nodes",
        "less than or equal to 1000",
    ),
    "nodes as a word": (MultiNode("a", run="ring", nodes="4"), "steps['a'].nodes", "a valid integer"),  # type: ignore[arg-type]
    "an empty group": (
        MultiNode("a", groups=[NodeGroup(nodes=0, run="ring")]),
        "steps['a'].groups[0].nodes",
        "greater than or equal to 1",
    ),
    "groups of 1,001 nodes": (
        MultiNode("a", groups=[NodeGroup(nodes=501, run="ring"), NodeGroup(nodes=500, run="ring")]),
        "steps['a'].groups",
        "at most 1,000 nodes together, found 1,001",
    ),
    "a group that is none": (MultiNode("a", groups=[{"nodes": 1}]), "steps['a'].groups[0]", "NodeGroup"),  # type: ignore[list-item]
    "run beside groups": (
        MultiNode("a", run="ring", groups=[GROUP]),
        "steps['a'].run",
        "no run= beside groups=",
    ),
    "image beside groups": (
        MultiNode("a", image="mpi:1", groups=[GROUP]),
        "steps['a'].image",
        "no image= beside groups=",
    ),
    "nothing to run": (MultiNode("a", nodes=2), "steps['a']", "found neither"),
    "a group without a program": (
        MultiNode("a", groups=[NodeGroup(nodes=1)]),
        "steps['a'].groups[0]",
        "found neither",
    ),
    "a group with two programs": (
        MultiNode("a", groups=[NodeGroup(nodes=1, run="ring", command=["x"], image="i")]),
        "steps['a'].groups[0]",
        "found both",
    ),
    "a command without an image": (
        MultiNode("a", groups=[GROUP, NodeGroup(nodes=1, command=["x"])]),
        "steps['a'].groups[1].image",
        "the image that has the command",
    ),
    "a missing function": (
        MultiNode("a", groups=[NodeGroup(nodes=1, run="rung")]),
        "steps['a'].groups[0].run",
        "'rung'",
    ),
    "a reserved variable": (
        MultiNode("a", groups=[NodeGroup(nodes=1, run="ring", environment={"SLUICE_RUN": "x"})]),
        "steps['a'].groups[0].environment",
        "SLUICE_RUN",
    ),
    "a reserved variable of all groups": (
        MultiNode("a", groups=[GROUP], environment={"AWS_BATCH_X": "x"}),
        "steps['a'].environment",
        "AWS_BATCH_X",
    ),
    "a group with nodes as a word": (
        MultiNode("a", groups=[NodeGroup(nodes="3", run="ring")]),  # type: ignore[arg-type]
        "steps['a'].groups[0].nodes",
        "a valid integer, found '3'",
    ),
    "a group whose function is a number": (
        MultiNode("a", groups=[NodeGroup(nodes=3, run=7)]),  # type: ignore[arg-type]
        "steps['a'].groups[0].run",
        "a valid string, found 7",
    ),
    "a group with half a node": (
        MultiNode("a", groups=[NodeGroup(nodes=True, run="ring")]),
        "steps['a'].groups[0].nodes",
        "a valid integer",
    ),
    "groups that are no list": (MultiNode("a", groups=GROUP), "steps['a'].groups", "a valid list"),  # type: ignore[arg-type]
    "MultiNode on spot": (
        MultiNode("a", run="ring", nodes=2, queue="normal"),
        "steps['a'].queue",
        "'steady' for a MultiNode, found 'normal'",
    ),
    "an instance family": (
        MultiNode("a", run="ring", nodes=2, instance_type="c7i"),
        "steps['a'].instance_type",
        "match pattern",
    ),
    "a limit on nodes": (
        MultiNode("a", run="ring", nodes=2, uses={"vendor": 1}),
        "steps['a'].uses",
        "none for a MultiNode",
    ),
    "an array child by child after nodes": (
        Array("b", run="ring", each="a"),
        "steps['b'].each",
        "the name of an Array, found 'a'",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_nodes_that_cannot_be_are_refused(case: str) -> None:
    """With the field, what was expected and what was found; the step that is right is not named."""
    wrong, where, says = CASES[case]
    steps = [wrong] if wrong.name == "a" else [MultiNode("a", run="ring", nodes=2), wrong]
    said = mistakes_of(pipeline(*steps, limits=[VENDOR]))
    line = next((line for line in said.splitlines() if where in line and says in line), "")
    assert line, said


def test_every_mistake_of_a_multi_node_step_is_reported_together() -> None:
    """Fields, program and queue, in one go."""
    said = mistakes_of(pipeline(MultiNode("a", run="rung", nodes=0, queue="bulk", timeout=1)))
    assert all(f"steps['a'].{field}" in said for field in ("nodes", "run", "queue", "timeout"))
