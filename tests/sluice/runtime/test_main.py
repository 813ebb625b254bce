"""The entry point of a job: whom it works for, what it records, and how it fails."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from sluice import keys
from sluice.messages import Planned
from sluice.pipeline.definition import Job, Pipeline, S3Upload
from sluice.run.state import Run, RunState
from sluice.runtime import registration
from sluice.runtime.__main__ import FAILED, NOT_STARTED, STOPPED, TRY_AGAIN, main
from tests.sluice.runtime import functions
from tests.sluice.runtime.jobs import INBOX, NOW, WORK, Jobs, functions_of, job_id
from tests.sluice.runtime.probe import FUNCTIONS, planned, submission


def test_every_result_arrives_in_order(jobs: Jobs, run: Run) -> None:
    """Children share the items, child i goes on where child i was, and the fan-in reads every result once, in
    order.
    """
    assert jobs.drive(run, FUNCTIONS) == "SUCCEEDED"
    assert jobs.codes == {"find": [0], "work": [0] * 3, "follow": [0] * 3, "gather": [0], "cleanup": [0]}
    assert jobs.results(run) == {
        "all.txt": "".join(f"{number} [{number}, {number}]\n" for number in range(10))
    }


def test_cleanup_leaves_other_runs_alone(jobs: Jobs, run: Run) -> None:
    """Only the run's own transient objects are removed."""
    jobs.s3.put_object(Bucket=WORK, Key=keys.run_prefix(run.run_id + "x") + "kept", Body=b"")
    jobs.drive(run, FUNCTIONS)
    assert jobs.keys(WORK) == [keys.run_prefix(run.run_id + "x") + "kept"]


def test_cleanup_removes_more_than_a_page(jobs: Jobs, run: Run) -> None:
    """More objects than one call lists or deletes are all removed."""
    for number in range(1_005):
        jobs.s3.put_object(Bucket=WORK, Key=f"{keys.run_prefix(run.run_id)}{number}", Body=b"")
    jobs.drive(run, FUNCTIONS)
    assert jobs.keys(WORK) == []


def test_a_plan_announces_its_items(jobs: Jobs, run: Run) -> None:
    """The plan topic hears how many items there are, from which job, and where."""
    plan = submission(jobs, run, "find")
    jobs.submit(run, plan)
    jobs.start(run, plan, 0, FUNCTIONS)
    key = keys.manifest(run.run_id, "find", f"{job_id('find')}-1")
    assert jobs.announced() == [
        Planned(run=run.run_id, step="find", generation=0, job_id=job_id("find"), items=10, manifest=key)
    ]


def test_a_plan_without_items_announces_that(jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """No item is an answer too: what follows runs."""
    monkeypatch.setattr(functions, "items", [])
    assert jobs.drive(run, FUNCTIONS) == "SUCCEEDED"
    assert (jobs.codes["work"], jobs.results(run)) == ([], {"all.txt": ""})


def test_a_plan_that_is_recorded_does_not_plan_again(jobs: Jobs, run: Run) -> None:
    """A second attempt of a plan that the ledger knows ends well and announces nothing."""
    plan = submission(jobs, run, "find")
    planned(jobs, run)
    assert jobs.start(run, plan, 0, FUNCTIONS, AWS_BATCH_JOB_ATTEMPT="2") == 0
    assert jobs.announced() == []


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ([{"n": 0}, "text"], "Item 1: expected a JSON object, found str"),
        ([{"x": "y" * 9000}], "Item 0: expected at most 8192 bytes"),
    ],
    ids=["text", "9,000 bytes"],
)
def test_a_plan_of_no_items_fails_by_name(
    items: list[Any], said: str, jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be an item fails the plan, with a report that names it, and nothing is announced."""
    monkeypatch.setattr(functions, "items", items)
    assert jobs.drive(run, FUNCTIONS) == "FAILED"
    report = jobs.failure(run, "find")
    assert report["error"] == "ItemError"
    assert said in report["message"]
    assert jobs.announced() == []


def test_a_deleted_input_is_named(jobs: Jobs, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """A version that is gone is said to be gone, with its address."""
    version = run.trigger["version_id"]
    jobs.s3.delete_object(Bucket=INBOX, Key="probe/a b+c%.txt", VersionId=version)
    assert jobs.drive(run, FUNCTIONS | {"find": "size"}) == "FAILED"
    report = jobs.failure(run, "find")
    assert report["error"] == "InputMissingError"
    assert f"s3://{INBOX}/probe/a b+c%.txt (version {version}) was deleted before" in report["message"]
    assert report["message"] in capsys.readouterr().err


def test_a_replaced_input_is_read_as_it_was(jobs: Jobs, run: Run) -> None:
    """A later version under the same key, or a delete marker, changes nothing for the run."""
    jobs.s3.put_object(Bucket=INBOX, Key="probe/a b+c%.txt", Body=b"a later and longer one")
    jobs.s3.delete_object(Bucket=INBOX, Key="probe/a b+c%.txt")
    plan = submission(jobs, run, "find")
    jobs.submit(run, plan)
    assert jobs.start(run, plan, 0, {"find": "size"}) == 0
    manifest = jobs.announced()[0].manifest
    assert jobs.read(WORK, manifest) == b'{"size":5}\n'


def test_a_function_that_raises_fails_its_child(
    jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report says what was raised and at which item; what was finished before stays recorded."""

    def broken(item: Any) -> int:
        if item.number == 5:
            raise ValueError("no such city")
        return int(item.number)

    monkeypatch.setattr(functions, "on_item", broken)
    array = planned(jobs, run)
    assert jobs.start(run, array, 1, FUNCTIONS) == FAILED
    assert jobs.failure(run, "work", 1) == {"error": "ValueError", "message": "no such city", "item": 5}
    part = jobs.read(WORK, keys.child_results(run.run_id, "work", 1, 0))
    assert part.splitlines() == [b'{"i":3,"r":3}', b'{"i":4,"r":4}']


def test_a_function_that_is_not_there_is_named(jobs: Jobs, run: Run) -> None:
    """A wrong name fails the job with a report, not with a bare traceback."""
    plan = submission(jobs, run, "find")
    jobs.submit(run, plan)
    assert jobs.start(run, plan, 0, {"find": "missing"}) == FAILED
    assert "missing" in jobs.failure(run, "find")["message"]


def test_sigterm_keeps_what_is_finished(
    jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch, stoppable: None
) -> None:
    """A child that is told to stop records its finished items; the next attempt does the others only, and
    each result is there once.
    """
    monkeypatch.setattr(functions, "items", [{"n": number} for number in range(8)])

    def stopped(item: Any) -> int:
        if item.number == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return int(item.number)

    monkeypatch.setattr(functions, "on_item", stopped)
    array = planned(jobs, run)
    with pytest.raises(SystemExit) as ended:
        jobs.start(run, array, 0, FUNCTIONS)
    assert ended.value.code == STOPPED
    monkeypatch.setattr(functions, "on_item", lambda item: item.number)
    assert jobs.start(run, array, 0, FUNCTIONS, AWS_BATCH_JOB_ATTEMPT="2") == 0
    assert functions.worked == [0, 1, 2, 2, 3]
    parts = [
        jobs.read(WORK, key) for key in jobs.keys(WORK, keys.child_results_prefix(run.run_id, "work", 0))
    ]
    assert b"".join(parts).splitlines() == [b'{"i":%d,"r":%d}' % (number, number) for number in range(4)]


def test_a_fast_child_writes_one_object(jobs: Jobs, run: Run) -> None:
    """Four items in less than a second are one part."""
    array = planned(jobs, run)
    jobs.start(run, array, 0, FUNCTIONS)
    assert len(jobs.keys(WORK, keys.child_results_prefix(run.run_id, "work", 0))) == 1


@pytest.mark.parametrize(
    "place",
    [{"AWS_BATCH_JOB_ID": "another"}, {"SLUICE_GENERATION": "1"}],
    ids=["another job", "another generation"],
)
def test_a_job_that_the_ledger_does_not_name_does_nothing(
    place: dict[str, str], jobs: Jobs, run: Run
) -> None:
    """It ends well, at once, so that no rule tries it again, and does no work."""
    array = planned(jobs, run)
    assert jobs.start(run, array, 0, FUNCTIONS, AWS_BATCH_JOB_ARRAY_INDEX="0", **place) == 0
    assert functions.worked == []


def test_a_job_that_is_not_named_yet_is_tried_again(
    jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever submitted it may not have recorded it: it waits a quarter of an hour, ever more patiently, and
    asks for another attempt.
    """
    pauses: list[float] = []
    monkeypatch.setattr(registration.wait_for_registration, "__kwdefaults__", {"sleep": pauses.append})
    plan = submission(jobs, run, "find")
    jobs.ledger.claim(run.run_id, [plan], NOW)
    assert jobs.start(run, plan, 0, FUNCTIONS) == TRY_AGAIN
    assert 900 <= sum(pauses) < 931
    assert len(pauses) < 45, "ten thousand children may wait at once"
    assert pauses == sorted(pauses)
    assert jobs.announced() == []


def test_a_job_of_a_run_that_ended_does_not_wait_for_its_name(jobs: Jobs, run: Run) -> None:
    """Nobody gives it one any more; its machine is not kept waiting."""
    plan = submission(jobs, run, "find")
    jobs.ledger.claim(run.run_id, [plan], NOW)
    jobs.ledger.finish(run.run_id, RunState.CANCELLED, NOW)
    assert jobs.start(run, plan, 0, FUNCTIONS) == 0
    assert jobs.announced() == []


def test_a_job_that_is_named_while_it_waits_works(
    jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name may come after the job's start."""
    plan = submission(jobs, run, "find")
    jobs.ledger.claim(run.run_id, [plan], NOW)
    name = {"find": job_id("find")}
    monkeypatch.setattr(
        registration.wait_for_registration,
        "__kwdefaults__",
        {"sleep": lambda seconds: jobs.ledger.record_submitted(run.run_id, name)},
    )
    assert jobs.start(run, plan, 0, FUNCTIONS) == 0
    assert jobs.announced()[0].items == 10


@pytest.mark.parametrize("missing", ["SLUICE_RUN", "SLUICE_LEDGER_TABLE", "AWS_BATCH_JOB_ID"])
def test_a_missing_setting_is_named(missing: str, jobs: Jobs, capsys: pytest.CaptureFixture[str]) -> None:
    """Started by hand, the entry point says what it lacks."""
    env = jobs.settings.to_env() | {
        "SLUICE_RUN": "r",
        "SLUICE_STEP": "s",
        "SLUICE_GENERATION": "0",
        "AWS_BATCH_JOB_ID": "j",
    }
    assert main(["cleanup"], {name: value for name, value in env.items() if name != missing}) == NOT_STARTED
    assert missing in capsys.readouterr().err


def test_gates_only_let_pass(jobs: Jobs) -> None:
    """A job after more parents than Batch allows waits behind gates, which do nothing."""
    parents = [Job(f"part-{number}", run="nothing") for number in range(21)]
    last = Job("last", run="nothing", after=[str(parent.name) for parent in parents])
    pipeline = Pipeline(name="wide", triggers=[S3Upload(prefix="wide/")], steps=[*parents, last])
    run = jobs.upload(pipeline, "wide/a", b"")
    jobs.module = "tests.sluice.runtime.functions"
    assert jobs.drive(run, functions_of(pipeline)) == "SUCCEEDED"
    assert {name: codes for name, codes in jobs.codes.items() if name.startswith("gate-")} == {
        "gate-0-0-last": [0],
        "gate-0-1-last": [0],
    }
