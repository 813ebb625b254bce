"""group: files arrive in a burst; gather them, and start one run of them when they are enough or have waited
long enough.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from lambdas.consuming import count, flush_counts, logger, set_aside
from sluice.aws.clients import client, full_client
from sluice.errors import MalformedMessageError
from sluice.grouping.gathering import Gatherer
from sluice.grouping.group import Group, parse_group_message
from sluice.grouping.ledger import GroupLedger
from sluice.items.manifest import write_manifest
from sluice.messages import GroupDue, GroupedUpload, Sweep
from sluice.settings import GroupSettings
from sluice.triggers.trigger_event import S3Object, uploaded_object

settings = GroupSettings.from_env()


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Read the group queue: many messages at once, so that a burst costs a call for each hundred files and
    not for each.
    """
    batch = _Batch()
    for record in event["Records"]:
        with batch.reporting([record["messageId"]]):
            batch.add(record["messageId"], record["body"])
    for uploads in batch.uploads.values():
        with batch.reporting(uploads.message_ids):
            _gather(uploads)
    for message_id, message in batch.others:
        with batch.reporting([message_id]):
            gatherer.sweep() if isinstance(message, Sweep) else gatherer.due(message)
    flush_counts()
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in sorted(batch.failed)]}


@dataclass(slots=True)
class _TriggerUploads:
    """The uploads of one trigger in a batch."""

    message_ids: list[str] = field(default_factory=list)
    uploads: list[tuple[GroupedUpload, S3Object]] = field(default_factory=list)


@dataclass(slots=True)
class _Batch:
    """The messages of one invocation, and which of them failed."""

    uploads: dict[tuple[str, str], _TriggerUploads] = field(
        default_factory=lambda: defaultdict(_TriggerUploads)
    )
    others: list[tuple[str, GroupDue | Sweep]] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)

    def add(self, message_id: str, body: str) -> None:
        """Add a message; a malformed one is set aside, because another attempt cannot help."""
        try:
            message = parse_group_message(body)
            file = uploaded_object(message) if isinstance(message, GroupedUpload) else None
        except MalformedMessageError as error:
            set_aside(body, str(error), settings.dead_letter_queue)
            return
        if not isinstance(message, GroupedUpload):
            self.others.append((message_id, message))
        elif file is not None:  # else the empty object of a folder
            found = self.uploads[message.pipeline, message.trigger]
            found.message_ids.append(message_id)
            found.uploads.append((message, file))

    @contextmanager
    def reporting(self, message_ids: Sequence[str]) -> Iterator[None]:
        """Report these messages as failed when their handling fails; the others are handled all the same."""
        try:
            yield
        except Exception:  # noqa: BLE001 - logged with its trace, and reported: SQS delivers it again, five times
            logger.exception(
                "Messages were not handled; they will come again.",
                messages=len(message_ids),
                first=message_ids[0],
            )
            self.failed.update(message_ids)


def _gather(found: _TriggerUploads) -> None:
    message = found.uploads[0][0]
    gathered = gatherer.gather(message, [file for _, file in found.uploads])
    if gathered:
        count("FilesGathered", gathered)
    logger.info(
        "Files were gathered.",
        pipeline=message.pipeline,
        trigger=message.trigger,
        received=len(found.uploads),
        new=gathered,
    )


def _remind(message: GroupDue, seconds: int) -> None:
    client("sqs").send_message(
        QueueUrl=settings.group_queue, MessageBody=message.to_json(), DelaySeconds=seconds
    )


def _write(group: Group, files: Sequence[S3Object]) -> None:
    """Write a group's files as a manifest; a repetition writes the same."""
    write_manifest(full_client("s3"), settings.work_bucket, group.manifest, map(asdict, files))


def _start_run(group: Group, files: Sequence[S3Object]) -> None:
    message = group.trigger_message(files, settings.work_bucket)
    client("sqs").send_message(QueueUrl=settings.trigger_queue, MessageBody=message.to_json())
    count("GroupsClosed")
    logger.info(
        "A group was closed.", run=group.run_id, group=group.name, trigger=group.trigger, files=len(files)
    )


gatherer = Gatherer(
    ledger=GroupLedger(client("dynamodb"), settings.ledger_table),
    remind=_remind,
    write=_write,
    ask=_start_run,
)
