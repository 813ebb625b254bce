"""The SHA-256 of objects, as S3 has it: without reading their contents."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from botocore.exceptions import ClientError

from sluice.aws.read_ahead import in_order

_AHEAD = 8
_REMOVED = ("404", "NoSuchKey", "NoSuchVersion")


class ObjectHeader(Protocol):
    """The call of an S3 client that describes an object."""

    def head_object(self, **request: Any) -> Mapping[str, Any]:
        """Call HeadObject."""


def stored_sha256(s3: ObjectHeader, objects: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the SHA-256 of each object in hexadecimal digits, eight calls at a time; empty where S3 has
    none. Objects are given by HeadObject's own parameters; ``s3`` must be a client that threads may share.
    """
    return list(in_order(lambda one: _sha256(s3, one), objects, _AHEAD))


def _sha256(s3: ObjectHeader, stored: Mapping[str, str]) -> str:
    """Return the SHA-256 of a whole object; of one that was uploaded in parts S3 may have only one of those
    of its parts, with their number behind a dash:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
    """
    try:
        found = s3.head_object(ChecksumMode="ENABLED", **stored)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _REMOVED:
            raise
        return ""
    text = found.get("ChecksumSHA256", "")
    return "" if "-" in text else base64.b64decode(text).hex()
