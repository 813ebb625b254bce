"""A plan: its items, how it publishes them, and what cannot be an item."""

from __future__ import annotations

from typing import Any

import pytest

from sluice import keys
from sluice.messages import Planned
from sluice.run.state import Run
from tests.sluice.runtime import functions
from tests.sluice.runtime.jobs import INBOX, WORK, Jobs, job_id
from tests.sluice.runtime.probe import FUNCTIONS, planned, submission


def test_a_plan_publishes_its_items(jobs: Jobs, run: Run) -> None:
    """The plan topic gets how many items there are, from which job, and where."""
    plan = submission(jobs, run, "find")
    jobs.submit(run, plan)
    jobs.start(run, plan, 0, FUNCTIONS)
    key = keys.manifest(run.run_id, "find", f"{job_id('find')}-1")
    assert jobs.published() == [
        Planned(run=run.run_id, step="find", generation=0, job_id=job_id("find"), items=10, manifest=key)
    ]


def test_a_plan_without_items_publishes_that(jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """No item is an answer too: what follows runs."""
    monkeypatch.setattr(functions, "items", [])
    assert jobs.drive(run, FUNCTIONS) == "SUCCEEDED"
    assert (jobs.codes["work"], jobs.results(run)) == ([], {"all.txt": ""})


def test_a_plan_that_is_recorded_does_not_plan_again(jobs: Jobs, run: Run) -> None:
    """A second attempt of a plan that the ledger knows ends well and publishes nothing."""
    plan = submission(jobs, run, "find")
    planned(jobs, run)
    assert jobs.start(run, plan, 0, FUNCTIONS, AWS_BATCH_JOB_ATTEMPT="2") == 0
    assert jobs.published() == []


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([{"n": 0}, "text"], "Item 1: expected a JSON object, found str"),
        ([{"x": "y" * 9000}], "Item 0: expected at most 8192 bytes"),
    ],
    ids=["text", "9,000 bytes"],
)
def test_a_plan_of_what_cannot_be_an_item_fails_and_names_it(
    items: list[Any], message: str, jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be an item fails the plan, with a report that names it, and nothing is published."""
    monkeypatch.setattr(functions, "items", items)
    assert jobs.drive(run, FUNCTIONS) == "FAILED"
    report = jobs.failure(run, "find")
    assert report["error"] == "ItemError"
    assert message in report["message"]
    assert jobs.published() == []


@pytest.mark.parametrize("returned", [None, {"n": 1}, "text", 3], ids=["None", "dict", "text", "number"])
def test_a_plan_must_yield(returned: object, jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan that returns something else fails with what to do, and publishes nothing."""
    monkeypatch.setattr(functions, "find", lambda upload: returned)
    assert jobs.drive(run, FUNCTIONS) == "FAILED"
    report = jobs.failure(run, "find")
    assert report["error"] == "ReturnedError"
    assert report["message"].startswith(
        f"Expected the plan's function to yield dicts, found that it returned {type(returned).__name__}"
    )
    assert jobs.published() == []


def test_a_plan_may_return_a_list(jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever can be iterated over has items."""
    monkeypatch.setattr(functions, "find", lambda upload: [{"n": 0}, {"n": 1}])
    assert jobs.drive(run, FUNCTIONS) == "SUCCEEDED"
    assert jobs.results(run) == {"all.txt": "0 [0, 0]\n1 [1, 1]\n"}


def test_a_deleted_input_is_named(jobs: Jobs, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """A version that is gone is reported as gone, with its address."""
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
    manifest = jobs.published()[0].manifest
    assert jobs.read(WORK, manifest) == b'{"size":5}\n'
