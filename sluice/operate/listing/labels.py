"""Gives runs labels, such as ``team=data``: rows of a run, which may be written before it begins."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from sluice.ledger import listed, records
from sluice.operate.clients import RunTableWriter
from sluice.operate.errors import RequestError
from sluice.run.state import Run

MAX_LABELS = 10
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,62}=[^\x00-\x1f\x7f]{1,128}")


def check_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """Return labels as a run has them; raises RequestError for those that are not of the form."""
    found = tuple(sorted(set(labels)))
    for one in found:
        if not _LABEL.fullmatch(one):
            raise RequestError(
                f"Expected a label such as team=data: a name of letters, digits and . _ / -, and a value of"
                f" at most 128 characters, found {one[:200]!r}."
            )
    names = [one.partition("=")[0] for one in found]
    if len(found) > MAX_LABELS or len(set(names)) < len(names):
        raise RequestError(
            f"Expected at most {MAX_LABELS} labels of different names, found {', '.join(found)}."
        )
    return found


def label_run(dynamodb: RunTableWriter, table: str, run_id: str, labels: Iterable[str]) -> None:
    """Give a run these labels, besides those that it has.

    Repeating it does no harm; raises RequestError for labels that are not of the form.
    """
    found = check_labels(labels)
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    if not found:
        return
    for one in found:
        dynamodb.put_item(TableName=table, Item=listed.label_row(run_id, one, now))
    dynamodb.update_item(
        TableName=table,
        Key=listed.labels_key(run_id),
        UpdateExpression="ADD labels :labels SET expires_at = :expires_at",
        ExpressionAttributeValues={
            ":labels": {"SS": list(found)},
            **records.values(expires_at=records.expires_at(now)),
        },
    )


def with_labels_of(run: Run, labels: Iterable[str]) -> tuple[str, ...]:
    """Return these labels, and those of a run whose names are not among them."""
    given = {one.partition("=")[0]: one for one in (*run.labels, *labels)}
    return tuple(sorted(given.values()))
