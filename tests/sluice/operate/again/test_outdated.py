"""A retry does anew what saw a failure that it repeats, whatever dies meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.operate.again import outdated
from sluice.operate.errors import OperationError
from sluice.run.compiled import Kind
from sluice.run.state import Run, RunState, StepState
from tests.sluice.clouds import START
from tests.sluice.graphs import RUN_ID, pipeline, step
from tests.sluice.operate.harness import OperateHarness
from tests.sluice.operate.test_retry import NOW, Queue, retrier

GRAPH = pipeline(
    step("count", Kind.ARRAY, size=3),
    step("report", always=("count",)),
    step("pages", Kind.ARRAY, size=2, after=("report",)),
    step("strict", after=("count",)),
)


class Failed:
    """A run that failed at one item of three, behind which a report and its pages were made all the same."""

    def __init__(self, harness: OperateHarness, pages: StepState = StepState.SUCCEEDED) -> None:
        """Let the run fail, with objects of its arrays; ``pages`` is what the ledger knows of the pages."""
        self.harness, self.s3 = harness, harness.clients["s3"]
        self.s3.create_bucket(Bucket="work")
        run = Run(run_id=RUN_ID, pipeline=GRAPH, trigger={}, created_at=START.isoformat())
        assert harness.advancer().start(run)
        self.end("count", StepState.FAILED, failed_children="1", failed_items=1)
        self.end("strict", StepState.FAILED)
        self.advance()
        assert self.run.steps["report"].spec.missing == {"count": "1"}
        self.end("report", StepState.SUCCEEDED)
        self.advance()
        if pages is StepState.SUCCEEDED:
            self.end("pages", pages)
        harness.end(RUN_ID, RunState.FAILED, "count")
        for name in ("count", "pages"):
            self.s3.put_object(Bucket="work", Key=f"runs/{RUN_ID}/{name}/results/00000/0.jsonl", Body=b"")

    def retry(self) -> tuple[str, ...]:
        """Retry the run; return what begins anew."""
        return retrier(self.harness, Queue()).retry(RUN_ID, NOW).outdated

    def advance(self) -> None:
        """Let a Lambda look at the run."""
        self.harness.advancer().advance(RUN_ID)

    def end(self, name: str, state: StepState, **more: Any) -> None:
        """Record the end of a step's job."""
        record = self.run.steps[name]
        assert self.harness.ledger.record_end(
            RUN_ID, name, state, generation=record.generation, job_id=record.job_id, **more
        )

    @property
    def run(self) -> Run:
        """Return the run as the ledger has it."""
        run = self.harness.ledger.load(RUN_ID)
        assert run is not None
        return run

    def objects(self) -> list[str]:
        """Return the steps with objects in the work bucket."""
        found = self.s3.list_objects_v2(Bucket="work").get("Contents", [])
        return sorted({one["Key"].split("/")[2] for one in found})


@pytest.fixture
def failed(harness: OperateHarness) -> Failed:
    """A failed run."""
    return Failed(harness)


def test_what_saw_a_failure_is_done_anew_behind_its_repetition(failed: Failed) -> None:
    """The report first when the count has ended, and its pages without what they had returned; what the count
    had finished stays.
    """
    assert failed.retry() == ("report", "pages")
    assert failed.objects() == ["count"]
    failed.advance()
    generations = {name: one.generation for name, one in failed.run.steps.items()}
    assert generations == {"count": 1, "report": 0, "pages": 0, "strict": 1}
    assert failed.run.steps["count"].indexes == (1,)
    failed.end("count", StepState.SUCCEEDED, succeeded=1)
    failed.end("strict", StepState.SUCCEEDED)
    for name in ("report", "pages"):
        failed.advance()
        record = failed.run.steps[name]
        assert (record.generation, record.spec.missing, record.size) == (1, {}, GRAPH.step(name).size or 1)
        failed.end(name, StepState.SUCCEEDED)
    failed.advance()
    assert failed.run.state is RunState.SUCCEEDED


def test_a_retry_that_died_after_it_undid_is_finished_by_the_next(
    failed: Failed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The records were written first: the next removes what they leave."""

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(outdated, "remove_objects", die)
        with pytest.raises(KeyboardInterrupt):
            failed.retry()
    assert (failed.run.state, failed.objects()) == (RunState.FAILED, ["count", "pages"])
    failed.retry()
    assert (failed.run.state, failed.objects()) == (RunState.RUNNING, ["count"])


def test_two_retries_at_a_time_undo_once(failed: Failed, monkeypatch: pytest.MonkeyPatch) -> None:
    """The later one removes nothing."""
    before = failed.run
    failed.retry()
    failed.s3.put_object(Bucket="work", Key=f"runs/{RUN_ID}/pages/results/00000/1.jsonl", Body=b"")
    monkeypatch.setattr(failed.harness.ledger, "load", lambda run_id: before)
    with pytest.raises(OperationError, match="another process changed it"):
        failed.retry()
    assert failed.objects() == ["count", "pages"]


def test_an_array_that_may_still_write_is_not_undone(harness: OperateHarness) -> None:
    """What its children write then would be taken for results of the next generation."""
    failed = Failed(harness, StepState.SUBMITTED)
    before = failed.run
    with pytest.raises(OperationError, match="no live job of pages"):
        failed.retry()
    assert (failed.run, failed.objects()) == (before, ["count", "pages"])


TOLERANT = pipeline(
    step("count", Kind.ARRAY, size=3, continues=True),
    step("report", finished=(("count", 0.5),)),
    step("cleanup", Kind.CLEANUP, after=("report",)),
)


class Tolerated:
    """A run that succeeded without one item of three, whose words are there."""

    def __init__(self, harness: OperateHarness) -> None:
        """Let the run succeed."""
        self.harness, self.s3 = harness, harness.clients["s3"]
        self.s3.create_bucket(Bucket="work")
        run = Run(run_id=RUN_ID, pipeline=TOLERANT, trigger={}, created_at=START.isoformat())
        assert harness.advancer().start(run)
        for name, failed in (("count", 1), ("report", None), ("cleanup", None)):
            self.end(name, failed_items=failed)
            harness.advancer().advance(RUN_ID)
        assert self.run.state is RunState.SUCCEEDED
        for child, counts in enumerate(("1-0-1-0", "0-1-0-0", "1-0-1-0")):
            key = f"runs/{RUN_ID}/count/words/0000/{child:05d}-{counts}.json"
            self.s3.put_object(Bucket="work", Key=key, Body=b"")

    def end(self, name: str, **more: Any) -> None:
        """Let the job of a step succeed."""
        record = self.run.steps[name]
        assert self.harness.ledger.record_end(
            RUN_ID,
            name,
            StepState.SUCCEEDED,
            generation=record.generation,
            job_id=record.job_id,
            **more,
        )

    @property
    def run(self) -> Run:
        """Return the run as the ledger has it."""
        run = self.harness.ledger.load(RUN_ID)
        assert run is not None
        return run


def test_failed_items_that_were_tolerated_are_repeated(harness: OperateHarness) -> None:
    """Only they, and then what is downstream, with the cleanup that writes the receipt."""
    tolerated = Tolerated(harness)
    done = retrier(harness, Queue()).retry(RUN_ID, NOW)
    assert (done.failed, done.outdated) == (("count",), ("report",))
    harness.advancer().advance(RUN_ID)
    assert (tolerated.run.state, tolerated.run.steps["count"].indexes) == (RunState.RUNNING, (1,))
    for name in ("count", "report", "cleanup"):
        tolerated.end(name, failed_items=0 if name == "count" else None)
        harness.advancer().advance(RUN_ID)
    run = tolerated.run
    assert {name: one.generation for name, one in run.steps.items()} == dict.fromkeys(run.steps, 1)
    assert run.state is RunState.SUCCEEDED
    with pytest.raises(OperationError, match="No item of it failed"):
        retrier(harness, Queue()).retry(RUN_ID, NOW)


def test_a_repetition_that_died_is_begun_once_more(
    harness: OperateHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the records were written, and the run was not opened."""
    tolerated = Tolerated(harness)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(harness.ledger, "reopen", die)
        with pytest.raises(KeyboardInterrupt):
            retrier(harness, Queue()).retry(RUN_ID, NOW)
    assert tolerated.run.state is RunState.SUCCEEDED
    assert retrier(harness, Queue()).retry(RUN_ID, NOW).failed == ("count", "report")
    harness.advancer().advance(RUN_ID)
    assert tolerated.run.steps["count"].indexes == (1,)


def _loaded(harness: OperateHarness) -> Run:
    run = harness.ledger.load(RUN_ID)
    assert run is not None
    return run


NEVER_RAN = pipeline(
    step("count", Kind.ARRAY, size=3, continues=True),
    step("rank", Kind.ARRAY, size=2, continues=True, after=("count",)),
    step("report", finished=(("rank", 0.0),)),
    step("cleanup", Kind.CLEANUP, after=("report",)),
)


def test_an_array_that_never_ran_is_repeated_like_a_failed_one(harness: OperateHarness) -> None:
    """It left nothing in the work bucket, and nothing is missed there: found by `make simulate`."""
    s3, ledger = harness.clients["s3"], harness.ledger
    s3.create_bucket(Bucket="work")
    run = Run(run_id=RUN_ID, pipeline=NEVER_RAN, trigger={}, created_at=START.isoformat())
    assert harness.advancer().start(run)

    def end(name: str, state: StepState, **more: Any) -> None:
        record = _loaded(harness).steps[name]
        generation, job_id = record.generation, record.job_id
        assert ledger.record_end(RUN_ID, name, state, generation=generation, job_id=job_id, **more)
        harness.advancer().advance(RUN_ID)

    end("count", StepState.FAILED, failed_children="1", failed_items=1)
    end("rank", StepState.FAILED, failed_children="0-1", failed_items=2)
    end("report", StepState.SUCCEEDED)
    end("cleanup", StepState.SUCCEEDED)
    ended = _loaded(harness)
    assert ended.state is RunState.SUCCEEDED
    assert ended.steps["report"].spec.missing == {"count": "1", "rank": "0-1"}
    for child in (0, 2):
        key = f"runs/{RUN_ID}/count/words/0000/{child:05d}-1-0-1-0.json"
        s3.put_object(Bucket="work", Key=key, Body=b"")
    done = retrier(harness, Queue()).retry(RUN_ID, NOW)
    assert (done.failed, done.outdated) == (("count", "rank"), ("report",))
    harness.advancer().advance(RUN_ID)
    end("count", StepState.SUCCEEDED, failed_items=0)
    again = _loaded(harness)
    assert (again.state, again.steps["rank"].indexes) == (RunState.RUNNING, (0, 1))


FOLLOWED = pipeline(
    step("count", Kind.ARRAY, size=3, continues=True),
    step("rank", Kind.ARRAY, size=3, each="count", continues=True),
    step("strict", finished=(("count", 1.0), ("rank", 0.5))),
    step("cleanup", Kind.CLEANUP, after=("strict",)),
)


def test_an_array_that_follows_is_repeated_where_its_items_failed(harness: OperateHarness) -> None:
    """In a run that failed, in which it had succeeded without them: what its other children left stays."""
    s3, ledger = harness.clients["s3"], harness.ledger
    s3.create_bucket(Bucket="work")
    run = Run(run_id=RUN_ID, pipeline=FOLLOWED, trigger={}, created_at=START.isoformat())
    assert harness.advancer().start(run)
    for name, state in (("count", StepState.FAILED), ("rank", StepState.SUCCEEDED)):
        job_id = _loaded(harness).steps[name].job_id
        children = "1" if state is StepState.FAILED else None
        ledger.record_end(
            RUN_ID, name, state, generation=0, job_id=job_id, failed_items=1, failed_children=children
        )
        for child, counts in enumerate(("1-0-1-0", "0-1-0-0", "1-0-1-0")):
            s3.put_object(
                Bucket="work", Key=f"runs/{RUN_ID}/{name}/words/0000/{child:05d}-{counts}.json", Body=b""
            )
    harness.advancer().advance(RUN_ID)
    assert _loaded(harness).state is RunState.FAILED
    done = retrier(harness, Queue()).retry(RUN_ID, NOW)
    assert (done.failed, done.outdated) == (("count", "rank"), ())
    harness.advancer().advance(RUN_ID)
    steps = _loaded(harness).steps
    assert {name: steps[name].indexes for name in ("count", "rank")} == {"count": (1,), "rank": (1,)}
    assert s3.list_objects_v2(Bucket="work")["KeyCount"] == 6


def test_without_what_it_left_a_run_is_not_opened(harness: OperateHarness) -> None:
    """Its cleanup was of an earlier version, or it has expired."""
    tolerated = Tolerated(harness)
    for page in tolerated.s3.list_objects_v2(Bucket="work")["Contents"]:
        tolerated.s3.delete_object(Bucket="work", Key=page["Key"])
    before = tolerated.run
    with pytest.raises(OperationError, match="left in the work bucket, found that it was removed"):
        retrier(harness, Queue()).retry(RUN_ID, NOW)
    assert tolerated.run == before
