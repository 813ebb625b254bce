"""Sets of files: what the group Lambda does with uploads that belong to one."""

from __future__ import annotations

from collections.abc import Sequence

from lambdas.consuming import count, logger
from sluice.aws.clients import client, full_client
from sluice.items.manifest import write_manifest
from sluice.messages import SetReport, SetUpload, Triggered
from sluice.sets.file_set import FileSet
from sluice.sets.gathering import SetGatherer
from sluice.sets.ledger import SetLedger
from sluice.sets.s3_inbox import S3Inbox
from sluice.settings import GroupSettings
from sluice.triggers.trigger_event import S3Object


def set_gatherer(settings: GroupSettings) -> SetGatherer:
    """Return what gathers sets."""

    def write(found: FileSet, files: Sequence[S3Object]) -> None:
        items = (file.to_item() for file in files)
        write_manifest(full_client("s3"), settings.work_bucket, found.manifest, items)

    def ask(message: Triggered) -> None:
        client("sqs").send_message(QueueUrl=settings.trigger_queue, MessageBody=message.to_json())
        count("SetsClosed")
        logger.info("A set was closed.", pipeline=message.pipeline, partition=message.detail["partition"])

    def report(message: SetReport) -> None:
        client("sqs").send_message(QueueUrl=settings.alert_queue, MessageBody=message.to_json())
        logger.warning("A set is reported.", pipeline=message.pipeline, set=message.set, text=message.text)

    return SetGatherer(
        ledger=SetLedger(client("dynamodb"), settings.ledger_table),
        write=write,
        ask=ask,
        report=report,
        inbox=S3Inbox(lambda: client("s3"), lambda: full_client("s3")),
        work_bucket=settings.work_bucket,
    )


def gather_set(gatherer: SetGatherer, message: SetUpload, files: Sequence[S3Object]) -> None:
    """Put files of one trigger into their sets."""
    gatherer.gather(message, files)
    logger.info(
        "Files of sets were recorded.",
        pipeline=message.pipeline,
        trigger=message.trigger,
        received=len(files),
    )
