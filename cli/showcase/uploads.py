"""Uploads files and finds the runs that they start."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cli.showcase.files import File
from sluice import ledger_items


@dataclass(frozen=True, slots=True)
class Upload:
    """One version of an uploaded file."""

    key: str
    version: str


def upload(s3: Any, bucket: str, files: Iterable[File]) -> list[Upload]:
    """Store each file with one plain PutObject."""
    return [Upload(file.key, s3.put_object(Bucket=bucket, Key=file.key, Body=file.content)["VersionId"]) for file in files]


def runs_of(dynamodb: Any, table: str, uploads: Iterable[Upload]) -> Mapping[Upload, str]:
    """Return the run ids of those uploads whose runs have begun. Reads the whole ledger: for a demo's few runs."""
    wanted = {one.version: one for one in uploads}
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        FilterExpression="sk = :run",
        ExpressionAttributeValues=ledger_items.values(run=ledger_items.RUN),
        ConsistentRead=True,
    )
    found: dict[Upload, str] = {}
    for item in (item for page in pages for item in page["Items"]):
        version = json.loads(item["trigger"]["S"])["version_id"]
        if version in wanted:
            found[wanted[version]] = item["pk"]["S"].removeprefix(ledger_items.RUN_PREFIX)
    return found
