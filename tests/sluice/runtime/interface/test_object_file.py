"""An upload as a file: libraries read it from anywhere, and S3 is asked for what they need."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest

from sluice.errors import InputMissingError
from sluice.runtime.interface.object_file import BUFFER_BYTES, ReadableObject
from sluice.steps import Upload
from sluice.triggers.trigger_event import S3Object
from tests.sluice.runtime.jobs import INBOX, Jobs


def upload(jobs: Jobs, data: bytes, key: str = "files/a.bin") -> Upload:
    """Return a stored upload."""
    version = jobs.s3.put_object(Bucket=INBOX, Key=key, Body=data)["VersionId"]
    source = S3Object(bucket=INBOX, key=key, version_id=version, etag="", size=len(data))
    return Upload(source, jobs.s3)


def test_an_archive_is_read_from_its_end(jobs: Jobs) -> None:
    """zipfile looks at the end first, then at the members that are asked for."""
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as archive:
        archive.writestr("first.txt", "1" * 100_000)
        archive.writestr("second.txt", "two")
    with zipfile.ZipFile(upload(jobs, stored.getvalue()).open()) as archive:
        assert archive.read("second.txt") == b"two"


def test_text_is_read_line_by_line(jobs: Jobs) -> None:
    """Through a wrapper, as csv wants it."""
    found = upload(jobs, "a,b\nä,2\n".encode())
    with io.TextIOWrapper(found.open(), encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [["a", "b"], ["ä", "2"]]


def test_the_whole_of_it(jobs: Jobs, tmp_path: Path) -> None:
    """As bytes, as text, on disk; also of nothing."""
    found = upload(jobs, "größe".encode())
    assert (found.bytes(), found.text()) == ("größe".encode(), "größe")
    assert found.download(tmp_path / "copy").read_bytes() == "größe".encode()
    assert upload(jobs, b"", "files/empty").bytes() == b""
    assert upload(jobs, b"", "files/empty").open().read() == b""
    with pytest.raises(UnicodeDecodeError):
        upload(jobs, b"\xff").text()


def test_an_upload_that_is_gone_is_an_error_that_says_so(jobs: Jobs, tmp_path: Path) -> None:
    """However it is read."""
    found = upload(jobs, b"data")
    jobs.s3.delete_object(Bucket=INBOX, Key=found.key, VersionId=found.source.version_id)
    with pytest.raises(InputMissingError, match="was deleted before it was read"):
        found.open().read()
    with pytest.raises(InputMissingError):
        found.download(tmp_path / "copy")


def test_it_behaves_as_a_file_in_memory_does() -> None:
    """Reads and seeks in any order give the same bytes, and requests are as large as the buffer or the
    read.
    """
    data = bytes(range(256)) * 10_000
    asked: list[int] = []

    def read(start: int, stop: int) -> bytes:
        asked.append(stop - start)
        return data[start:stop]

    file, memory = io.BufferedReader(ReadableObject(len(data), read), BUFFER_BYTES), io.BytesIO(data)
    for offset, whence, size in ((0, 0, 10), (5, 1, 3), (-20, 2, 50), (1_000, 0, 2_000_000), (10**9, 0, 5)):
        assert file.seek(offset, whence) == memory.seek(offset, whence)
        assert (file.read(size), file.tell()) == (memory.read(size), memory.tell())
    assert max(asked) <= 2_000_000
    with pytest.raises(ValueError, match="0 or more"):
        ReadableObject(1, read).seek(-1)
