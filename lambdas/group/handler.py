"""group: files arrive in a burst; gather them, and start one run of them when they are enough or have waited
long enough.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lambdas.consuming import count, flush_counts, logger, sent_at, set_aside
from lambdas.group.sets import gather_set, set_gatherer
from lambdas.retries import has_failed_for_good, is_last_attempt, redrive
from sluice.aws.clients import client, full_client
from sluice.errors import MalformedMessageError
from sluice.grouping.gathering import Gatherer
from sluice.grouping.group import Group, parse_group_message
from sluice.grouping.ledger import GroupLedger
from sluice.items.manifest import write_manifest
from sluice.messages import GroupDue, GroupedUpload, SetDue, SetUpload, Sweep
from sluice.settings import GroupSettings
from sluice.triggers.trigger_event import S3Object, uploaded_object

settings = GroupSettings.from_env()
Record = Mapping[str, Any]
"""A message as Lambda hands it over."""


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Read the group queue: many messages at once, so that a burst costs a call for each hundred files and
    not for each.
    """
    batch = _Batch()
    for record in event["Records"]:
        with batch.reporting([record]):
            batch.add(record)
    for uploads in batch.uploads.values():
        with batch.reporting(uploads.records):
            _gather(uploads)
    for record, message in batch.others:
        with batch.reporting([record]):
            _look_after(message)
    flush_counts()
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in sorted(batch.failed)]}


@dataclass(slots=True)
class _TriggerUploads:
    """The uploads of one trigger in a batch."""

    records: list[Record] = field(default_factory=list)
    uploads: list[tuple[GroupedUpload | SetUpload, S3Object]] = field(default_factory=list)

    @property
    def since(self) -> datetime | None:
        """Return when the first of them was sent."""
        sent = [sent_at(record) for record in self.records]
        return min((at for at in sent if at is not None), default=None)


@dataclass(slots=True)
class _Batch:
    """The messages of one invocation, and which of them failed."""

    uploads: dict[tuple[str, str, str], _TriggerUploads] = field(
        default_factory=lambda: defaultdict(_TriggerUploads)
    )
    others: list[tuple[Record, GroupDue | SetDue | Sweep]] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)

    def add(self, record: Record) -> None:
        """Add a message; a malformed one is set aside, because another attempt cannot help.

        One that has failed so often that it may be set aside is handled alone: only its own failure counts.
        """
        body = record["body"]
        try:
            message = parse_group_message(body)
            file = uploaded_object(message) if isinstance(message, GroupedUpload | SetUpload) else None
        except MalformedMessageError as error:
            set_aside(body, str(error), settings.dead_letter_queue)
            return
        if not isinstance(message, GroupedUpload | SetUpload):
            self.others.append((record, message))
        elif file is not None:  # else the empty object of a folder
            alone = record["messageId"] if is_last_attempt(record) else ""
            found = self.uploads[message.pipeline, message.trigger, alone]
            found.records.append(record)
            found.uploads.append((message, file))

    @contextmanager
    def reporting(self, records: Sequence[Record]) -> Iterator[None]:
        """Report these messages as failed when their handling fails, or set one aside that keeps failing by
        itself; the others are handled all the same.
        """
        try:
            yield
        except Exception as error:  # noqa: BLE001 - logged with its trace, and reported: SQS delivers it again
            logger.exception(
                "Messages were not handled.", messages=len(records), first=records[0]["messageId"]
            )
            if len(records) == 1 and has_failed_for_good(error, records[0]):
                reason = f"{type(error).__name__}: {error}"
                set_aside(records[0]["body"], reason, settings.dead_letter_queue)
            else:
                self.failed.update(record["messageId"] for record in records)


def _sweep() -> None:
    """Have messages come again that an outage kept from being handled, remind of groups, and look after sets
    that are due.
    """
    redrive(settings.group_retries, settings.group_queue)
    gatherer.sweep()
    sets.sweep()


def _gather(found: _TriggerUploads) -> None:
    message = found.uploads[0][0]
    if isinstance(message, SetUpload):
        gather_set(sets, message, [file for _, file in found.uploads])
        return
    gathered = gatherer.gather(message, [file for _, file in found.uploads], since=found.since)
    if gathered:
        count("FilesGathered", gathered)
    logger.info(
        "Files were gathered.",
        pipeline=message.pipeline,
        trigger=message.trigger,
        received=len(found.uploads),
        new=gathered,
    )


def _look_after(message: GroupDue | SetDue | Sweep) -> None:
    if isinstance(message, GroupDue):
        gatherer.due(message)
    elif isinstance(message, SetDue):
        sets.due(message)
    else:
        _sweep()


def _remind(message: GroupDue, seconds: int) -> None:
    client("sqs").send_message(
        QueueUrl=settings.group_queue, MessageBody=message.to_json(), DelaySeconds=seconds
    )


def _write(group: Group, files: Sequence[S3Object]) -> None:
    """Write a group's files as a manifest; a repetition writes the same."""
    write_manifest(
        full_client("s3"), settings.work_bucket, group.manifest, (file.to_item() for file in files)
    )


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
sets = set_gatherer(settings)
