"""Reads the files that a run has published."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sluice.operate.clients import ObjectReader


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A published file: its name, its key in the results bucket, and its size in bytes."""

    name: str
    key: str
    size: int


def list_results(s3: ObjectReader, bucket: str, pipeline: str, run_id: str) -> Iterator[ResultFile]:
    """Yield the files that a run has published, by name."""
    prefix = f"{pipeline}/{run_id}/"
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", ()):
            yield ResultFile(item["Key"].removeprefix(prefix), item["Key"], item["Size"])


def read_result(s3: ObjectReader, bucket: str, file: ResultFile) -> bytes:
    """Return the content of a published file."""
    content: bytes = s3.get_object(Bucket=bucket, Key=file.key)["Body"].read()
    return content
