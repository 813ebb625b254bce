"""Uploads files and finds the runs that they start."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from cli.commands.demo.files import File
from sluice.ledger import records
from sluice.operate.clients import ObjectWriter, RunTable


def upload(s3: ObjectWriter, bucket: str, files: Iterable[File]) -> None:
    """Store each file with one plain PutObject."""
    for file in files:
        s3.put_object(Bucket=bucket, Key=file.key, Body=file.content)


def runs_by_key(dynamodb: RunTable, table: str) -> Mapping[str, str]:
    """Return the run id of each uploaded key. Reads the whole ledger: for a demo's few runs of one upload
    each.
    """
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        FilterExpression="sk = :run",
        ExpressionAttributeValues=records.values(run=records.RUN),
        ConsistentRead=True,
    )
    items = [item for page in pages for item in page["Items"]]
    return {
        json.loads(item["trigger"]["S"])["key"]: item["pk"]["S"].removeprefix(records.RUN_PREFIX)
        for item in items
    }
