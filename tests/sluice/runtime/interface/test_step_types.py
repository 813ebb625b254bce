"""What step functions are given: an item's file, and where files are published."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from sluice.errors import OtherTriggerError
from sluice.steps import Item, Out, Request, Upload, Uploads
from tests.sluice.buckets import Bucket
from tests.sluice.runtime.interface.files import group, stored
from tests.sluice.runtime.jobs import Jobs


def test_the_upload_of_an_item_is_its_own_file_or_else_the_runs(jobs: Jobs) -> None:
    """Items of a plan's own function have the file that started the run."""
    files = stored(jobs)
    whole = Upload(files[0], jobs.s3)
    assert Item({"start": 1}, number=0, trigger=whole, s3=jobs.s3).upload is whole
    assert Item(asdict(files[1]), number=0, trigger=whole, s3=jobs.s3).upload.key == "files/b"
    with pytest.raises(OtherTriggerError, match="a group of 5"):
        _ = Item({"start": 1}, number=0, trigger=Uploads(group(jobs), jobs.s3), s3=jobs.s3).upload
    with pytest.raises(OtherTriggerError, match="found a manual one"):
        _ = Item({"start": 1}, number=0, trigger=Request(token="t"), s3=jobs.s3).upload


@pytest.mark.parametrize("name", ["", "/totals.csv", "totals/", "../totals.csv", "2013/../../totals.csv"])
def test_what_is_no_name_is_not_published(name: str) -> None:
    """A file without a name would be a folder to all who look for it."""
    s3 = Bucket()
    with pytest.raises(ValueError, match="Expected a name for a published file"):
        Out(s3, "results", "p", "p-1").write(name, "text")
    assert s3.objects == {}


def test_published_files_lie_in_the_folder_of_the_run() -> None:
    """The address comes back, and text is written as UTF-8."""
    s3 = Bucket()
    assert (
        Out(s3, "results", "p", "p-1").write("2013/caf\u00e9.txt", "\u6771")
        == "s3://results/p/p-1/2013/caf\u00e9.txt"
    )
    assert s3.objects == {"p/p-1/2013/caf\u00e9.txt": "\u6771".encode()}
