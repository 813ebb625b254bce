"""A job that ended well counts as done only with the words of its supervisor."""

from __future__ import annotations

import pytest

from sluice import keys
from sluice.run.compiled import CompiledStep, Kind
from sluice.run.state import RunState, StepState
from tests.lambdas.conftest import Aws
from tests.lambdas.runs import ended, old_run, run_of
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
