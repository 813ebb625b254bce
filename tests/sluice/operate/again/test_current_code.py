"""A failed run goes on with what is deployed now, and loses nothing that nobody said may be lost."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from sluice.operate.again import current_code
from sluice.operate.again.current_code import CodeDiffersError, CurrentCode
from sluice.operate.again.definitions import DeployedDefinitions
from sluice.operate.errors import OperationError
from sluice.operate.retry import Retrier
from sluice.run.compiled import CompiledPipeline, Kind
from sluice.run.state import Code, Run, RunState, StepState
from tests.sluice.clouds import START
from tests.sluice.graphs import QUEUES, RUN_ID, pipeline, step
from tests.sluice.operate.harness import TRACK_QUEUE, OperateHarness
from tests.sluice.operate.test_retry import RETENTION, Queue

AT = START.isoformat(timespec="milliseconds")
NOW = START.replace(hour=23)
OLD = pipeline(
    step("fetch"),
    step("count", Kind.ARRAY, size=3, after=("fetch",), continues=True),
    step("merge", after=("count",)),
)


class Deployed:
    """A run that failed at its array, and what is deployed now."""

    def __init__(self, harness: OperateHarness, graph: CompiledPipeline = OLD) -> None:
        """Let the run fail, with objects of its steps; what follows the array succeeds without one item."""
        self.harness, self.s3 = harness, harness.clients["s3"]
        for bucket in ("work", "assets"):
            self.s3.create_bucket(Bucket=bucket)
        for name in ("fetch", "count"):
            self.s3.put_object(Bucket="work", Key=f"runs/{RUN_ID}/{name}/results/00000/0.jsonl", Body=b"")
        run = Run(run_id=RUN_ID, pipeline=graph, trigger={"key": "k"}, created_at=AT)
        assert harness.advancer().start(run)
        self.end("fetch", StepState.SUCCEEDED)
        self.end("count", StepState.FAILED, failed_children="1", failed_items=1)
        if "rank" in self.run.steps:
            self.end("rank", StepState.SUCCEEDED, failed_items=1)
            for child, counts in enumerate(("1-0-1-0", "0-1-0-0", "1-0-1-0")):
                key = f"runs/{RUN_ID}/rank/words/0000/{child:05d}-{counts}.json"
                self.s3.put_object(Bucket="work", Key=key, Body=b"")
        if "merge" in self.run.steps:
            self.end("merge", StepState.FAILED)
        for job in harness.jobs.jobs.values():
            job["status"] = "FAILED"
        harness.end(RUN_ID, RunState.FAILED, "count")

    def end(self, name: str, state: StepState, **more: Any) -> None:
        """Record the end of a step's job."""
        job_id = self.run.steps[name].job_id
        assert self.harness.ledger.record_end(RUN_ID, name, state, job_id=job_id, reason="it broke", **more)

    @property
    def run(self) -> Run:
        """Return the run as the ledger has it."""
        run = self.harness.ledger.load(RUN_ID)
        assert run is not None
        return run

    def retry(self, new: CompiledPipeline, *, force: bool = False) -> tuple[str, ...]:
        """Deploy a pipeline and retry the run with it; return what was thrown away."""
        self.s3.put_object(Bucket="assets", Key="1.json", Body=new.to_json().encode())
        listed = json.dumps({"version": 1, "pipelines": {new.name: "1.json"}})
        self.s3.put_object(Bucket="assets", Key="list.json", Body=listed.encode())
        current = CurrentCode(
            ledger=self.harness.ledger,
            batch=self.harness.jobs,
            s3=self.s3,
            work_bucket="work",
            queues=QUEUES,
            definitions=DeployedDefinitions(self.s3, "assets", "list.json"),
            force=force,
        )
        retrier = Retrier(
            ledger=self.harness.ledger,
            s3=self.s3,
            work_bucket="work",
            sqs=Queue(),
            events=self.harness.bus,
            track_queue=TRACK_QUEUE,
            work_retention=RETENTION,
        )
        return retrier.retry(RUN_ID, NOW, current.prepare).discarded

    def objects(self) -> list[str]:
        """Return the steps with objects in the work bucket."""
        found = self.s3.list_objects_v2(Bucket="work").get("Contents", [])
        return sorted({one["Key"].split("/")[2] for one in found})


@pytest.fixture
def deployed(harness: OperateHarness) -> Deployed:
    """A failed run."""
    return Deployed(harness)


def mended() -> CompiledPipeline:
    """Return the pipeline with another definition of the array."""
    count = replace(OLD.step("count"), job_definition="count-2", image="tag-2")
    return replace(OLD, steps=(OLD.steps[0], count, OLD.steps[2]))


def test_only_what_failed_runs_again_with_the_new_code(deployed: Deployed) -> None:
    """And the ledger says which generation ran which."""
    assert deployed.retry(mended()) == ()
    deployed.harness.advancer().advance(RUN_ID)
    run = deployed.run
    assert (run.state, run.pipeline) == (RunState.RUNNING, mended())
    assert [run.steps[name].generation for name in ("fetch", "count", "merge")] == [0, 1, 1]
    assert run.steps["count"].indexes == (1,)
    assert run.steps["count"].code == (Code(0, "count-definition:1"), Code(1, "count-2", "tag-2"))
    assert run.steps["merge"].code == (Code(0, "merge-definition:1"),)
    assert deployed.harness.jobs.jobs[str(run.steps["count"].job_id)]["jobDefinition"] == "count-2"
    assert deployed.objects() == ["count", "fetch"]


RANKING = replace(
    OLD,
    steps=(
        *OLD.steps[:2],
        step("rank", Kind.ARRAY, size=3, each="count", continues=True),
        step("merge", finished=(("count", 1.0), ("rank", 0.5))),
    ),
)


def test_what_follows_is_repeated_where_its_items_failed(harness: OperateHarness) -> None:
    """It had succeeded without them; nothing of it is thrown away, unless it means something else now."""
    deployed = Deployed(harness, RANKING)
    without = replace(
        RANKING, steps=(*RANKING.steps[:2], step("rank", Kind.ARRAY, size=2), *RANKING.steps[3:])
    )
    with pytest.raises(
        CodeDiffersError, match="1 step of which that would be thrown away:\n  rank: its size"
    ):
        deployed.retry(without)
    assert deployed.retry(RANKING) == ()
    deployed.harness.advancer().advance(RUN_ID)
    steps = deployed.run.steps
    assert {name: steps[name].indexes for name in ("count", "rank")} == {"count": (1,), "rank": (1,)}
    assert deployed.objects() == ["count", "fetch", "rank"]


def other() -> CompiledPipeline:
    """Return a pipeline whose finished step is another one."""
    fetch = step("fetch", Kind.ARRAY, size=2)
    return replace(mended(), steps=(fetch, *mended().steps[1:]))


def test_what_is_done_is_not_thrown_away_unasked(deployed: Deployed) -> None:
    """The error lists it, and nothing has changed."""
    before = deployed.run
    with pytest.raises(
        CodeDiffersError, match=r"2 steps of which that would be thrown away:\n  fetch: it was"
    ):
        deployed.retry(other())
    assert deployed.run == before
    assert deployed.objects() == ["count", "fetch"]


def test_what_is_done_is_thrown_away_when_that_is_asked_for(deployed: Deployed) -> None:
    """With its objects, which the new generation would take for its own; its number goes on."""
    assert deployed.retry(other(), force=True) == ("fetch", "count")
    assert deployed.objects() == []
    deployed.harness.advancer().advance(RUN_ID)
    run = deployed.run
    assert [run.steps[name].generation for name in ("fetch", "count")] == [1, 1]
    assert [run.steps[name].size for name in ("fetch", "count")] == [2, 3]
    assert not run.steps["fetch"].discarded


def test_a_step_that_is_gone_is_forgotten(deployed: Deployed) -> None:
    """The run goes on without it, where it had done nothing."""
    merge = replace(OLD.step("merge"), name="total")
    assert deployed.retry(replace(OLD, steps=(*OLD.steps[:2], merge))) == ()
    deployed.harness.advancer().advance(RUN_ID)
    assert sorted(deployed.run.steps) == ["count", "fetch", "total"]


def test_a_retry_that_died_after_it_threw_away_is_finished_by_the_next(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plain retry would take what is left for done, and is refused."""
    with monkeypatch.context() as patch:
        patch.setattr(current_code, "remove_objects", _die)
        with pytest.raises(KeyboardInterrupt):
            deployed.retry(other(), force=True)
    assert deployed.run.state is RunState.FAILED
    retrier = Retrier(
        ledger=deployed.harness.ledger,
        s3=deployed.s3,
        work_bucket="work",
        sqs=Queue(),
        events=deployed.harness.bus,
        track_queue=TRACK_QUEUE,
        work_retention=RETENTION,
    )
    with pytest.raises(OperationError, match="was interrupted"):
        retrier.retry(RUN_ID, NOW)
    assert deployed.objects() == ["count", "fetch"]
    deployed.retry(other())
    assert deployed.objects() == []


def _die(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_run_with_live_jobs_is_left_alone(deployed: Deployed) -> None:
    """They would go on with the code that they have."""
    item = {"pk": {"S": f"RUN#{RUN_ID}"}, "sk": {"S": "STEP#merge"}}
    deployed.harness.clients["dynamodb"].update_item(
        TableName=deployed.harness.deployment.table,
        Key=item,
        UpdateExpression="SET #s = :s, #j = :j",
        ExpressionAttributeNames={"#s": "state", "#j": "job_id"},
        ExpressionAttributeValues={":s": {"S": "CLAIMED"}, ":j": {"S": "live"}},
    )
    deployed.harness.jobs.add("live")
    with pytest.raises(OperationError, match="found those of merge"):
        deployed.retry(mended())
    deployed.harness.jobs.jobs["live"]["status"] = "FAILED"
    assert deployed.retry(mended()) == ()


def test_another_way_of_submission_is_refused(deployed: Deployed) -> None:
    """Its start job would have been the first."""
    start = step("start", Kind.START)
    with pytest.raises(OperationError, match="submit_from="):
        deployed.retry(replace(OLD, steps=(start, *OLD.steps)), force=True)
