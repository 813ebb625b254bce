"""A job that ended well counts as done only with the words of its supervisor."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from sluice import keys
from sluice.items.failed_items import FailedItem
from sluice.run.compiled import CompiledStep, Kind
from sluice.run.state import RunState, StepState
from tests.lambdas.conftest import Aws
from tests.lambdas.runs import ended, old_run, run_of
from tests.sluice.clouds import TABLE
from tests.sluice.graphs import pipeline, step

ARRAY = step("work", Kind.ARRAY, size=5, supervised=True)
JOB = step("work", supervised=True)


def begun(aws: Aws, one: CompiledStep) -> str:
    """Begin a run of one step."""
    return old_run(aws, "a", graph=pipeline(one))


def say(aws: Aws, run_id: str, *children: int, generation: int = 0) -> None:
    """Let the supervisors of children say that their work was done."""
    for child in children:
        key = keys.word(run_id, "work", generation, child, done=1)
        aws.client("s3").put_object(Bucket="work", Key=key, Body=b"")


@pytest.mark.parametrize(("one", "children"), [(ARRAY, range(5)), (JOB, [0])], ids=["array", "job"])
def test_a_step_with_all_words_has_succeeded(one: CompiledStep, children: list[int], aws: Aws) -> None:
    """And its run."""
    run_id = begun(aws, one)
    say(aws, run_id, *children)
    assert aws.call("track", ended(aws, run_id, "work", "SUCCEEDED")) == []
    assert run_of(aws, run_id).state is RunState.SUCCEEDED


def test_an_array_without_some_words_fails_and_names_the_children(aws: Aws) -> None:
    """It is known which children are to run again, without asking AWS Batch, where all have succeeded."""
    run_id = begun(aws, ARRAY)
    say(aws, run_id, 0, 3)
    say(aws, run_id, 1, generation=1)
    assert aws.call("track", ended(aws, run_id, "work", "SUCCEEDED")) == []
    run = run_of(aws, run_id)
    record = run.steps["work"]
    assert (run.state, record.state, record.succeeded, record.failed_indexes) == (
        RunState.FAILED,
        StepState.FAILED,
        2,
        (1, 2, 4),
    )
    assert record.reason == (
        "AWS Batch reports success, but the supervisors of 3 of 5 children never said that the work was done:"
        " 1-2,4"
    )


def test_a_failed_array_fails_also_where_a_child_ended_well_without_a_word(aws: Aws) -> None:
    """AWS Batch names child 1 alone; child 4 did nothing either."""
    run_id = begun(aws, ARRAY)
    say(aws, run_id, 0, 2, 3)
    array = {"size": 5, "statusSummary": {"FAILED": 1, "SUCCEEDED": 4}}
    assert aws.call("track", ended(aws, run_id, "work", "FAILED", arrayProperties=array)) == []
    record = run_of(aws, run_id).steps["work"]
    assert (record.succeeded, record.failed_indexes, record.reason) == (3, (1, 4), "1 of 5 children failed")


def test_a_job_that_says_that_it_has_a_word_and_has_none_fails(aws: Aws) -> None:
    """The variable saves a call; it proves nothing."""
    run_id = begun(aws, JOB)
    told = {"container": {"environment": [{"name": "SLUICE_WORD", "value": "yes"}]}}
    assert aws.call("track", ended(aws, run_id, "work", "SUCCEEDED", **told)) == []
    assert run_of(aws, run_id).state is RunState.FAILED


def test_a_job_without_a_word_fails(aws: Aws) -> None:
    """Its function never returned."""
    run_id = begun(aws, JOB)
    assert aws.call("track", ended(aws, run_id, "work", "SUCCEEDED")) == []
    assert run_of(aws, run_id).steps["work"].reason == (
        "AWS Batch reports success, but the job's supervisor never said that the work was done"
    )


@pytest.mark.parametrize("one", [step("work"), step("work", Kind.ARRAY, size=5)], ids=["job", "array"])
def test_without_a_supervisor_the_exit_code_is_believed(one: CompiledStep, aws: Aws) -> None:
    """Of commands, and of runs that began before there were words."""
    run_id = begun(aws, one)
    assert aws.call("track", ended(aws, run_id, "work", "SUCCEEDED")) == []
    assert run_of(aws, run_id).state is RunState.SUCCEEDED


def test_an_end_that_is_told_again_changes_nothing(aws: Aws) -> None:
    """The cleanup has removed the words since; and a late word does not undo a failure."""
    run_id = begun(aws, ARRAY)
    say(aws, run_id, *range(5))
    told = ended(aws, run_id, "work", "SUCCEEDED")
    assert aws.call("track", told) == []
    for child in range(5):
        key = keys.word(run_id, "work", 0, child, done=1)
        aws.client("s3").delete_object(Bucket="work", Key=key)
    assert aws.call("track", told, told) == []
    assert run_of(aws, run_id).steps["work"].state is StepState.SUCCEEDED


def test_a_success_that_is_recorded_is_not_undone(aws: Aws) -> None:
    """Another invocation judged the same end when the words were gone."""
    run_id = begun(aws, JOB)
    job_id = str(run_of(aws, run_id).steps["work"].job_id)
    ledger = aws.handler("track").advancer.ledger
    assert ledger.record_end(run_id, "work", StepState.SUCCEEDED, job_id=job_id)
    assert not ledger.record_end(run_id, "work", StepState.FAILED, job_id=job_id, reason="no word")
    assert run_of(aws, run_id).steps["work"].state is StepState.SUCCEEDED


CHAIN = pipeline(
    step("work", Kind.ARRAY, size=5, supervised=True),
    step("merge", after=("work",), supervised=True),
    step("cleanup", Kind.CLEANUP, after=("merge",)),
)


def calls_of(aws: Aws) -> Counter[str]:
    """Count the calls of DynamoDB and S3 from now on."""
    counted: Counter[str] = Counter()

    def count(model: Any, **_: Any) -> None:
        counted.update([model.name])

    for service in ("dynamodb", "s3"):
        aws.client(service).meta.events.register("before-call", count, unique_id="counted")
    return counted


def test_the_end_of_a_step_in_a_chain_costs_a_listing_and_a_write(aws: Aws) -> None:
    """What follows is submitted, so nobody looks at the run; and the cleanup's end costs the write alone. A
    single job says that it has a word, and its end is the run's here.
    """
    run_id = old_run(aws, "a", graph=CHAIN)
    say(aws, run_id, *range(5))
    events = [
        ended(aws, run_id, "work", "SUCCEEDED", arrayProperties={"size": 5}),
        ended(aws, run_id, "cleanup", "SUCCEEDED"),
    ]
    counted = calls_of(aws)
    assert aws.call("track", events[0]) == []
    assert counted == {"ListObjectsV2": 1, "UpdateItem": 1}
    counted.clear()
    assert aws.call("track", events[1]) == []
    assert counted == {"UpdateItem": 1}
    merge = {"container": {"environment": [{"name": "SLUICE_WORD", "value": "yes"}]}}
    word = keys.word(run_id, "merge", 0, 0, done=1)
    aws.client("s3").put_object(Bucket="work", Key=word, Body=b"")
    event = ended(aws, run_id, "merge", "SUCCEEDED", **merge)
    counted.clear()
    assert aws.call("track", event) == []
    assert counted == {"ListObjectsV2": 1, "UpdateItem": 2, "Query": 1}
    steps = run_of(aws, run_id).steps
    assert {steps[name].state for name in ("work", "cleanup")} == {StepState.SUCCEEDED}


@pytest.mark.parametrize("again", [False, True], ids=["once", "and again"])
def test_a_run_whose_ends_come_out_of_order_ends(aws: Aws, again: bool) -> None:
    """The last step's end comes first: then the end of the one before it has the run advanced."""
    run_id = old_run(aws, "a", graph=CHAIN)
    say(aws, run_id, *range(5))
    key = keys.word(run_id, "merge", 0, 0, done=1)
    aws.client("s3").put_object(Bucket="work", Key=key, Body=b"")
    first = ended(aws, run_id, "merge", "SUCCEEDED")
    last = ended(aws, run_id, "work", "SUCCEEDED", arrayProperties={"size": 5})
    assert aws.call("track", first, *[first] * again) == []
    assert run_of(aws, run_id).state is RunState.RUNNING
    assert aws.call("track", last) == []
    assert run_of(aws, run_id).state is RunState.SUCCEEDED


def test_a_claim_of_before_words_were_counted_is_judged_by_the_pipeline(aws: Aws) -> None:
    """A run that was begun before the deploy has steps that do not say how many words they need."""
    run_id = begun(aws, JOB)
    aws.client("dynamodb").update_item(
        TableName=TABLE,
        Key={"pk": {"S": f"RUN#{run_id}"}, "sk": {"S": "STEP#work"}},
        UpdateExpression="REMOVE words",
    )
    assert aws.call("track", ended(aws, run_id, "work", "SUCCEEDED")) == []
    assert run_of(aws, run_id).steps["work"].state is StepState.FAILED


ITEMS = step("work", Kind.ARRAY, size=6, items_per_child=2, supervised=True, continues=True)
TOLERANT = step("gather", finished=(("work", 0.5),))


def counted(aws: Aws, run_id: str, child: int, failed: int, memory: int = 0) -> None:
    """Let the supervisor of a child of two items say how many of them failed."""
    key = keys.word(run_id, "work", 0, child, done=2 - failed, failed=failed, parts=1, memory=memory)
    aws.client("s3").put_object(Bucket="work", Key=key, Body=b"")


@pytest.mark.parametrize(
    ("failed", "state"),
    [((0, 0, 0), StepState.SUCCEEDED), ((1, 0, 2), StepState.SUCCEEDED), ((2, 0, 2), StepState.FAILED)],
)
def test_a_tolerant_dependent_has_the_items_counted(
    failed: tuple[int, ...], state: StepState, aws: Aws
) -> None:
    """Not the children: half of the items may fail, wherever they are."""
    run_id = old_run(aws, "a", graph=pipeline(ITEMS, TOLERANT))
    for child, number in enumerate(failed):
        counted(aws, run_id, child, number)
    assert aws.call("track", ended(aws, run_id, "work", "SUCCEEDED")) == []
    record = run_of(aws, run_id).steps["work"]
    assert (record.state, record.failed_items or 0) == (state, sum(failed))
    if state is StepState.FAILED:
        assert record.failed_indexes == (0, 2)
        assert (record.reason or "").startswith("4 of 6 items failed, and at most 3 may")
        assert run_of(aws, run_id).state is RunState.FAILED


def test_a_failed_item_fails_a_step_that_nobody_tolerates(aws: Aws) -> None:
    """With the children that have one, and those that never had a word."""
    run_id = begun(aws, ITEMS)
    counted(aws, run_id, 0, 0)
    counted(aws, run_id, 1, 1)
    array = {"size": 3, "statusSummary": {"FAILED": 2, "SUCCEEDED": 1}}
    assert aws.call("track", ended(aws, run_id, "work", "FAILED", arrayProperties=array)) == []
    record = run_of(aws, run_id).steps["work"]
    assert (record.failed_indexes, record.failed_items, record.succeeded) == ((1, 2), 3, 1)
    assert record.reason == "3 of 6 items failed"


def test_a_child_without_a_word_takes_no_tolerated_one_with_it(aws: Aws) -> None:
    """Only the silent child can still do better: what failed by itself is tolerated, and not repeated."""
    run_id = old_run(aws, "a", graph=pipeline(ITEMS, TOLERANT))
    counted(aws, run_id, 0, 1)
    counted(aws, run_id, 1, 0)
    array = {"size": 3, "statusSummary": {"FAILED": 2, "SUCCEEDED": 1}}
    assert aws.call("track", ended(aws, run_id, "work", "FAILED", arrayProperties=array)) == []
    assert run_of(aws, run_id).steps["work"].failed_indexes == (2,)


def test_where_too_many_failed_all_of_them_are_named(aws: Aws) -> None:
    """A retry works on each."""
    run_id = old_run(aws, "a", graph=pipeline(ITEMS, TOLERANT))
    counted(aws, run_id, 0, 2)
    counted(aws, run_id, 1, 2)
    array = {"size": 3, "statusSummary": {"FAILED": 3}}
    assert aws.call("track", ended(aws, run_id, "work", "FAILED", arrayProperties=array)) == []
    assert run_of(aws, run_id).steps["work"].failed_indexes == (0, 1, 2)


def test_what_was_killed_for_memory_runs_again_with_more(aws: Aws) -> None:
    """Only the children with such an item; the others are left to the generation behind it."""
    run_id = begun(aws, replace(ITEMS, times=1, memory_sizes=(4096, 8192)))
    counted(aws, run_id, 0, 1)
    counted(aws, run_id, 1, 1, memory=1)
    counted(aws, run_id, 2, 0)
    array = {"size": 3, "statusSummary": {"FAILED": 2, "SUCCEEDED": 1}}
    assert aws.call("track", ended(aws, run_id, "work", "FAILED", arrayProperties=array)) == []
    record = run_of(aws, run_id).steps["work"]
    assert (record.generation, record.spec.children, record.spec.memory) == (1, "1", 4096)
    assert (record.spec.deferred_children, record.spec.tries) == ("0", 0)
    (job,) = [one for one in aws.batch.jobs.values() if one["jobId"] == record.job_id]
    overrides = aws.batch.requests[-1]["containerOverrides"] if hasattr(aws.batch, "requests") else None
    assert job["jobName"] == f"{run_id}_work_1"
    assert overrides is None or {"type": "MEMORY", "value": "4096"} in overrides["resourceRequirements"]


def test_the_failed_items_of_a_failed_run_are_published(aws: Aws) -> None:
    """As one file of its results, by their step."""
    run_id = begun(aws, ITEMS)
    for child in range(3):
        counted(aws, run_id, child, int(child == 1))
    bad = FailedItem(number=2, value='{"n": 2}', error="ValueError", message="bad", child=1, attempt=1)
    key = keys.failed_items(run_id, "work", 0, 1, 1, 0)
    aws.client("s3").put_object(Bucket="work", Key=key, Body=bad.to_line().encode())
    assert aws.call("track", ended(aws, run_id, "work", "FAILED")) == []
    published = keys.result(run_of(aws, run_id).pipeline.name, run_id, keys.FAILED_ITEMS)
    body = aws.client("s3").get_object(Bucket="results", Key=published)["Body"].read()
    assert json.loads(body) == {
        "run": run_id,
        "step": "work",
        "i": 2,
        "item": {"n": 2},
        "error": "ValueError",
        "message": "bad",
        "child": 1,
        "attempt": 1,
    }


def failed_item(aws: Aws, run_id: str, number: int, child: int, message: str = "bad") -> None:
    """Let a child have written an item that failed."""
    bad = FailedItem(number=number, value="{}", error="E", message=message, child=child, attempt=1)
    key = keys.failed_items(run_id, "work", 0, child, 1, 0)
    aws.client("s3").put_object(Bucket="work", Key=key, Body=bad.to_line().encode())


def published(aws: Aws, run_id: str) -> list[int]:
    """Return which items the published file names."""
    key = keys.result(run_of(aws, run_id).pipeline.name, run_id, keys.FAILED_ITEMS)
    body = aws.client("s3").get_object(Bucket="results", Key=key)["Body"].read()
    return [json.loads(line)["i"] for line in body.splitlines()]


def test_a_run_that_fails_behind_a_tolerated_array_publishes_its_failed_items_too(aws: Aws) -> None:
    """The cleanup of a run that succeeds would have done it."""
    run_id = old_run(aws, "a", graph=pipeline(ITEMS, TOLERANT))
    for child in range(3):
        counted(aws, run_id, child, int(child == 1))
    failed_item(aws, run_id, 2, 1)
    assert aws.call("track", ended(aws, run_id, "work", "FAILED")) == []
    assert run_of(aws, run_id).steps["work"].state is StepState.SUCCEEDED
    assert aws.call("track", ended(aws, run_id, "gather", "FAILED")) == []
    assert run_of(aws, run_id).state is RunState.FAILED
    assert published(aws, run_id) == [2]


def test_a_file_of_an_earlier_failure_names_nothing_that_was_done_since(aws: Aws) -> None:
    """What a later generation did is no failed item any more."""
    run_id = begun(aws, ITEMS)
    failed_item(aws, run_id, 2, 1)
    for child in range(2):
        counted(aws, run_id, child, 0)
    assert aws.call("track", ended(aws, run_id, "work", "FAILED")) == []
    assert published(aws, run_id) == []


def test_the_file_of_failed_items_has_a_bound(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """In bytes: the function has only so much memory; `sluice retry` works on all of them."""
    run_id = begun(aws, ITEMS)
    for child in range(3):
        counted(aws, run_id, child, 1)
        failed_item(aws, run_id, 2 * child, child, "x" * 1000)
    monkeypatch.setattr("lambdas.track.failed_items.MAX_BYTES", 2500)
    assert aws.call("track", ended(aws, run_id, "work", "FAILED")) == []
    assert published(aws, run_id) == [0, 2]


def failed_in(aws: Aws, address: str) -> str:
    """Let a run that publishes there fail with an item, and return its id."""
    graph = replace(pipeline(ITEMS), results=address)
    run_id = old_run(aws, "a", graph=graph)
    for child in range(3):
        counted(aws, run_id, child, int(child == 1))
    failed_item(aws, run_id, 2, 1)
    assert aws.call("track", ended(aws, run_id, "work", "FAILED")) == []
    return run_id


@pytest.mark.parametrize(
    ("address", "folder"), [("s3://team/words/", "words/{run}/"), ("s3://team/words/{date}/", "words/{day}/")]
)
def test_failed_items_are_published_where_the_runs_results_go(aws: Aws, address: str, folder: str) -> None:
    """With the run's id: in a folder that runs share it is no result of another one."""
    aws.client("s3").create_bucket(Bucket="team")
    run_id = failed_in(aws, address)
    day = run_of(aws, run_id).created_at[:10]
    key = folder.format(run=run_id, day=day) + keys.FAILED_ITEMS
    found = aws.client("s3").get_object(Bucket="team", Key=key)
    assert [json.loads(line)["i"] for line in found["Body"].read().splitlines()] == [2]
    assert found["Metadata"] == {"sluice-run": run_id}
    assert not aws.client("s3").list_objects_v2(Bucket="results").get("Contents")


def test_a_bucket_that_refuses_the_failed_items_loses_none(aws: Aws) -> None:
    """They are in Sluice's own, as those of a pipeline without one."""
    assert published(aws, failed_in(aws, "s3://not-there/words/")) == [2]
