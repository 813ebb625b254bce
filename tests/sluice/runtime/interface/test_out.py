"""What a step publishes: whole or not at all, with its content type, of any size."""

from __future__ import annotations

import csv
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from sluice import keys
from sluice.aws import multipart
from sluice.aws.conditional_write import NewerObjectError
from sluice.runtime.job_context import JobContext
from sluice.steps import Out
from sluice.testing.memory.buckets import Buckets
from tests.sluice.buckets import Bucket

FOLDER = "words/words-1"
JOB = JobContext(run="words-1", step="merge", generation=0, job_id="j", attempt=1, child=0)


@pytest.fixture
def bucket() -> Bucket:
    """An empty results bucket."""
    return Bucket()


@pytest.fixture
def out(bucket: Bucket) -> Out:
    """What a step of a run of the pipeline words is given."""
    return Out(bucket, "results", "words", "words-1")


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of 100 bytes."""
    monkeypatch.setattr(multipart.MultipartWriter.__init__, "__defaults__", (100, *_defaults()[1:]))


def _defaults() -> tuple[object, ...]:
    return multipart.MultipartWriter.__init__.__defaults__ or ()


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.csv", "a,b", "text/csv; charset=utf-8"),
        ("a.csv", b"a,b", "text/csv"),
        ("plot.svg", "<svg/>", "image/svg+xml"),
        ("photo.png", b"", "image/png"),
        ("totals.json", "{}", "application/json"),
        ("a file", b"", "application/octet-stream"),
        ("a file", "text", "text/plain; charset=utf-8"),
    ],
)
def test_the_content_type_is_guessed_from_the_name(
    out: Out, bucket: Bucket, name: str, data: bytes | str, expected: str
) -> None:
    """A browser shows an image as an image; text is said to be UTF-8, as it is written."""
    address = out.write(name, data)
    assert address == f"s3://results/{FOLDER}/{name}"
    assert bucket.types[f"{FOLDER}/{name}"] == expected


def test_a_content_type_that_is_given_stands(out: Out, bucket: Bucket) -> None:
    """In each of the three ways."""
    out.write("a.bin", b"", content_type="x/one")
    with out.open("b.bin", content_type="x/two"):
        pass
    assert [bucket.types[f"{FOLDER}/{name}"] for name in ("a.bin", "b.bin")] == ["x/one", "x/two"]


@pytest.mark.parametrize("name", ["", "/a", "a/", "a//b", "../other/a", "a/../../b", ".", "a/./b"])
def test_what_is_no_name_is_refused(out: Out, bucket: Bucket, name: str) -> None:
    """A name cannot lead out of the run's own folder."""
    with pytest.raises(ValueError, match="Expected a name for a published file"):
        out.write(name, b"")
    with pytest.raises(ValueError, match="Expected a name"), out.open(name):
        pass
    assert bucket.objects == {}


def test_libraries_write_into_an_open_file(out: Out, bucket: Bucket, tmp_path: Path) -> None:
    """A text file by csv, a binary one by zipfile."""
    with out.open("table.csv", "w") as file:
        csv.writer(file, lineterminator="\n").writerows([["ä", 1], ["b", 2]])
    with out.open("all.zip") as file, zipfile.ZipFile(file, "w") as archive:
        archive.writestr("inside.txt", "hello")
    assert bucket.objects[f"{FOLDER}/table.csv"].decode() == "ä,1\nb,2\n"
    stored = tmp_path / "all.zip"
    stored.write_bytes(bucket.objects[f"{FOLDER}/all.zip"])
    assert zipfile.ZipFile(stored).read("inside.txt") == b"hello"


@pytest.mark.usefixtures("small_parts")
def test_a_large_file_goes_in_parts_and_is_whole(out: Out, bucket: Bucket, tmp_path: Path) -> None:
    """What is on disk equals what is published; no part is larger than needed."""
    data = bytes(range(256)) * 20_000
    (tmp_path / "large.bin").write_bytes(data)
    assert out.upload(tmp_path / "large.bin", "2026/large.bin") == f"s3://results/{FOLDER}/2026/large.bin"
    assert bucket.objects[f"{FOLDER}/2026/large.bin"] == data
    assert bucket.calls["upload_part"] > 1
    assert bucket.types[f"{FOLDER}/2026/large.bin"] == "application/octet-stream"


@pytest.mark.usefixtures("small_parts")
def test_a_file_whose_block_raises_does_not_appear(out: Out, bucket: Bucket) -> None:
    """What was there before stays, and the parts are dropped."""
    out.write("table.csv", b"before")

    def fail() -> None:
        with out.open("table.csv") as file:
            for _ in range(3):
                file.write(b"x" * 100_000)
                file.flush()
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        fail()
    assert bucket.objects[f"{FOLDER}/table.csv"] == b"before"
    assert bucket.calls["abort_multipart_upload"] == 1


def test_another_mode_is_refused(out: Out) -> None:
    """A published file is not read, nor appended to."""
    with pytest.raises(ValueError, match="'wb' or 'w'"), out.open("a", "r"):
        pass


@pytest.mark.parametrize(("name", "what"), keys.OWN_RESULTS.items())
def test_the_names_of_the_receipt_and_the_report_are_refused(out: Out, name: str, what: str) -> None:
    """They would be overwritten, or fail the check of the results."""
    with pytest.raises(ValueError, match=rf"another name than '{name}', which is that of the run's {what}"):
        out.write(name, "mine")


def test_a_name_under_which_sluice_publishes_is_refused(bucket: Bucket) -> None:
    """Before anything is written; one of the two files would replace the other."""
    out = Out(bucket, "results", "words", "words-1", frozenset(["failed.jsonl"]))
    with pytest.raises(ValueError, match=r"another name for a published file, found 'failed.jsonl'"):
        out.write("failed.jsonl", "mine")
    with pytest.raises(ValueError, match="failed items"), out.open("failed.jsonl", "w"):
        pass
    assert out.write("mine/failed.jsonl", "mine") == "s3://results/words/words-1/mine/failed.jsonl"


def test_an_attempt_that_was_taken_for_lost_replaces_nothing_of_a_later_one() -> None:
    """Its machine was away for a while: AWS Batch began another attempt, which published in the meantime."""
    buckets = Buckets("")
    first, second = (
        Out(buckets, "results", "words", "words-1", job=replace(JOB, attempt=attempt)) for attempt in (1, 2)
    )
    second.write("a.txt", "second")
    with second.open("b.txt", "w") as file:
        file.write("second")
    with pytest.raises(NewerObjectError, match=r"s3://results/words/words-1/a\.txt"):
        first.write("a.txt", "first")
    with pytest.raises(NewerObjectError, match=r"s3://results/words/words-1/b\.txt"), first.open("b.txt"):
        pass
    assert set(buckets.objects["results"].values()) == {b"second"}


def test_a_later_attempt_and_another_step_replace_a_file() -> None:
    """What is written last stands, where it is not older."""
    buckets = Buckets("")
    for job in (JOB, replace(JOB, attempt=2), replace(JOB, generation=1), replace(JOB, step="other")):
        Out(buckets, "results", "words", "words-1", job=job).write("a.txt", str(job))
        assert buckets.objects["results"][f"{FOLDER}/a.txt"] == str(job).encode()
