"""The consumer that gathers uploads into groups. It exists while some pipeline gathers, in the stack of the
pipelines.

In the control stack it could not go: a stack cannot remove an export that a later stack still imports.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aws_cdk import Duration, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from sluice.grouping.gathering import BATCHING_WINDOW_SECONDS
from sluice.pipeline.definition import Pipeline
from sluice.pipeline.file_sets import rules_of, sets_of
from sluice.pipeline.validation.triggers.uploads import uploads_of
from sluice.settings import GroupSettings
from sluice.triggers.file_patterns import FilePattern
from sluice.triggers.set_rules import SetRules
from stacks.blocks.consumers import grants
from stacks.blocks.consumers.event_rules import schedule_sweep
from stacks.blocks.consumers.queue_consumer import QueueConsumer
from stacks.blocks.consumers.rule_target import allow_rules_from

# Lambda hands over fewer when they come to 6 MB:
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
BATCH_SIZE = 10_000
# Two invocations that fill the same group side by side sometimes wait for each other; more would do little
# else.
_MAX_CONCURRENCY = 2


def gathers(pipelines: Sequence[Pipeline]) -> bool:
    """Return whether any of these pipelines gathers uploads, in groups or in sets."""
    return any(upload.gathers for pipeline in pipelines for upload in uploads_of(pipeline)) or any(
        True for pipeline in pipelines for _ in sets_of(pipeline)
    )


class Grouping(Construct):
    """The group Lambda with its queue; it sends itself reminders of groups through that queue and requests
    runs through the trigger's.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        root: Path,
        ledger: dynamodb.ITable,
        work: s3.IBucket,
        alerts: sns.ITopic,
        trigger: QueueConsumer,
        reports: QueueConsumer,
        log_retention_days: int,
    ) -> None:
        super().__init__(scope, construct_id)
        self.consumer = QueueConsumer(
            self,
            "Group",
            stage="group",
            root=root,
            alerts=alerts,
            max_concurrency=_MAX_CONCURRENCY,
            log_retention_days=log_retention_days,
            batch_size=BATCH_SIZE,
            batching_window=Duration.seconds(BATCHING_WINDOW_SECONDS),
            starts_runs=True,
        )
        self.consumer.configure(
            GroupSettings(
                ledger_table=ledger.table_name,
                work_bucket=work.bucket_name,
                group_queue=self.consumer.queue.queue_url,
                group_retries=self.consumer.undelivered.queue_url,
                trigger_queue=trigger.queue.queue_url,
                alert_queue=reports.queue.queue_url,
                dead_letter_queue=self.consumer.dead_letters.queue_url,
            )
        )
        grants.gather_files(self.consumer.function, ledger=ledger)
        grants.write_lists_of_uploads(self.consumer.function, work=work)
        grants.redrive(self.consumer.function, retries=self.consumer.undelivered, queue=self.consumer.queue)
        for queue in (self.consumer.queue, trigger.queue, reports.queue):
            grants.send_to(self.consumer.function, queue=queue)
        allow_rules_from(Stack.of(self).stack_name, target=self.consumer)
        schedule_sweep(self, "Sweep", target=self.consumer)

    def read_markers(self, pipelines: Sequence[Pipeline], *, inbox: s3.IBucket) -> None:
        """Let it read what the markers of sets ask for, and nothing else of the inbox.

        Who may read the checksums of objects may read these objects: HeadObject needs s3:GetObject.
        """
        rules = [rules_of(found) for pipeline in pipelines for found in sets_of(pipeline)]
        stored = [one for one in rules if one.markers is not None and not one.lists]
        listing = [pattern for one in rules for pattern in _read(one)]
        listed = sorted({one.files.prefix for one in stored})
        read = sorted({_keys_of(pattern) for pattern in listing})
        grants.read_markers(self.consumer.function, inbox=inbox, listed=listed, read=read)


def _read(rules: SetRules) -> tuple[FilePattern, ...]:
    """Return which keys are read of a set: its manifest, and the files that this lists."""
    return (rules.files, rules.markers) if rules.lists and rules.markers is not None else ()


def _keys_of(pattern: FilePattern) -> str:
    """Return the keys of a pattern, as a policy's resource names them."""
    return f"{pattern.prefix}*{pattern.suffix}" if pattern.names else pattern.prefix
