"""An inbox bucket, an event bus, and pipelines that take texts, tables and requests."""

from __future__ import annotations

from typing import Any

from sluice.pipeline.definition import Job, Pipeline, S3Upload
from tests.sluice.operate.harness import OperateHarness

TEXTS, TABLES = S3Upload(prefix="texts/", suffix=".txt"), S3Upload(prefix="tables", suffix=".csv")
OLD = S3Upload(prefix="old/", suffix=".txt")
INBOX = "inbox"


def words(*triggers: Any) -> Pipeline:
    """Return a pipeline with these triggers."""
    return Pipeline(
        name="words", triggers=list(triggers), steps=[Job("a", image="busybox", command=["true"])]
    )


class Events:
    """An event bus that keeps what it is sent, or refuses it."""

    def __init__(self, answer: dict[str, Any] | None = None) -> None:
        """Have no events."""
        self.sent: list[Any] = []
        self._answer = answer or {"FailedEntryCount": 0}

    def put_events(self, **asked: Any) -> dict[str, Any]:
        """Take events."""
        self.sent += asked["Entries"]
        return self._answer


def add_inbox(harness: OperateHarness) -> Events:
    """Give a harness an inbox whose objects have versions, and return its event bus."""
    events = Events()
    s3: Any = harness.session.create_client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket=INBOX)
    s3.put_bucket_versioning(Bucket=INBOX, VersioningConfiguration={"Status": "Enabled"})
    harness.clients.update(events=events, s3=s3)
    harness.clients["cloudformation"].outputs["SluiceStorage"]["InboxBucket"] = INBOX
    return events
