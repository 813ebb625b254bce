"""A job definition that AWS Batch could not keep is refused at synthesis."""

from __future__ import annotations

from sluice.pipeline.definition import MultiNode, NodeGroup
from sluice.pipeline.validation.steps.definition_size import definition_bytes
from tests.sluice.pipeline.validation.pipelines import command, step_mistakes

LONG = "x" * 1000


def test_what_is_too_long_is_refused_with_what_to_do() -> None:
    """Variables, a command and parameters count, in bytes."""
    variables = {f"V{number}": LONG for number in range(24)}
    for fields in (
        {"environment": variables},
        command("echo", *[LONG] * 24),
        {"environment": {"A": "ä" * 12_000}},
    ):
        (found,) = step_mistakes(**fields)
        assert "expected a job definition of at most 24 KiB, found about" in found
        assert "from S3 or from its image" in found


def test_what_fits_passes() -> None:
    """What Sluice adds has its place beside it."""
    assert step_mistakes(environment={f"V{number}": LONG for number in range(20)}) == []


def test_the_groups_of_nodes_count_together() -> None:
    """Each has the step's variables and its own."""
    group = NodeGroup(nodes=1, image="busybox", command=["true"], environment={"OWN": "x" * 4_000})
    step = MultiNode("a", groups=[group] * 5, environment={"ALL": "x" * 2_000})
    assert definition_bytes(step) > 5 * 6_000
