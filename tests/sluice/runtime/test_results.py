"""Plans and arrays downstream of arrays: what the children returned decides what there is to do next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sluice.pipeline.definition import Array, Job, Pipeline, Plan, S3Upload
from sluice.steps import Item, Out, Results, Upload
from tests.sluice.runtime import functions
from tests.sluice.runtime.jobs import Jobs, functions_of

PIPELINE = Pipeline(
    name="twice",
    triggers=[S3Upload(prefix="twice/")],
    steps=[
        Plan("find", run="find"),
        Array("work", run="work", items_of="find", items_per_child=4),
        Plan("share", run="share", after=["work"]),
        Array("add", run="add", items_of="share"),
        Job("gather", run="gather_sums", after=["add"]),
    ],
)


def share(upload: Upload, results: Results) -> Iterator[dict[str, int]]:
    """Yield a group of items for each remainder that was found."""
    yield from ({"rest": rest} for rest in sorted({value % 3 for _, value in results("work")}))


def add(item: Item, out: Out, *, results: Results) -> int:
    """Return the sum of what was found of a group."""
    return sum(value for _, value in results("work") if value % 3 == item["rest"])


def gather_sums(results: Results, out: Out) -> None:
    """Publish the sum of each group."""
    out.write("sums.txt", " ".join(str(total) for _, total in results("add")))


def asks_for_nothing(upload: Upload, results: Results) -> Iterator[dict[str, int]]:
    """Ask for what is no upstream array."""
    yield from ({"n": number} for number, _ in results("add"))


@pytest.fixture
def run_of(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what runs the pipeline over so many items."""

    def run(count: int, **changed: str) -> tuple[str, Any]:
        for function in (share, add, gather_sums, asks_for_nothing):
            monkeypatch.setattr(functions, function.__name__, function, raising=False)
        monkeypatch.setattr(functions, "items", [{"n": number} for number in range(count)])
        begun = jobs.upload(PIPELINE, "twice/a", b"")
        jobs.module = "tests.sluice.runtime.functions"
        return jobs.drive(begun, functions_of(PIPELINE) | changed), begun

    return run


@pytest.mark.parametrize(("count", "sums"), [(10, "18 12 15"), (2, "0 1"), (1, "0")])
def test_what_an_array_returned_decides_how_many_children_the_next_has(
    jobs: Jobs, run_of: Any, count: int, sums: str
) -> None:
    """The second plan reads it, and so do the children of the array downstream."""
    state, run = run_of(count)
    assert state == "SUCCEEDED"
    assert jobs.results(run) == {"sums.txt": sums}
    assert len(jobs.codes["add"]) == len(sums.split())


def test_an_array_without_items_returned_nothing(jobs: Jobs, run_of: Any) -> None:
    """The second plan is run all the same, and finds nothing."""
    state, run = run_of(0)
    assert (state, jobs.codes["share"], jobs.codes["add"]) == ("SUCCEEDED", [0], [])
    assert jobs.results(run) == {"sums.txt": ""}


def test_a_plan_that_asks_for_another_step_gets_an_error_that_lists_them(jobs: Jobs, run_of: Any) -> None:
    """Only upstream arrays have results for it."""
    state, run = run_of(3, share="asks_for_nothing")
    assert state == "FAILED"
    assert (
        "Expected an array or nodes upstream of share (work), found 'add'."
        in jobs.failure(run, "share")["message"]
    )
