"""Many small files that are dropped together are one run, with a file an item."""

from __future__ import annotations

import json
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from sluice.run import Run, RunState, StepState
from tests.e2e.application import Application, Upload, wait_for

FILES = 50


def dropped(app: Application, folder: str) -> list[Upload]:
    """Upload a burst of files of 0, 1, 2, … words."""
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda n: app.put(f"small-files/{folder}/{n:03d}.txt", b"word " * n), range(FILES)))


def grouped(app: Application) -> dict[str, dict[str, Any]]:
    """Return what started the runs that a group started, by their ids."""
    return {run_id: trigger for run_id, trigger in app.triggers() if trigger["kind"] == "s3-group"}


def ended(app: Application, before: set[str]) -> Run:
    """Return the one new run of a group when it is over."""
    (run_id,) = wait_for(lambda: set(grouped(app)) - before, "a run of the group", pause=0.5)
    app.wait_until_ended(run_id)
    run = app.ledger.load(run_id)
    assert run is not None
    assert run.state is RunState.SUCCEEDED, {step.name: step.reason for step in run.steps.values()}
    return run


def two_bursts(app: Application) -> tuple[list[Upload], Run, Run]:
    """Drop a burst, and another with the same names when the first is a run; return the first one's files, and both runs."""
    uploads = dropped(app, "first")
    first = ended(app, set())
    dropped(app, "first")
    return uploads, first, ended(app, {first.run_id})


def test_a_burst_is_one_run_in_which_each_file_is_worked_once(app: Application, groups: Future[tuple[list[Upload], Run, Run]]) -> None:
    """No job finds the items; the run's cleanup leaves nothing; files that come later are another run."""
    uploads, first, second = groups.result()
    assert (first.steps["files"].state, first.steps["files"].job_id, first.steps["files"].items) == (StepState.SUCCEEDED, None, FILES)
    assert first.steps["count"].children == 2
    found = json.loads(app.published(first, "words.json"))
    assert found["of each"] == {upload.key: number for number, upload in enumerate(uploads)}
    assert (found["files"], found["words"], found["started by"]) == (FILES, sum(range(FILES)), "s3-group")
    listed = app.client("s3").list_objects_v2(Bucket=app.outputs["WorkBucket"], Prefix=f"runs/{first.run_id}/")
    assert listed.get("KeyCount", 0) == 0
    assert json.loads(app.published(second, "words.json"))["files"] == FILES
    assert grouped(app).keys() == {first.run_id, second.run_id}
