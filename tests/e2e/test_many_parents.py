"""Many parents, by gates and child by child; and what of uploads starts a run and what does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sluice.run.state import Run, RunState
from tests.e2e.application import Application
from tests.e2e.runs import ask, ended, jobs, lines

SIDES = [f"side-{number}" for number in range(21)]


@pytest.fixture(scope="module")
def shapes(app: Application) -> Run:
    """A run of all shapes, asked for with an input."""
    return ended(app, ask(app, "shapes", "all", {"who": "a person"}))


def children(app: Application, run: Run, step: str) -> list[dict[str, Any]]:
    """Return Batch's description of the three children of an array, by index."""
    found = app.client("batch").describe_jobs(
        jobs=[f"{run.steps[step].job_id}:{child}" for child in range(3)]
    )["jobs"]
    return sorted(found, key=lambda child: int(child["arrayProperties"]["index"]))


def test_a_job_behind_more_than_twenty_waits_for_all_of_them(app: Application, shapes: Run) -> None:
    """Gates stand between: each is a job of its own, and no job depends on more than twenty."""
    assert {name for name in shapes.steps if name.startswith("gate-")} == {
        "gate-0-0-joined",
        "gate-0-1-joined",
    }
    ids = {str(step.job_id): name for name, step in shapes.steps.items()}
    found = jobs(app, shapes)
    waits = {name: {ids[one["jobId"]] for one in job["dependsOn"]} for name, job in found.items()}
    assert max(map(len, waits.values())) <= 20
    assert waits["joined"] == {"gate-0-0-joined", "gate-0-1-joined"}
    assert waits["gate-0-0-joined"] | waits["gate-0-1-joined"] == set(SIDES)
    assert max(found[side]["stoppedAt"] for side in SIDES) <= found["joined"]["startedAt"]
    assert [lines(app, found[side]) for side in SIDES] == [[f"side {number}"] for number in range(21)]


def test_children_wait_for_the_same_children_of_two_arrays(app: Application, shapes: Run) -> None:
    """A diamond: N_TO_N on both sides, and no child of the last starts before both of its own have
    stopped.
    """
    sides = {str(shapes.steps[name].job_id) for name in ("left", "right")}
    depends_on = jobs(app, shapes)["bottom"]["dependsOn"]
    assert {(one["jobId"], one["type"]) for one in depends_on} == {(side, "N_TO_N") for side in sides}
    found = {name: children(app, shapes, name) for name in ("top", "left", "right", "bottom")}
    for name, described in found.items():
        assert [lines(app, child) for child in described] == [[f"{name} {index}"] for index in range(3)]
    for earlier, later in (("top", "left"), ("top", "right"), ("left", "bottom"), ("right", "bottom")):
        for before, child in zip(found[earlier], found[later], strict=True):
            assert before["stoppedAt"] <= child["startedAt"], (earlier, later)


def test_each_way_in_has_an_input_of_its_own(app: Application, shapes: Run) -> None:
    """The same pipeline gets a request's input, or where the upload is."""
    asked = lines(app, jobs(app, shapes)["joined"])
    assert asked == ["joined " + json.dumps({"who": "a person"}, separators=(",", ":"))]
    upload = app.put("shapes/a file", b"anything")
    run = app.ended(upload)
    assert run.state is RunState.SUCCEEDED
    (told,) = lines(app, jobs(app, run)["joined"])
    assert told.removeprefix("joined ") == f"s3://{app.outputs['InboxBucket']}/shapes/a file"


def test_folders_and_other_suffixes_start_nothing(app: Application) -> None:
    """A console makes a folder as an empty object whose key ends with a slash; a pipeline of .txt files is
    not started by others.
    """
    silent = [
        app.put("shapes/folder/", b""),
        app.put("shapes/", b""),
        app.put("word-count/words.csv", b"a b"),
        app.put("other/a.txt", b"a"),
    ]
    run = app.ended(app.put("shapes/folder/a file", b"anything"))
    assert run.state is RunState.SUCCEEDED
    assert [app.runs_of(upload) for upload in silent] == [[]] * 4
