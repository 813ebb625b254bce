"""Arrays without a plan, and steps whose image has no Sluice inside."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.pipeline.definition import Array, Job, Pipeline, S3Upload, Step
from tests.sluice.runtime.jobs import Jobs, functions_of


def pipeline(**array: Any) -> Pipeline:
    """Return an array, one that follows it, and a fan-in."""
    steps: list[Step] = [
        Array("throw", **array),
        Array("follow", run="follow_throw", each="throw"),
        Job("gather", run="gather", after=["follow"]),
    ]
    return Pipeline(name="seeds", triggers=[S3Upload(prefix="seeds/")], steps=steps)


def published(jobs: Jobs, seeds: Pipeline) -> list[str]:
    """Return the lines that the fan-in published."""
    run = jobs.upload(seeds, "seeds/a", b"")
    jobs.module = "tests.sluice.runtime.functions"
    assert jobs.drive(run, functions_of(seeds)) == "SUCCEEDED"
    return jobs.results(run)["all.txt"].splitlines()


@pytest.mark.parametrize(("size", "items_per_child", "children"), [(1, 1, 1), (5, 1, 5), (10, 4, 3)])
def test_items_without_a_plan_are_their_numbers(
    jobs: Jobs, size: int, items_per_child: int, children: int
) -> None:
    """Item i is {"index": i}; the array downstream has the same items and gets what was returned for each;
    the fan-in reads all.
    """
    lines = published(jobs, pipeline(run="throw", size=size, items_per_child=items_per_child))
    assert lines == [f"{i} {[i, [{'index': i}, i]]}" for i in range(size)]
    assert len(jobs.codes["throw"]) == children


def test_an_array_that_follows_several_is_given_what_each_returned(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For the same item, by the name of the array; nothing of a command."""
    steps: list[Step] = [
        Array("throw", run="throw", size=5, items_per_child=2),
        Array("again", run="follow_throw", each="throw"),
        Array("echo", image="busybox", command=["echo"], each="throw"),
        Array("follow", run="follow_throw", each=["throw", "again", "echo"]),
        Job("gather", run="gather", after=["follow"]),
    ]
    monkeypatch.setattr(Jobs, "start", _command_succeeds(Jobs.start))
    lines = published(jobs, Pipeline(name="seeds", triggers=[S3Upload(prefix="seeds/")], steps=steps))
    thrown = [[{"index": number}, number] for number in range(5)]
    expected = [{"throw": one, "again": [number, one], "echo": None} for number, one in enumerate(thrown)]
    assert lines == [f"{number} {[number, one]}" for number, one in enumerate(expected)]


def test_there_is_no_previous_result_of_a_command(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that follows a command child by child gets no previous result, for a command returns
    none.
    """
    monkeypatch.setattr(Jobs, "start", _command_succeeds(Jobs.start))
    lines = published(jobs, pipeline(image="busybox", command=["true"], size=3))
    assert lines == [f"{i} {[i, None]}" for i in range(3)]


def _command_succeeds(start: Any) -> Any:
    """Return a start that takes a command for done: nothing of Sluice runs in its image."""

    def started(self: Jobs, run: Any, submission: Any, child: int, functions: Any) -> int:
        return start(self, run, submission, child, functions) if submission.step.returns else 0

    return started
