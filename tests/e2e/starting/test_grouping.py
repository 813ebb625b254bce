"""Many small files that are dropped together are one run, with a file an item."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from sluice.run.state import Run, RunState, StepState
from tests.e2e.application import Application, Upload, wait_for

FILES = 50
WITHIN = 10
"""The seconds of the example's ``group_within``."""


def dropped(app: Application, folder: str) -> list[Upload]:
    """Upload a burst of files of 0, 1, 2, … words."""
    with ThreadPoolExecutor(8) as pool:
        return list(
            pool.map(lambda n: app.put(f"small-files/{folder}/{n:03d}.txt", b"word " * n), range(FILES))
        )


def groups(app: Application) -> dict[str, dict[str, Any]]:
    """Return what started the runs that a group started, by their ids."""
    return {run_id: trigger for run_id, trigger in app.triggers() if trigger["kind"] == "s3-group"}


def ended(app: Application, before: set[str]) -> Run:
    """Return the one new run of a group when it is over."""
    (run_id,) = wait_for(lambda: set(groups(app)) - before, "a run of the group")
    app.wait_until_ended(run_id)
    run = app.ledger.load(run_id)
    assert run is not None
    assert run.state is RunState.SUCCEEDED, {step.name: step.reason for step in run.steps.values()}
    return run


def test_a_burst_is_one_run_in_which_each_file_is_worked_once(app: Application) -> None:
    """No job finds the items; the run's cleanup leaves nothing; files that come later are another run."""
    before = set(groups(app))
    first_burst = dropped(app, "first")
    first = ended(app, before)
    assert (first.steps["files"].state, first.steps["files"].job_id, first.steps["files"].items) == (
        StepState.SUCCEEDED,
        None,
        FILES,
    )
    assert first.steps["count"].children == 2
    found = json.loads(app.published(first, "words.json"))
    assert found["of each"] == {upload.key: number for number, upload in enumerate(first_burst)}
    assert (found["files"], found["words"], found["started by"]) == (FILES, sum(range(FILES)), "s3-group")
    listed = app.client("s3").list_objects_v2(
        Bucket=app.outputs["WorkBucket"], Prefix=f"runs/{first.run_id}/"
    )
    assert listed.get("KeyCount", 0) == 0

    dropped(app, "first")
    second = ended(app, {*before, first.run_id})
    assert json.loads(app.published(second, "words.json"))["files"] == FILES
    assert len(groups(app)) == len(before) + 2


def test_a_group_waits_for_as_long_as_it_says(app: Application) -> None:
    """Its first file and its reminder each wait five seconds in the queue; with those it would be 21."""
    before = set(groups(app))
    uploaded = datetime.now(UTC)
    app.put("small-files/alone/1.txt", b"one word")
    run = ended(app, before)
    waited = (datetime.fromisoformat(run.created_at) - uploaded).total_seconds()
    assert WITHIN <= waited < WITHIN + 9
