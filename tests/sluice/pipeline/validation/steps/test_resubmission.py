"""How a step may ask for its failed children to be submitted again."""

from __future__ import annotations

import pytest

from sluice.pipeline.definition import Array, Job, Resubmit
from tests.sluice.pipeline.validation.pipelines import Case, check_case

CASES: dict[str, Case] = {
    "no time again": (
        [Job("a", run="merge", retries=Resubmit(times=0))],
        "steps['a'].retries.times",
        "1 to 10",
    ),
    "too many times again": (
        [Job("a", run="merge", retries=Resubmit(times=11))],
        "steps['a'].retries.times",
        "found 11",
    ),
    "a command's children again": (
        [Array("a", command=["true"], image="busybox", size=3, retries=Resubmit(times=1))],
        "steps['a'].retries",
        "AWS_BATCH_JOB_ARRAY_INDEX",
    ),
    "a command that follows what runs again": (
        [
            Array("a", run="count", size=3, retries=Resubmit(times=1)),
            Array("b", command=["true"], image="busybox", each="a"),
        ],
        "steps['a'].retries",
        "the command of 'b'",
    ),
    "less memory": (
        [Array("a", run="count", size=3, memory=4096, retries=Resubmit(memory=[2048, 8192]))],
        "steps['a'].retries.memory",
        "sizes above the 4096 MiB of the step",
    ),
    "the same memory twice": (
        [Array("a", run="count", size=3, retries=Resubmit(memory=[8192, 8192]))],
        "steps['a'].retries.memory",
        "each larger than the one before",
    ),
    "memory that is no number": (
        [Array("a", run="count", size=3, retries=Resubmit(memory=["8 GiB"]))],  # type: ignore[list-item]
        "steps['a'].retries.memory",
        "a list of MiB",
    ),
    "memory that Fargate has not": (
        [Array("a", run="count", size=3, compute="fargate", memory=2048, retries=Resubmit(memory=[99_000]))],
        "steps['a'].retries.memory",
        "on Fargate",
    ),
    "reclaimed more often than it starts": (
        [Job("a", run="merge", retries=Resubmit(times=1, reclaimed=6))],
        "steps['a'].retries.reclaimed",
        "1 to the 5 attempts",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_mistake_is_reported_at_its_field(case: Case) -> None:
    """The report names the field and says what was expected or found."""
    check_case(case)
