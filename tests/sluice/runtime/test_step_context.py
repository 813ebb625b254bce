"""What started a run, as every kind of function is given it, and its files as items."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest

from sluice.errors import OtherTriggerError
from sluice.pipeline.definition import Array, Job, Manual, Pipeline, Plan, S3Upload, Schedule
from sluice.run.state import StepRecord, StepState
from sluice.runtime.interface.upload import RequestOfUploads
from sluice.runtime.step_context import Records
from sluice.steps import Request, ScheduledTime, Upload, Uploads
from sluice.triggers.trigger_event import TriggerEvent, UploadGroup
from tests.sluice.runtime.interface.files import NAMES, group, stored
from tests.sluice.runtime.jobs import WORK, Jobs, functions_of

PIPELINE = Pipeline(
    name="files",
    triggers=[S3Upload(prefix="files/", group_within="60s"), Manual(), Schedule("rate(1 day)")],
    steps=[
        Plan("files"),
        Array("size_of", run="size_of", items_of="files", items_per_child=2),
        Job("publish", run="publish", after=["size_of"]),
    ],
)


def ran(jobs: Jobs, trigger: TriggerEvent) -> dict[str, Any]:
    """Run the pipeline and return what it published."""
    run = jobs.begin(PIPELINE, trigger)
    functions = {**functions_of(PIPELINE)}
    jobs.module = "tests.sluice.runtime.functions"
    assert jobs.drive(run, functions) == "SUCCEEDED"
    return {name: json.loads(content) for name, content in jobs.results(run).items()}


def test_each_file_of_a_group_is_an_item_that_is_read_in_its_version(jobs: Jobs) -> None:
    """Three children, five files; the fan-in knows the group; the cleanup removes the list too."""
    found = ran(jobs, group(jobs))
    assert found["sizes.json"] == [[f"files/{name}", name] for name in NAMES]
    assert found["trigger.json"] == {"kind": "s3-group", "files": [f"files/{name}" for name in NAMES]}
    assert len(jobs.codes["size_of"]) == 3
    assert jobs.keys(WORK) == []


def test_one_upload_is_one_item(jobs: Jobs) -> None:
    """The same pipeline, started by a file alone."""
    found = ran(jobs, stored(jobs)[0])
    assert found["sizes.json"] == [["files/a", "a"]]
    assert found["trigger.json"] == {"kind": "s3-upload", "files": ["files/a"]}


def test_the_files_of_a_request_are_the_items(jobs: Jobs) -> None:
    """In the order in which they were given."""
    files = [asdict(file) for file in stored(jobs)[::-1]]
    found = ran(jobs, Request(token="t", input={"uploads": files}))
    assert found["sizes.json"] == [[f"files/{name}", name] for name in NAMES[::-1]]
    assert found["trigger.json"] == {"kind": "manual", "files": [f"files/{name}" for name in NAMES[::-1]]}


@pytest.mark.parametrize(
    "trigger", [Request(token="t"), ScheduledTime(time="2030-01-31T09:00:00Z", expression="rate(1 day)")]
)
def test_a_trigger_without_files_has_no_items_and_says_so(jobs: Jobs, trigger: TriggerEvent) -> None:
    """What follows runs; a step that reads the files gets an error that names the trigger."""
    found = ran(jobs, trigger)
    assert found["sizes.json"] == []
    expected = f"Expected a run that an upload started, found a {trigger.kind} one."
    assert found["trigger.json"]["files"] == [f"{expected} Use trigger.input, or look at trigger.kind."]


def test_a_trigger_of_one_file_has_an_upload(jobs: Jobs) -> None:
    """Whatever kind it is of; one of several has not, and says how many there are."""
    files, whole = stored(jobs), group(jobs)
    one = UploadGroup(**{**asdict(whole), "files": 1})
    assert Uploads(one, jobs.s3).upload.key == "files/a"
    assert Upload(files[0], jobs.s3).upload.key == "files/a"
    assert [upload.key for upload in Upload(files[0], jobs.s3).uploads] == ["files/a"]
    assert (
        RequestOfUploads(token="t", input={"uploads": [asdict(files[2])]}, s3=jobs.s3).upload.key == "files/c"
    )
    with pytest.raises(OtherTriggerError, match="found 0"):
        _ = RequestOfUploads(token="t", input={"uploads": []}, s3=jobs.s3).upload
    assert (Uploads(whole, jobs.s3).count, Uploads(whole, jobs.s3).input["prefix"]) == (5, "files/")


def test_what_came_with_the_assignment_is_taken_from_there_once() -> None:
    """Whoever asks again wants to know what has changed; and a part of it is no answer."""
    old, new = (StepRecord(name="a", state=one) for one in (StepState.SUBMITTED, StepState.SUCCEEDED))
    records = Records(lambda steps: dict.fromkeys(steps, new), {"a": old, "b": old})
    assert records(["a"]) == {"a": old}
    assert records(["a"]) == {"a": new}
    assert records(["b", "c"]) == {"b": new, "c": new}
    assert records(["b"]) == {"b": new}
