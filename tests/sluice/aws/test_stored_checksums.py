"""The SHA-256 of objects is S3's own, and empty where there is none of the whole object."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from sluice.aws.stored_checksums import stored_sha256

DIGEST = hashlib.sha256(b"abc").digest()
GIVEN = base64.b64encode(DIGEST).decode()


@mock_aws
def test_of_objects_with_one_without_one_and_of_one_that_was_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order in which they are asked for."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    s3: Any = botocore.session.get_session().create_client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="inbox")
    s3.put_object(Bucket="inbox", Key="with", Body=b"abc", ChecksumAlgorithm="SHA256", ChecksumSHA256=GIVEN)
    s3.put_object(Bucket="inbox", Key="without", Body=b"abc", ChecksumAlgorithm="CRC32")
    objects = [{"Bucket": "inbox", "Key": key} for key in ("without", "removed", "with")]
    assert stored_sha256(s3, objects) == ["", "", DIGEST.hex()]
    assert stored_sha256(s3, []) == []


class S3:
    """Answers of S3 that moto does not give."""

    def head_object(self, **request: Any) -> dict[str, str]:
        """Describe an upload in parts; refuse all else."""
        assert request["ChecksumMode"] == "ENABLED"
        if request["Key"] == "parts":
            return {"ChecksumSHA256": f"{GIVEN}-2"}
        raise ClientError({"Error": {"Code": "403", "Message": "Forbidden"}}, "HeadObject")


def test_that_of_the_parts_is_that_of_no_file() -> None:
    """Their number is behind a dash."""
    assert stored_sha256(S3(), [{"Bucket": "inbox", "Key": "parts"}]) == [""]


def test_what_may_not_be_read_is_an_error() -> None:
    """It would look like a file without a checksum."""
    with pytest.raises(ClientError, match="Forbidden"):
        stored_sha256(S3(), [{"Bucket": "inbox", "Key": "other"}])
