"""What the functions of steps may use beside their own run: other buckets' files, and other calls of AWS."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

_URI = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(?P<key>.+)")


@dataclass(frozen=True)
class Allow:
    """Allows calls of AWS: ``Allow("athena:StartQueryExecution", "arn:aws:athena:…:workgroup/reports")``.

    ``actions`` and ``resources`` are one or several, as IAM names them. One with a wildcard needs a
    ``reason``. Source: https://docs.aws.amazon.com/service-authorization/latest/reference/
    """

    actions: str | list[str]
    resources: str | list[str]
    reason: str | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class S3Access:
    """Allows to read or to write an object, ``s3://bucket/key``, or all below a prefix,
    ``s3://bucket/prefix/*``.
    """

    uri: str
    mode: Literal["read", "write"]
    reason: str | None = field(default=None, kw_only=True)

    @property
    def bucket_and_key(self) -> tuple[str, str] | None:
        """Return the bucket and the key or its pattern, None for what is no such address."""
        found = _URI.fullmatch(self.uri)
        return (found["bucket"], found["key"]) if found else None


Permission = Allow | S3Access


def read(uri: str, *, reason: str | None = None) -> S3Access:
    """Return the permission to read ``s3://bucket/key``, or with ``s3://bucket/prefix/*`` all below a prefix,
    and to list it.

    A whole bucket, ``s3://bucket/*``, needs a ``reason``.
    """
    return S3Access(uri, "read", reason=reason)


def write(uri: str, *, reason: str | None = None) -> S3Access:
    """Return the permission to write ``s3://bucket/key``, or with ``s3://bucket/prefix/*`` all below a
    prefix.

    A whole bucket, ``s3://bucket/*``, needs a ``reason``.
    """
    return S3Access(uri, "write", reason=reason)


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of an IAM policy."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, str]] | None = None


def statements(permission: Permission, partition: str) -> tuple[Statement, ...]:
    """Return the statements of a valid permission; ``partition`` is ``aws``, or that of a region apart."""
    if isinstance(permission, Allow):
        return (Statement(several(permission.actions), several(permission.resources)),)
    bucket, key = permission.bucket_and_key or ("", "")
    objects = (f"arn:{partition}:s3:::{bucket}/{key}",)
    if permission.mode == "write":
        return (Statement(("s3:PutObject", "s3:AbortMultipartUpload"), objects),)
    reads = Statement(("s3:GetObject", "s3:GetObjectVersion"), objects)
    if not key.endswith("*"):
        return (reads,)
    listed = {"StringLike": {"s3:prefix": key}}
    return (reads, Statement(("s3:ListBucket",), (f"arn:{partition}:s3:::{bucket}",), listed))


def several(one_or_more: str | list[str]) -> tuple[str, ...]:
    """Return one text or several as several."""
    return (one_or_more,) if isinstance(one_or_more, str) else tuple(one_or_more)
