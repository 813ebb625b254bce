"""Where data lives: three buckets and the ledger. Everything here outlives the stack."""

from __future__ import annotations

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from stacks.blocks.storage.buckets import inbox_bucket, results_bucket, work_bucket
from stacks.blocks.storage.ledger import ledger_table
from stacks.configuration import Configuration


class StorageStack(Stack):
    """The inbox for uploads, the work bucket of the runs, the results, and the ledger of all runs."""

    def __init__(self, scope: Construct, construct_id: str, *, configuration: Configuration) -> None:
        super().__init__(
            scope,
            construct_id,
            description="Sluice: the buckets and the ledger. Retained when the stack is deleted.",
        )
        self.inbox = inbox_bucket(self, "Inbox")
        self.work = work_bucket(self, "Work", expire_after_days=configuration.work_retention_days)
        self.results = results_bucket(self, "Results")
        self.ledger = ledger_table(self, "Ledger")
        self._export_for_later_stacks()
        self._add_outputs(configuration)

    def _export_for_later_stacks(self) -> None:
        """Export all that a later stack can ever import, also while no pipeline needs it.

        An export that went with the last pipeline that needs it would be removed before the stack that still
        imports it is updated, which CloudFormation refuses:
        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
        """
        for bucket in (self.inbox, self.work, self.results):
            self.export_value(bucket.bucket_name)
            self.export_value(bucket.bucket_arn)
        self.export_value(self.ledger.table_name)
        self.export_value(self.ledger.table_arn)

    def _add_outputs(self, configuration: Configuration) -> None:
        CfnOutput(self, "InboxBucket", value=self.inbox.bucket_name, description="Upload here to start runs.")
        CfnOutput(
            self,
            "WorkBucket",
            value=self.work.bucket_name,
            description="What the jobs of a run pass on to each other.",
        )
        retention = str(configuration.work_retention_days)
        CfnOutput(
            self,
            "WorkRetentionDays",
            value=retention,
            description="Days after which what a run left in the work bucket expires.",
        )
        CfnOutput(
            self, "ResultsBucket", value=self.results.bucket_name, description="What the runs published."
        )
        CfnOutput(
            self,
            "LedgerTable",
            value=self.ledger.table_name,
            description="Runs, their steps and what was submitted.",
        )
