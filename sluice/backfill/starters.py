"""Makes what starts the runs of a target, for people's commands and for the job of a backfill alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sluice.backfill.starting import GroupStarter, SingleStarter, Starter
from sluice.backfill.target import Target
from sluice.grouping.gathering import Gatherer
from sluice.grouping.group import Group
from sluice.grouping.ledger import GroupLedger
from sluice.items.manifest import write_manifest
from sluice.messages import GroupDue
from sluice.triggers.trigger_event import S3Object


@dataclass(frozen=True, slots=True, kw_only=True)
class Starters:
    """Makes what starts the runs of a target, with clients and the names of what is deployed."""

    client: Callable[[str], Any]
    table: str
    work_bucket: str
    trigger_queue: str

    def of(self, target: Target) -> Starter:
        """Return what starts a run for each object, or for groups of them."""
        if target.group_of is None:
            return SingleStarter(
                dynamodb=self.client("dynamodb"),
                table=self.table,
                sqs=self.client("sqs"),
                trigger_queue=self.trigger_queue,
            )
        ledger = GroupLedger(self.client("dynamodb"), self.table)
        gatherer = Gatherer(
            ledger=ledger, remind=_leave_to_sweep, write=self._write, ask=self._ask, resumes=True
        )
        return GroupStarter(ledger=ledger, gatherer=gatherer)

    def _write(self, group: Group, files: Sequence[S3Object]) -> None:
        rows = (file.to_item() for file in files)
        write_manifest(self.client("s3"), self.work_bucket, group.manifest, rows)

    def _ask(self, group: Group, files: Sequence[S3Object]) -> None:
        body = group.trigger_message(files, self.work_bucket).to_json()
        self.client("sqs").send_message(QueueUrl=self.trigger_queue, MessageBody=body)


def _leave_to_sweep(message: GroupDue, seconds: int) -> None:
    """Send no reminder: should this process die, the sweep of the group Lambda hands its group over."""
