"""What the wholeness of a set reads of S3."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from moto import mock_aws

from sluice.sets.s3_inbox import S3Inbox
from sluice.triggers.trigger_event import S3Object

CONTENT = b"a.csv\nb.csv\n"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A bucket with versions."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client: Any = botocore.session.get_session().create_client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="inbox")
        client.put_bucket_versioning(Bucket="inbox", VersioningConfiguration={"Status": "Enabled"})
        yield client


def _put(s3: Any, key: str, content: bytes, **more: str) -> S3Object:
    stored = s3.put_object(Bucket="inbox", Key=key, Body=content, **more)
    return S3Object(bucket="inbox", key=key, version_id=stored["VersionId"], etag="", size=len(content))


def test_a_manifest_is_read_in_the_version_whose_event_came(s3: Any) -> None:
    """Also when a newer one is there; without a version the newest."""
    found = _put(s3, "sales/_MANIFEST", CONTENT)
    _put(s3, "sales/_MANIFEST", b"newer")
    inbox = S3Inbox(lambda: s3, lambda: s3)
    assert inbox.read(found) == CONTENT
    assert inbox.read(S3Object(bucket="inbox", key=found.key, version_id="", etag="", size=5)) == b"newer"


def test_keys_and_checksums(s3: Any) -> None:
    """A file that was stored without a SHA-256 has none."""
    digest = hashlib.sha256(CONTENT)
    with_one = _put(
        s3,
        "sales/a.csv",
        CONTENT,
        ChecksumAlgorithm="SHA256",
        ChecksumSHA256=base64.b64encode(digest.digest()).decode(),
    )
    without = _put(s3, "sales/b.csv", b"b")
    inbox = S3Inbox(lambda: s3, lambda: s3)
    assert list(inbox.keys("inbox", "sales/")) == ["sales/a.csv", "sales/b.csv"]
    assert inbox.checksums([with_one, without]) == [digest.hexdigest(), ""]


def test_no_client_is_made_before_something_is_read() -> None:
    """Most sets have no marker."""

    def made() -> Any:
        raise AssertionError("a client was made")

    S3Inbox(made, made)
