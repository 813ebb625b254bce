"""Files and inputs of a test start what they would start in the inbox."""

from __future__ import annotations

from typing import Any

import pytest

from sluice import Job, Manual, Pipeline, S3Upload
from sluice.steps import Out, Results
from sluice.testing import HarnessError, run
from tests.sluice.testing.pipelines import uploads


def read(results: Results, out: Out) -> None:
    """Publish the keys and what they hold."""
    for upload in results.trigger.uploads:
        out.write(upload.key, upload.bytes())


def keys_of(pipeline: Pipeline, **more: Any) -> list[str]:
    """Return what a run was given."""
    return list(run(pipeline, functions={"read": read}, **more).files)


def test_a_file_has_its_name_below_the_prefix() -> None:
    """Or the whole key."""
    assert keys_of(uploads(), files={"a.txt": b"1"}) == ["files/a.txt"]
    assert keys_of(uploads(), files={"files/b/a.txt": "1"}) == ["files/b/a.txt"]


def test_several_files_are_a_group_where_the_trigger_gathers() -> None:
    """And several runs elsewhere."""
    files = {"b.txt": b"1", "a.txt": b"2"}
    assert keys_of(uploads(group_within="10s"), files=files) == ["files/a.txt", "files/b.txt"]
    with pytest.raises(HarnessError, match="Expected one file, found 2"):
        keys_of(uploads(), files=files)


def test_files_that_no_upload_trigger_takes_come_with_a_request() -> None:
    """As with ``sluice run NAME FILE…``."""
    both = Pipeline(
        name="both",
        triggers=[S3Upload(prefix="both/", suffix=".txt"), Manual()],
        steps=[Job("read", run="read")],
    )
    assert keys_of(both, files={"a.csv": b""}) == ["requests/both/test/a.csv"]
    assert keys_of(both, files={"a.txt": b""}) == ["both/a.txt"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"files": {"a.csv": b""}}, r"takes \(files/\*\.txt\), found a\.csv"),
        ({}, "Expected files for files, which uploads start, found none"),
        ({"files": {"a.txt": b""}, "input": 5}, "Expected files alone, found an input"),
        (
            {"files": {"a.txt": b""}, "overrides": {"read": {"memory": 512}}},
            "a Manual trigger for overrides",
        ),
    ],
    ids=["suffix", "no files", "an input", "overrides"],
)
def test_what_the_pipeline_cannot_have_is_refused(more: dict[str, Any], message: str) -> None:
    """With what it takes."""
    with pytest.raises(HarnessError, match=message):
        keys_of(uploads(), **more)
