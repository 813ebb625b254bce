"""One bad item is one bad item: the others of its child are done, and it is named."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from sluice import keys
from sluice.items.failed_items import FailedItem
from sluice.messages import TooManyFailed
from sluice.pipeline.definition import Array, Job, Pipeline, Plan, S3Upload, finished
from sluice.run.state import GenerationSpec, Run, StepState
from sluice.run.submission import Submission
from sluice.runtime.exit_codes import FAILED
from tests.sluice.runtime import functions
from tests.sluice.runtime.functions import fails_at
from tests.sluice.runtime.jobs import RESULTS, WORK, Jobs, job_id
from tests.sluice.runtime.probe import FUNCTIONS, planned, submission, worked
from tests.sluice.runtime.processes import words

said: list[Any] = []


def chain(at_most: int, on_error: str = "continue") -> Pipeline:
    """Return a pipeline whose fan-in tolerates so many failed items of two arrays, one after the other."""
    return Pipeline(
        name="probe",
        triggers=[S3Upload(prefix="probe/")],
        steps=[
            Plan("find", run="find"),
            Array("work", run="work", items_of="find", items_per_child=4, on_error=on_error),  # type: ignore[arg-type]
            Array("follow", run="follow", each="work"),
            Job("gather", run="gather", after=[finished("follow", at_most=at_most)]),
        ],
    )


def reads(results: Any, out: Any) -> None:
    """Note what the fan-in is told of both arrays."""
    said.extend(
        [[n for n, _ in results(name)], results.missing(name), list(results.failed(name))]
        for name in ("work", "follow")
    )


@pytest.fixture(autouse=True)
def _reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.said", [])
    monkeypatch.setattr(functions, "gather", reads)


def begun(jobs: Jobs, pipeline: Pipeline) -> Run:
    """Begin a run."""
    run = jobs.upload(pipeline, "probe/a", b"")
    jobs.module = "tests.sluice.runtime.functions"
    return run


def failures(jobs: Jobs, run: Run, step: str = "work") -> list[FailedItem]:
    """Return the failed items that were written."""
    found = jobs.keys(WORK, keys.failed_items_prefix(run.run_id, step))
    return [FailedItem.from_line(line) for key in found for line in jobs.read(WORK, key).splitlines()]


def published(jobs: Jobs) -> list[TooManyFailed]:
    """Return what children published of too many failed items."""
    received = jobs.sqs.receive_message(QueueUrl=jobs.queue, MaxNumberOfMessages=10).get("Messages", [])
    bodies = [json.loads(message["Body"])["Message"] for message in received]
    return [TooManyFailed.from_json(body) for body in bodies if "failed" in json.loads(body)]


def remove(jobs: Jobs, *prefixes: str) -> None:
    """Remove objects, as if S3 had refused to write them."""
    for key in [key for prefix in prefixes for key in jobs.keys(WORK, prefix)]:
        jobs.s3.delete_object(Bucket=WORK, Key=key)


def test_the_others_of_a_child_are_done(
    jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each failure is recorded with its value and reason; the child fails, and its word has both counts."""
    monkeypatch.setattr(functions, "on_item", fails_at(3, 4))
    array = planned(jobs, run)
    assert jobs.start(run, array, 1, FUNCTIONS) == FAILED
    assert functions.worked == [3, 4, 5]
    assert words(jobs, run, "work") == ["00001-1-2-1-0.json"]
    assert [one.reason for one in failures(jobs, run)] == [
        'ValueError: item 3 is bad (item 3, {"n": 3}, child 1, attempt 1)',
        'ValueError: item 4 is bad (item 4, {"n": 4}, child 1, attempt 1)',
    ]
    assert failures(jobs, run)[0].item == {"n": 3}
    report = jobs.failure(run, "work", 1)
    assert (report["where"], report["failed"]) == ('item 3, {"n": 3}, child 1, attempt 1', 2)
    assert capsys.readouterr().err.count("Traceback") == 2


def test_a_step_that_stops_at_an_item_stops(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it was asked for: nothing behind the item, and no word."""
    run = begun(jobs, chain(2, "stop"))
    monkeypatch.setattr(functions, "on_item", fails_at(4))
    array = planned(jobs, run)
    assert jobs.start(run, array, 1, FUNCTIONS) == FAILED
    assert (functions.worked, words(jobs, run, "work")) == ([3, 4], [])


def test_tolerated_items_have_no_successor_and_are_named(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """The children exit with 0; the fan-in hears which are missing and why, and the cleanup publishes it."""
    run = begun(jobs, chain(2))
    monkeypatch.setattr(functions, "on_item", fails_at(4, 8))
    worked(jobs, run)
    assert jobs.codes["work"] == [0, 0, 0]
    follow = submission(jobs, run, "follow")
    jobs.submit(run, follow)
    assert [jobs.start(run, follow, child, FUNCTIONS) for child in range(3)] == [0, 0, 0]
    assert words(jobs, run, "follow") == ["00000-3-0-1-0.json", "00001-2-1-1-0.json", "00002-3-1-1-0.json"]
    assert published(jobs) == []
    jobs.codes["follow"] = [0, 0, 0]
    jobs.settle(run, follow)
    gather = Submission(run.pipeline.step("gather"), 1)
    jobs.submit(run, gather)
    assert jobs.start(run, gather, 0, FUNCTIONS) == 0
    jobs.codes["gather"] = [0]
    jobs.settle(run, gather)
    done = [0, 1, 2, 3, 5, 6, 7, 9]
    reason = 'ValueError: item 4 is bad (item 4, {"n": 4}, child 1, attempt 1)'
    upstream = "UpstreamFailedError: work failed at item 4, so there is nothing to go on with."
    work, followed = said
    assert work[:2] == followed[:2] == [done, [4, 8]]
    assert work[2][0] == (4, {"n": 4}, reason)
    assert followed[2][0][2].startswith(upstream)
    cleanup = Submission(run.pipeline.step("cleanup"), 1)
    jobs.submit(run, cleanup)
    assert jobs.start(run, cleanup, 0, FUNCTIONS) == 0
    lines = jobs.read(RESULTS, keys.result("probe", run.run_id, keys.FAILED_ITEMS)).splitlines()
    assert [(one["step"], one["i"], one["item"]) for one in map(json.loads, lines)] == [
        ("work", 4, {"n": 4}),
        ("work", 8, {"n": 8}),
    ]


def test_an_item_that_was_stored_behind_its_failure_has_not_failed(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next attempt stored its result, and its word was refused: the child has failed, and the failed
    items of the attempt before hold no more (seed 1010037).
    """
    work = Array("work", run="work", items_of="find", items_per_child=4)
    gather = Job("gather", run="gather", after=[finished("work", at_most=4)])
    run = begun(jobs, replace(chain(4), steps=[Plan("find", run="find"), work, gather]))
    monkeypatch.setattr(functions, "on_item", fails_at(3, 4))
    array = planned(jobs, run)
    assert [jobs.start(run, array, child, FUNCTIONS) for child in range(3)] == [0, 0, 0]
    monkeypatch.setattr(functions, "on_item", fails_at(4))
    word = keys.child_words_prefix(run.run_id, "work", 0, 1)
    lost = keys.failed_items(run.run_id, "work", 0, 1, attempt=2, part=0)
    remove(jobs, word)
    assert jobs.start(run, array, 1, FUNCTIONS, AWS_BATCH_JOB_ATTEMPT="2") == 0
    remove(jobs, word, lost)
    assert jobs.ledger.record_end(
        run.run_id, "work", StepState.FAILED, job_id=job_id("work"), failed_children="1", failed_items=3
    )
    step = run.pipeline.step("gather")
    jobs.submit(run, Submission(step, 1, spec=GenerationSpec(missing={"work": "1"})))

    def reads_work(results: Any, out: Any) -> None:
        said.append(results.missing("work"))
        said.extend(number for number, _, _ in results.failed("work"))

    monkeypatch.setattr(functions, "gather", reads_work)
    assert jobs.start(run, Submission(step, 1), 0, FUNCTIONS) == 0
    assert said == [[4], 4]


def test_a_child_says_that_too_many_have_failed(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """When that is certain, once its own are counted; it exits with 0 all the same, and reports."""
    run = begun(jobs, chain(2))
    monkeypatch.setattr(functions, "on_item", fails_at(1, 4, 8))
    array = planned(jobs, run)
    assert [jobs.start(run, array, child, FUNCTIONS) for child in range(3)] == [0, 0, 0]
    (message,) = published(jobs)
    assert (message.run, message.step, message.failed) == (run.run_id, "work", 3)
    reports = jobs.keys(WORK, keys.failures_prefix(run.run_id, "work", 0))
    assert reports == [keys.failure(run.run_id, "work", 2, 0)]


def test_an_attempt_behind_a_word_does_nothing_where_failures_are_tolerated(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its machine was lost behind its last line."""
    run = begun(jobs, chain(2))
    monkeypatch.setattr(functions, "on_item", fails_at(4))
    array = planned(jobs, run)
    assert jobs.start(run, array, 1, FUNCTIONS) == 0
    assert jobs.start(run, array, 1, FUNCTIONS, AWS_BATCH_JOB_ATTEMPT="2") == 0
    assert functions.worked == [3, 4, 5]
