"""What a fault of its machine ended is submitted again where the rules of its step have no place for it: only
that, and a bounded number of times.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from sluice.run.compiled import CompiledStep, Kind
from sluice.run.failures.machine_faults import is_fault, why_again
from sluice.run.state import RunState, StepRecord, StepState
from tests.sluice.advance.test_later_generations import HOST_LOST, begin, fail, run_of, succeed
from tests.sluice.clouds import Harness, dynamodb
from tests.sluice.graphs import RUN_ID, pipeline, step

EXITED = "Essential container in task exited"
DOCKER = "DockerTimeoutError: Could not transition to stopped; timed out after waiting 2m0s"
NOT_INSPECTED = "CannotInspectContainerError: Could not transition to inspecting; timed out"
COUNT = replace(
    step("count", Kind.ARRAY, size=5), unhandled_faults=("Cannot", "DockerTimeoutError"), fault_times=2
)
RANK = step("rank", Kind.ARRAY, each="count", size=5)
MERGE, CLEANUP = step("merge", after=("rank",)), step("cleanup", Kind.CLEANUP, after=("merge",))
GRAPH = pipeline(COUNT, RANK, MERGE, CLEANUP)


@pytest.fixture
def harness() -> Iterator[Harness]:
    """A fresh ledger and Batch."""
    with dynamodb() as client:
        yield Harness(client)


def ended(reason: str | None, code: int | None = None, status: str = EXITED) -> dict[str, Any]:
    """Return the description of a job that ended so."""
    found = {"reason": reason, "exitCode": code}
    container = {name: value for name, value in found.items() if value is not None}
    attempt = {"statusReason": status, "container": container}
    return {"statusReason": status, "container": container, "attempts": [attempt]}


@pytest.mark.parametrize(
    ("job", "found"),
    [
        (ended(DOCKER), True),
        (ended(NOT_INSPECTED), True),
        (ended(DOCKER, 1), False),
        (ended(DOCKER, 0), False),
        (ended(None, 1), False),
        (ended("OutOfMemoryError: Container killed due to memory usage", 137), False),
        # AWS Batch has tried these again as often as it may: its rules name them.
        (ended("CannotPullContainerError: not found", status="Task failed to start"), False),
        (ended(DOCKER, status="Task failed to start"), False),
        (ended(None, status=HOST_LOST), False),
        ({"statusReason": EXITED}, False),
        # A multi-node job has no container of its own.
        ({"statusReason": EXITED, "attempts": [{"container": {"reason": DOCKER}}]}, True),
        ({"statusReason": EXITED, "attempts": [{"container": {"reason": DOCKER, "exitCode": 3}}]}, False),
    ],
)
def test_a_fault_has_no_exit_code_and_the_words_of_an_end(job: dict[str, Any], found: bool) -> None:
    """Only the faults for which the rules of the step have no place."""
    assert is_fault(COUNT, job) is found
    assert not is_fault(replace(COUNT, unhandled_faults=()), job)


def faulty(harness: Harness, name: str, *children: int, reason: str = DOCKER) -> None:
    """Say of failed children that a fault of their machine ended them."""
    record = run_of(harness).steps[name]
    for child in children:
        index = record.indexes.index(child)
        job_id = f"{record.job_id}:{index}" if record.size > 1 else str(record.job_id)
        harness.batch.details[job_id] = ended(reason)


def spec_of(harness: Harness, name: str = "count") -> tuple[Any, ...]:
    """Return what the last generation of a step is for."""
    spec = run_of(harness).steps[name].spec
    return spec.children, spec.deferred_children, spec.machine_faults, spec.tries


def test_only_the_children_with_a_fault_run_again_with_what_stands_behind_them(harness: Harness) -> None:
    """Without any `retries=`, and no alert is sent."""
    begin(harness, GRAPH)
    fail(harness, "count", 1, 3)
    faulty(harness, "count", 1)
    faulty(harness, "count", 3, reason=NOT_INSPECTED)
    fail(harness, "rank", 1, 3)
    fail(harness, "merge", 0)
    fail(harness, "cleanup", 0)
    harness.advancer().advance(RUN_ID)
    assert spec_of(harness) == ("1,3", None, 1, 0)
    assert [spec_of(harness, name)[0] for name in ("rank", "merge")] == ["1,3", None]
    succeed(harness, "count", "rank", "merge", "cleanup")
    harness.advancer().advance(RUN_ID)
    assert (run_of(harness).state, harness.notified) == (RunState.SUCCEEDED, [])


def test_what_failed_by_itself_is_not_repeated_with_it(harness: Harness) -> None:
    """Child 3 failed by itself: child 1 alone runs again, nothing is submitted behind that part, and the run
    fails with child 3.
    """
    begin(harness, GRAPH)
    fail(harness, "count", 1, 3)
    faulty(harness, "count", 1)
    fail(harness, "rank", 1, 3)
    harness.advancer().advance(RUN_ID)
    assert spec_of(harness) == ("1", "3", 1, 0)
    assert run_of(harness).steps["rank"].generation == 0
    succeed(harness, "count")
    for name in ("merge", "cleanup"):
        fail(harness, name, 0)
    harness.advancer().advance(RUN_ID)
    assert (run_of(harness).state, run_of(harness).failed_step) == (RunState.FAILED, "count")
    assert run_of(harness).steps["count"].failed_indexes == (3,)


def test_a_fault_uses_up_no_try(harness: Harness) -> None:
    """The one try is for what failed by itself, behind it."""
    begin(harness, pipeline(replace(COUNT, times=1), RANK))
    fail(harness, "count", 1, 3)
    faulty(harness, "count", 1)
    fail(harness, "rank", 1, 3)
    harness.advancer().advance(RUN_ID)
    assert spec_of(harness) == ("1", "3", 1, 0)
    succeed(harness, "count")
    harness.advancer().advance(RUN_ID)
    assert spec_of(harness) == ("3", None, 1, 1)


def test_it_is_tried_again_a_bounded_number_of_times(harness: Harness) -> None:
    """A machine that never answers fails the run in the end, once; a person who asks begins anew."""
    begin(harness, pipeline(COUNT))
    for generation in range(COUNT.fault_times + 1):
        assert run_of(harness).steps["count"].generation == generation
        fail(harness, "count", *range(run_of(harness).steps["count"].size))
        faulty(harness, "count", *run_of(harness).steps["count"].indexes)
        harness.advancer().advance(RUN_ID)
    assert (run_of(harness).state, len(harness.notified)) == (RunState.FAILED, 1)
    assert harness.ledger.reopen(run_of(harness))
    harness.advancer().advance(RUN_ID)
    assert spec_of(harness) == (None, None, 0, 0)
    fail(harness, "count", 0)
    faulty(harness, "count", 0)
    harness.advancer().advance(RUN_ID)
    assert spec_of(harness) == ("0", None, 1, 0)


def test_children_behind_a_fault_in_their_own_array_never_began(harness: Harness) -> None:
    """A sequential array: child 2 had the fault, 3 and 4 waited for it, and all of them run again."""
    begin(harness, pipeline(replace(COUNT, sequential=True)))
    fail(harness, "count", 2, 3, 4)
    faulty(harness, "count", 2)
    harness.advancer().advance(RUN_ID)
    assert spec_of(harness) == ("2-4", None, 1, 0)


COMMANDS = replace(COUNT, returns=False, fault_times=1)


def test_an_array_of_commands_is_repeated_as_a_whole_once(harness: Harness) -> None:
    """A command knows its child by its index alone."""
    begin(harness, pipeline(COMMANDS))
    fail(harness, "count", 1)
    faulty(harness, "count", 1)
    harness.advancer().advance(RUN_ID)
    assert spec_of(harness) == (None, None, 1, 0)
    assert run_of(harness).steps["count"].size == 5
    fail(harness, "count", 2)
    faulty(harness, "count", 2)
    harness.advancer().advance(RUN_ID)
    assert run_of(harness).state is RunState.FAILED


def test_an_array_of_commands_of_which_something_else_failed_is_not_repeated(harness: Harness) -> None:
    """It would be repeated for nothing."""
    begin(harness, pipeline(COMMANDS))
    fail(harness, "count", 1, 2)
    faulty(harness, "count", 1)
    harness.advancer().advance(RUN_ID)
    assert run_of(harness).state is RunState.FAILED


def test_commands_behind_it_child_by_child_are_repeated_as_a_whole(harness: Harness) -> None:
    """Behind the whole of what is repeated of the array before them."""
    begin(harness, pipeline(COUNT, replace(RANK, returns=False)))
    fail(harness, "count", 1, 3)
    faulty(harness, "count", 1, 3)
    fail(harness, "rank", 1, 3)
    harness.advancer().advance(RUN_ID)
    assert spec_of(harness, "rank")[0] is None
    jobs = {name: harness.batch.jobs[str(run_of(harness).steps[name].job_id)] for name in ("count", "rank")}
    assert jobs["rank"]["arrayProperties"] == {"size": 5}
    assert jobs["rank"]["dependsOn"] == [{"jobId": jobs["count"]["jobId"]}]


def test_faults_go_along_with_what_moves_to_other_machines(harness: Harness) -> None:
    """The generation behind would not know of them: children 1 and 2 move, 3 is left to its own try."""
    begin(harness, pipeline(replace(COUNT, times=1, reclaimed=1)))
    fail(harness, "count", 1, 2, 3)
    job = str(run_of(harness).steps["count"].job_id)
    lost = {"statusReason": HOST_LOST, "attempts": [{"statusReason": HOST_LOST}]}
    harness.batch.details[f"{job}:1"] = lost
    faulty(harness, "count", 2)
    harness.advancer().advance(RUN_ID)
    assert spec_of(harness) == ("1-2", "3", 1, 0)
    assert run_of(harness).steps["count"].spec.queue == "steady"
    fail(harness, "count", 1)
    faulty(harness, "count", 2)
    harness.advancer().advance(RUN_ID)
    assert spec_of(harness) == ("2", "3", 2, 0)
    assert run_of(harness).steps["count"].spec.queue == "steady"


@pytest.mark.parametrize("kind", [Kind.JOB, Kind.PLAN, Kind.MULTI_NODE])
def test_a_job_a_plan_and_nodes_run_again(harness: Harness, kind: Kind) -> None:
    """Each as the whole that it is; a program that ended with a code is not repeated."""
    one = step("one", kind, unhandled_faults=("DockerTimeoutError",), fault_times=2)
    begin(harness, pipeline(replace(one, groups=(1, 1)) if kind is Kind.MULTI_NODE else one))
    fail(harness, "one", 0)
    faulty(harness, "one", 0)
    harness.advancer().advance(RUN_ID)
    record = run_of(harness).steps["one"]
    assert (record.generation, record.state, record.spec.machine_faults) == (1, StepState.SUBMITTED, 1)
    fail(harness, "one", 0)
    harness.batch.details[str(record.job_id)] = ended(None, 1)
    harness.advancer().advance(RUN_ID)
    assert run_of(harness).state is RunState.FAILED


def test_behind_a_start_job_track_repeats_it(harness: Harness) -> None:
    """The start job is over by then; while it is not, its steps are left to it."""
    start = step("start", Kind.START)
    begin(harness, pipeline(start, replace(COUNT, after=("start",))))
    replace(harness.advancer(), is_start_job=True).advance(RUN_ID)
    succeed(harness, "start")
    fail(harness, "count", 4)
    faulty(harness, "count", 4)
    harness.advancer().advance(RUN_ID)
    assert spec_of(harness) == ("4", None, 1, 0)


def test_people_are_told_why_it_ran_again() -> None:
    """In words, with AWS's own behind them."""

    def why(one: CompiledStep, **spec: Any) -> str | None:
        record = StepRecord(name="count", state=StepState.SUCCEEDED, children=5)
        return why_again(one, replace(record, spec=replace(record.spec, **spec)))

    docker = replace(COUNT, unhandled_faults=("DockerTimeoutError",))
    assert why(docker) is None
    assert why(docker, machine_faults=1, children="1,3") == (
        "children 1,3 run again for a fault of the machine: Docker on the machine did not answer in time"
        " (DockerTimeoutError)"
    )
    assert why(COUNT, machine_faults=1) == (
        "it runs again for a fault of the machine: the machine lost track of the container or Docker on the"
        " machine did not answer in time (CannotInspectContainerError, DockerTimeoutError)"
    )
