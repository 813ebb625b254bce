"""What people watch of a run: its graph, when it did what, its queues and why it waits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sluice.operate.errors import RunNotFoundError
from sluice.operate.runs.turns import Turn
from sluice.operate.watching.cells import CellReader
from sluice.operate.watching.graph import edges_of, places
from sluice.operate.watching.queues import front_of, read_queues
from sluice.operate.watching.snapshot import jobs_by_queue, moment, read_snapshot
from sluice.operate.watching.timeline import TimelineReader
from sluice.operate.watching.waiting import Reason, WaitingReader, in_words, is_stuck, of_turn
from sluice.run.compiled import Kind
from sluice.run.state import RunState, StepState
from tests.sluice.clouds import START
from tests.sluice.graphs import QUEUES, RUN_ID, pipeline, step, word_count
from tests.sluice.operate.harness import Jobs, OperateHarness

BEGAN = START.isoformat(timespec="milliseconds")


def test_a_step_is_drawn_behind_the_last_of_its_parents() -> None:
    """Steps of a layer stand below each other."""
    graph = pipeline(step("a"), step("b"), step("c", after=("a",)), step("d", after=("b", "c")))
    drawn = places(graph)
    assert [(one.x, one.y) for one in drawn.values()] == [(0, 0), (0, 1), (1, 0), (2, 0)]


def test_each_edge_says_why(harness: OperateHarness) -> None:
    """By items, child by child, by success, with a tolerance, or however it ends."""
    steps = (
        *word_count().steps[:3],
        step("report", finished=(("rank", 0.995),), at_most=(("rank", 7),)),
        step("last", always=("report",), after=("rank",)),
    )
    harness.begin(RUN_ID, BEGAN, pipeline(*steps))
    found = {
        (one.parent, one.child): one for one in edges_of(read_snapshot(harness.ledger, harness.jobs, RUN_ID))
    }
    assert {edge: one.why for edge, one in found.items()} == {
        ("split", "count"): "items_of",
        ("count", "rank"): "each",
        ("rank", "report"): "finished",
        ("report", "last"): "always",
        ("rank", "last"): "after",
    }
    assert "99.5 %, all but 7" in found["rank", "report"].text
    assert found["split", "count"].open


def test_a_run_that_has_ended_waits_for_nothing(harness: OperateHarness) -> None:
    """None of its edges is open."""
    harness.begin(RUN_ID, BEGAN, pipeline(step("a"), step("b", after=("a",))))
    harness.end(RUN_ID, RunState.CANCELLED)
    snapshot = read_snapshot(harness.ledger, harness.jobs, RUN_ID)
    assert not [one for one in edges_of(snapshot) if one.open]
    assert WaitingReader(_Queues(), QUEUES).read(snapshot) == []
    assert in_words([]) == "It waits for nothing."


def test_a_run_that_is_not_there(harness: OperateHarness) -> None:
    """It is an error with its name."""
    with pytest.raises(RunNotFoundError, match="words-none"):
        read_snapshot(harness.ledger, harness.jobs, "words-none")


class _Queues(Jobs):
    """A queue that is disabled, with an environment that is not valid, and a job in front of ours."""

    def describe_job_queues(self, **request: Any) -> dict[str, Any]:
        return {
            "jobQueues": [
                {
                    "jobQueueArn": request["jobQueues"][0],
                    "jobQueueName": "Sluice_normal",
                    "state": "DISABLED",
                    "status": "VALID",
                    "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "arn:spot"}],
                }
            ]
        }

    def describe_compute_environments(self, **_: Any) -> dict[str, Any]:
        return {
            "computeEnvironments": [
                {
                    "computeEnvironmentArn": "arn:spot",
                    "computeEnvironmentName": "Spot",
                    "state": "ENABLED",
                    "status": "INVALID",
                    "statusReason": "CLIENT_ERROR - no role",
                    "computeResources": {"desiredvCpus": 4, "maxvCpus": 64},
                }
            ]
        }

    def get_job_queue_snapshot(self, **_: Any) -> dict[str, Any]:
        jobs = [{"jobArn": f"arn:aws:batch:x:1:job/{one}"} for one in ("other", "job-a:3")]
        return {"frontOfQueue": {"jobs": jobs}}


def test_a_job_that_is_runnable_says_where_it_stands(harness: OperateHarness) -> None:
    """What is ahead, the queue's and the environment's state, since when."""
    harness.begin(RUN_ID, BEGAN, pipeline(step("a")))
    harness.ledger.record_submitted(RUN_ID, {"a": "job-a"})
    harness.jobs.add("job-a", status="RUNNABLE", jobQueue=QUEUES["normal"], createdAt=1_000)
    snapshot = read_snapshot(harness.ledger, harness.jobs, RUN_ID)
    batch = _Queues()
    batch.add("other", jobName="words-other_work_0")
    found = WaitingReader(batch, QUEUES).read(snapshot)
    assert [one.kind for one in found] == ["environment", "environment", "queue"]
    assert "is disabled: nothing of it starts" in found[0].text
    assert found[1].detail == "CLIENT_ERROR - no role"
    ahead = "behind 1 of the queue Sluice_normal: words-other_work_0"
    assert f"{ahead} (Spot asks for 4 of at most 64 vCPUs)" in found[2].text
    assert found[2].since == moment(1_000)
    assert front_of(_Queues(), "q") == ["other", "job-a:3"]
    assert read_queues(_Queues(), []) == []


def test_a_job_whose_queue_starts_nothing_is_stuck(harness: OperateHarness) -> None:
    """Only a person enables a queue; an environment that is being updated comes back by itself."""
    harness.begin(RUN_ID, BEGAN, pipeline(step("a")))
    harness.ledger.record_submitted(RUN_ID, {"a": "job-a"})
    harness.jobs.add("job-a", status="RUNNABLE", jobQueue=QUEUES["normal"], createdAt=1_000)
    snapshot = read_snapshot(harness.ledger, harness.jobs, RUN_ID)
    (closed,) = read_queues(_Queues(), [QUEUES["normal"]])
    found = is_stuck(snapshot, {closed.arn: closed})
    assert found is not None
    assert (found.kind, found.since) == ("environment", moment(1_000))
    updated = replace(closed.environments[0], status="UPDATING")
    for one, stuck in (
        (replace(closed, state="ENABLED"), True),
        (replace(closed, state="ENABLED", environments=(updated,)), False),
        (replace(closed, state="ENABLED", environments=()), False),
    ):
        assert (is_stuck(snapshot, {one.arn: one}) is not None) is stuck
    harness.jobs.jobs["job-a"]["status"] = "RUNNING"
    assert is_stuck(read_snapshot(harness.ledger, harness.jobs, RUN_ID), {closed.arn: closed}) is None


def test_jobs_are_counted_by_their_queues(harness: OperateHarness) -> None:
    """Children by their own states; what has ended is in no queue."""
    harness.begin(RUN_ID, BEGAN, pipeline(step("a"), step("b")))
    harness.ledger.record_submitted(RUN_ID, {"a": "job-a", "b": "job-b"})
    summary = {"RUNNABLE": 7, "RUNNING": 2, "SUCCEEDED": 5, "PENDING": 0}
    harness.jobs.add(
        "job-a", status="PENDING", jobQueue="q", arrayProperties={"size": 14, "statusSummary": summary}
    )
    harness.jobs.add("job-b", status="RUNNING", jobQueue="q")
    snapshot = read_snapshot(harness.ledger, harness.jobs, RUN_ID)
    assert jobs_by_queue([snapshot]) == {"q": {"RUNNABLE": 7, "RUNNING": 3}}


@pytest.mark.parametrize(
    ("before", "says"),
    [
        ((), "It waits for its turn behind 1 run under way: it is the next."),
        (("words-b",), "It waits for its turn behind 1 run under way and 1 run that came before it."),
    ],
)
def test_a_run_that_waits_for_its_turn_says_behind_which(
    harness: OperateHarness, before: tuple[str, ...], says: str
) -> None:
    """And since when."""
    harness.begin(RUN_ID, BEGAN, pipeline(step("a")))
    run = read_snapshot(harness.ledger, harness.jobs, RUN_ID).run
    found = of_turn(run, Turn(("words-a",), before))
    assert (found.text, found.runs, found.since) == (says, ("words-a", *before), BEGAN)


@pytest.mark.parametrize(
    ("steps", "says"),
    [("a", "x"), ("aa", "x"), ("ab", "x 1 more step waits."), ("abc", "x 2 more steps wait.")],
)
def test_the_whole_in_a_sentence_counts_the_other_steps(steps: str, says: str) -> None:
    """One of them waits, several wait."""
    assert in_words([Reason(step=one, kind="queue", text="x") for one in steps]) == says


def test_the_timeline_has_generations_and_attempts(harness: OperateHarness) -> None:
    """And the vCPUs that were in use."""
    harness.begin(RUN_ID, BEGAN, pipeline(step("a")))
    harness.ledger.record_submitted(RUN_ID, {"a": "job-a"})
    harness.jobs.add(
        "old", status="FAILED", jobName=f"{RUN_ID}_a_0", jobQueue=QUEUES["normal"], createdAt=1_000
    )
    harness.jobs.jobs["old"] |= {"startedAt": 2_000, "stoppedAt": 3_000}
    harness.jobs.add(
        "job-a", status="SUCCEEDED", jobName=f"{RUN_ID}_a_1", jobQueue=QUEUES["normal"], createdAt=4_000
    )
    harness.jobs.jobs["job-a"] |= {
        "startedAt": 7_000,
        "stoppedAt": 9_000,
        "attempts": [{"startedAt": 5_000, "stoppedAt": 6_000}, {"startedAt": 7_000, "stoppedAt": 9_000}],
        "container": {"resourceRequirements": [{"type": "VCPU", "value": "2"}]},
    }
    snapshot = read_snapshot(harness.ledger, harness.jobs, RUN_ID)
    times = TimelineReader(harness.jobs, QUEUES).read(snapshot, now=10_000)
    assert [(one.generation, one.phase, one.attempt, one.state) for one in times.stretches["a"]] == [
        (0, "waiting", 1, "FAILED"),
        (0, "working", 1, "FAILED"),
        (1, "waiting", 1, "SUCCEEDED"),
        (1, "working", 1, "FAILED"),
        (1, "waiting", 2, "SUCCEEDED"),
        (1, "working", 2, "SUCCEEDED"),
    ]
    assert times.vcpus == ((str(moment(7_000)), 2.0), (str(moment(9_000)), 0.0))
    assert not times.sampled


def test_a_large_arrays_vcpus_are_reckoned_from_some_children(harness: OperateHarness) -> None:
    """And that is said."""
    harness.begin(RUN_ID, BEGAN, pipeline(step("a", Kind.ARRAY, size=300)))
    harness.ledger.record_submitted(RUN_ID, {"a": "job-a"})
    summary = {"RUNNING": 200, "RUNNABLE": 100}
    harness.jobs.add("job-a", status="PENDING", arrayProperties={"size": 300, "statusSummary": summary})
    harness.jobs.jobs["job-a"]["container"] = {"vcpus": 1}
    for child in range(200):
        harness.jobs.add(
            f"job-a:{child}", status="RUNNING", startedAt=1_000, arrayProperties={"index": child}
        )
    snapshot = read_snapshot(harness.ledger, harness.jobs, RUN_ID)
    times = TimelineReader(harness.jobs, QUEUES).read(snapshot, now=10_000)
    assert (times.vcpus, times.sampled) == (((str(moment(1_000)), 200.0),), True)


def test_the_cells_of_a_step_that_has_failed_are_the_ledgers(harness: OperateHarness) -> None:
    """Nothing is asked: the ledger has which children failed."""
    harness.begin(RUN_ID, BEGAN, pipeline(step("a", Kind.ARRAY, size=600)))
    harness.ledger.record_submitted(RUN_ID, {"a": "job-a"})
    harness.ledger.record_end(RUN_ID, "a", StepState.FAILED, job_id="job-a", failed_children="3,500-501")
    snapshot = read_snapshot(harness.ledger, harness.jobs, RUN_ID)
    client: Any = harness.clients["s3"]
    cells = CellReader(harness.jobs, client, "work").read(snapshot, "a", 0, 600)
    assert [child for child, letter in enumerate(cells.states) if letter == "f"] == [3, 500, 501]
    assert set(cells.states) == {"s", "f"}
