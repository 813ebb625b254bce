"""Files that are uploaded, and the runs that they start."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.stub import Stubber

from sluice.operate.start.upload_triggers import match_triggers, run_id_of
from sluice.operate.start.uploads import upload_file
from tests.sluice.operate.harness import OperateHarness
from tests.sluice.operate.start.inbox import INBOX, TEXTS, Events, words


@pytest.mark.parametrize("size", [0, 5, 9 * 1024 * 1024])
def test_the_id_of_an_uploads_run_is_that_of_its_event(
    size: int, harness: OperateHarness, bus: Events, tmp_path: Path
) -> None:
    """The id is derived from the version that was stored, in one piece or in parts, as the trigger Lambda
    derives it from the event.
    """
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * size)
    arrived: list[int] = []
    (file,) = match_triggers(words(TEXTS), [path], None)
    first = run_id_of(
        "words", TEXTS, upload_file(harness.clients["s3"], INBOX, file.path, file.key, arrived.append)
    )
    version = harness.clients["s3"].head_object(Bucket=INBOX, Key="texts/a.txt")["VersionId"]
    detail = {
        "bucket": {"name": INBOX},
        "object": {"key": "texts/a.txt", "version-id": version, "etag": "any", "size": size},
    }
    assert first == harness.run_id_of("words", "s3:texts/*.txt", detail)
    assert sum(arrived) == size
    assert (
        run_id_of(
            "words", TEXTS, upload_file(harness.clients["s3"], INBOX, file.path, file.key, arrived.append)
        )
        != first
    )


def test_an_upload_that_s3_refuses_is_an_error(tmp_path: Path, harness: OperateHarness, bus: Events) -> None:
    """What S3 answers reaches the caller, and no run is followed."""
    path = tmp_path / "a.txt"
    path.write_text("a")
    (file,) = match_triggers(words(TEXTS), [path], None)
    with Stubber(harness.clients["s3"]) as stub:
        stub.add_client_error("put_object", "AccessDenied")
        with pytest.raises(Exception, match="AccessDenied"):
            upload_file(harness.clients["s3"], INBOX, file.path, file.key, lambda _: None)
