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

from sluice.pipeline.definition import Pipeline
from sluice.pipeline.validation.triggers.uploads import uploads_of
from sluice.settings import GroupSettings
from stacks.blocks.consumers import grants
from stacks.blocks.consumers.event_rules import schedule_sweep
from stacks.blocks.consumers.queue_consumer import QueueConsumer
from stacks.blocks.consumers.rule_target import allow_rules_from

# Lambda hands over fewer when they come to 6 MB:
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
BATCH_SIZE = 10_000
BATCHING_WINDOW = Duration.seconds(5)
# Two invocations that fill the same group side by side sometimes wait for each other; more would do little
# else.
_MAX_CONCURRENCY = 2


def gathers(pipelines: Sequence[Pipeline]) -> bool:
    """Return whether any of these pipelines gathers uploads."""
    return any(upload.gathers for pipeline in pipelines for upload in uploads_of(pipeline))


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
            batching_window=BATCHING_WINDOW,
        )
        self.consumer.configure(
            GroupSettings(
                ledger_table=ledger.table_name,
                work_bucket=work.bucket_name,
                group_queue=self.consumer.queue.queue_url,
                trigger_queue=trigger.queue.queue_url,
                dead_letter_queue=self.consumer.dead_letters.queue_url,
            )
        )
        grants.gather_files(self.consumer.function, ledger=ledger)
        grants.write_lists_of_uploads(self.consumer.function, work=work)
        for queue in (self.consumer.queue, trigger.queue):
            grants.send_to(self.consumer.function, queue=queue)
        allow_rules_from(Stack.of(self).stack_name, target=self.consumer)
        schedule_sweep(self, "Sweep", target=self.consumer)
