"""Runs the trigger of a run again, as a new run: an upload, a group, a request with its input, a time of a
schedule, a webhook's body.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from botocore.exceptions import ClientError

from sluice import keys
from sluice.aws.multipart import PartWriter
from sluice.grouping.ledger import GroupLedger
from sluice.items.manifest import write_manifest
from sluice.operate.again.definitions import DeployedDefinitions
from sluice.operate.clients import MessageSender
from sluice.operate.errors import OperationError
from sluice.operate.start.given_items import GivenItems
from sluice.run.job_names import run_id
from sluice.run.state import Run
from sluice.triggers.restart import RESTART, RESTART_OF, RestartRequested
from sluice.triggers.trigger_event import Request, S3Object, newest_of_each_key
from sluice.triggers.upload_patterns import group_name

_MISSING = ("404", "NoSuchKey", "NotFound")


class ListStorage(PartWriter, Protocol):
    """A client of S3 that copies lists of files, or writes them anew."""

    def copy_object(self, **request: Any) -> Mapping[str, Any]:
        """Copy an object."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Restarter:
    """Requests runs; ``trigger_queue`` is the URL of the queue of the trigger Lambda, ``definitions`` are
    needed for the code that is deployed now.
    """

    groups: GroupLedger
    s3: ListStorage
    sqs: MessageSender
    trigger_queue: str
    work_bucket: str
    definitions: DeployedDefinitions

    def restart(self, run: Run, token: str, *, with_current_code: bool) -> str:
        """Request a run with the trigger of this one, and return its id; the same token requests the same
        run.

        It has the definitions and images that the run itself had, or those that are deployed now. Raises
        OperationError for a pipeline that is not deployed any more, and for a group whose files are nowhere
        listed any more.
        """
        name = run.pipeline.name
        asked = RestartRequested(
            restart=run.run_id,
            pipeline=name,
            token=token,
            trigger={},
            definition=self.definitions.location_of(name) if with_current_code else {},
        )
        new = run_id(name, RESTART, asked.identity())
        trigger = {key: value for key, value in run.trigger.items() if key != RESTART_OF}
        self.send(replace(asked, trigger=self._with_own_list(run, trigger, new)))
        return new

    def start_items(
        self, pipeline: str, given: GivenItems, run: Run | None, token: str, run_input: Any = None
    ) -> str:
        """Request a run of the deployed pipeline that works on just these items, and return its id.

        Its trigger is that of the run that they come from, else a request with this input. Raises ItemError
        for an item that no manifest can hold.
        """
        trigger = dict(run.trigger) if run else Request(token=token, input=run_input).to_dict()
        asked = RestartRequested(
            restart=run.run_id if run else "",
            pipeline=pipeline,
            token=token,
            trigger={},
            definition=self.definitions.location_of(pipeline),
        )
        new = run_id(pipeline, RESTART, asked.identity())
        if run is not None:
            trigger.pop(RESTART_OF, None)
            trigger = self._with_own_list(run, trigger, new)
        items = {}
        for plan, found in given.of_plans.items():
            manifest = keys.manifest(new, plan, "given")
            items[plan] = {
                "manifest": manifest,
                "items": write_manifest(self.s3, self.work_bucket, manifest, found),
            }
        self.send(replace(asked, trigger=trigger, items=items))
        return new

    def send(self, message: RestartRequested) -> None:
        """Send a request."""
        self.sqs.send_message(QueueUrl=self.trigger_queue, MessageBody=message.to_json())

    def _with_own_list(self, run: Run, trigger: Mapping[str, Any], new: str) -> dict[str, Any]:
        """Return a trigger whose list of files, if it has one, is the new run's own: that of the earlier run
        goes with its cleanup.
        """
        listed, bucket = trigger.get("manifest"), self.work_bucket
        if not isinstance(listed, str):
            return dict(trigger)
        own = keys.uploads(new)
        try:
            for source, target in ((keys.manifest_index(listed), keys.manifest_index(own)), (listed, own)):
                self.s3.copy_object(Bucket=bucket, Key=target, CopySource={"Bucket": bucket, "Key": source})
        except ClientError as error:
            if error.response["Error"]["Code"] not in _MISSING:
                raise
            self._write_list(run, trigger, own)
        return {**trigger, "manifest": own}

    def _write_list(self, run: Run, trigger: Mapping[str, Any], own: str) -> None:
        """Write the list of a group's files anew, by what the ledger has of the group."""
        number = str(trigger.get("group", "")).rpartition("-")[2]
        where = str(trigger.get("prefix", "")), str(trigger.get("suffix", ""))
        files: Sequence[S3Object] = []
        # Only a connected bucket stands in the name; the trigger says the inbox's name, too.
        for name in (group_name(*where), group_name(*where, str(trigger.get("bucket", "")))):
            group = self.groups.load(run.pipeline.name, name, int(number)) if number.isdecimal() else None
            if group is not None and group.name == trigger["group"]:
                files = newest_of_each_key(self.groups.files(group))
        if not files:
            raise OperationError(
                f"Expected the list of the files of {run.run_id}, found neither the list itself, which its"
                " cleanup removed, nor the group in the ledger. Upload the files again."
            )
        write_manifest(self.s3, self.work_bucket, own, (file.to_item() for file in files))
