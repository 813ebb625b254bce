"""The node groups of a multi-node step."""

from __future__ import annotations

from sluice.pipeline.definition import Job, Manual, MultiNode, NodeGroup, Pipeline
from sluice.pipeline.node_groups import groups_of, programs_of

GROUPS = [NodeGroup(nodes=1, run="lead"), NodeGroup(nodes=3, image="i", command=["c"])]


def test_nodes_that_run_the_same_are_one_group() -> None:
    """With the program of the step."""
    assert groups_of(MultiNode("a", run="ring", nodes=4)) == (NodeGroup(nodes=4, run="ring"),)


def test_the_programs_of_a_pipeline_are_its_steps_and_node_groups() -> None:
    """Each group of a MultiNode has a program of its own."""
    job = Job("b", run="merge")
    pipeline = Pipeline(name="p", triggers=[Manual()], steps=[MultiNode("a", groups=GROUPS), job])
    assert programs_of(pipeline) == [*GROUPS, job]
