"""What gathers uploads into groups: there while some pipeline gathers, in the stack of the pipelines, with
which it comes and goes.

In the control stack it could not go: a stack cannot take back what a later one still uses.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aws_cdk import Duration, Stack
from aws_cdk import aws_sns as sns
from constructs import Construct

from sluice.pipeline.definition import Pipeline
from sluice.pipeline.validation.triggers.uploads import uploads_of
from sluice.settings import GroupSettings
from stacks.blocks import events, grants
from stacks.blocks.reaction import Reaction
from stacks.storage import StorageStack

# Lambda hands over fewer when they come to 6 MB:
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
MESSAGES_AT_ONCE = 10_000
WINDOW = Duration.seconds(5)
# Two that fill the same group side by side wait for each other now and then; more would do little else.
_AT_ONCE = 2


def gathers(pipelines: Sequence[Pipeline]) -> bool:
    """Return whether any of these pipelines gathers uploads."""
    return any(upload.gathers for pipeline in pipelines for upload in uploads_of(pipeline))


class Grouping(Construct):
    """The group Lambda behind its queue; it reminds itself of groups through that queue and asks for runs
    through the trigger's.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        root: Path,
        storage: StorageStack,
        alerts: sns.ITopic,
        trigger: Reaction,
        log_retention_days: int,
    ) -> None:
        super().__init__(scope, construct_id)
        self.reaction = Reaction(
            self,
            "Group",
            stage="group",
            root=root,
            alerts=alerts,
            at_once=_AT_ONCE,
            log_retention_days=log_retention_days,
            batch=MESSAGES_AT_ONCE,
            window=WINDOW,
        )
        self.reaction.runs_with(
            GroupSettings(
                ledger_table=storage.ledger.table_name,
                work_bucket=storage.work.bucket_name,
                group_queue=self.reaction.queue.queue_url,
                trigger_queue=trigger.queue.queue_url,
                dead_letter_queue=self.reaction.dead_letters.queue_url,
            )
        )
        grants.gather_files(self.reaction.function, ledger=storage.ledger)
        grants.write_lists_of_uploads(self.reaction.function, work=storage.work)
        for queue in (self.reaction.queue, trigger.queue):
            grants.send_to(self.reaction.function, queue=queue)
        events.let_rules_of(Stack.of(self).stack_name, fill=self.reaction)
        events.sweep_every_five_minutes(self, "Sweep", fill=self.reaction)
