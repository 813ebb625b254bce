"""What the stacks of a deployed app are called by: the ledger's table, the buckets, the queues."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property

from botocore.exceptions import ClientError

from sluice.operate.clients import StackReader
from sluice.operate.errors import NotDeployedError, OperationError
from sluice.triggers.request_event import DEFAULT_STACK_PREFIX

PREFIX = DEFAULT_STACK_PREFIX


class Deployment:
    """A deployed app, read from the outputs of its stacks when they are first needed.

    ``where`` names the account or the cloud in messages, ``prefix`` begins the names of the stacks. Every
    property raises NotDeployedError when its stack is not there, OperationError when the stack is older than
    this code and lacks the output.
    """

    def __init__(self, cloudformation: StackReader, where: str, prefix: str = PREFIX) -> None:
        self._cloudformation = cloudformation
        self._where = where
        self.prefix = prefix

    @property
    def where(self) -> str:
        """The account or the cloud, in words."""
        return self._where

    @cached_property
    def table(self) -> str:
        """The name of the ledger's table."""
        return self._output("Storage", "LedgerTable")

    @cached_property
    def inbox(self) -> str:
        """The name of the bucket that files are uploaded to."""
        return self._output("Storage", "InboxBucket")

    @cached_property
    def results(self) -> str:
        """The name of the bucket that runs publish into."""
        return self._output("Storage", "ResultsBucket")

    @cached_property
    def work(self) -> str:
        """The name of the bucket that jobs pass their results on in."""
        return self._output("Storage", "WorkBucket")

    @cached_property
    def queues(self) -> dict[str, str]:
        """The ARN of each job queue by its key, as compiled steps have it; in the queue's name the key
        follows the stack prefix, which has no underscore, and one.
        """
        beginning = f":job-queue/{self.prefix}_"
        arns = self._outputs(f"{self.prefix}Compute").values()
        return {arn.partition(beginning)[2]: arn for arn in arns if beginning in arn}

    @property
    def track_queue(self) -> str:
        """The URL of the queue whose messages make the track Lambda reconcile a run."""
        return self._output("Control", "TrackQueue")

    @property
    def group_queue(self) -> str:
        """The URL of the queue whose messages have the group Lambda look after sets of files."""
        return self._output("Pipelines", "GroupQueue")

    @property
    def trigger_queue(self) -> str:
        """The URL of the queue whose messages make the trigger Lambda begin a run."""
        return self._output("Control", "TriggerQueue")

    @property
    def definitions(self) -> tuple[str, str]:
        """The bucket and the key of the list of the compiled pipelines that are deployed."""
        bucket, _, key = self._output("Pipelines", "Definitions").partition("/")
        return bucket, key

    @property
    def console_client(self) -> str:
        """What the provider of OpenID Connect calls the deployed console."""
        return self._output("Control", "ConsoleClient")

    @property
    def catalog(self) -> tuple[str, str]:
        """The bucket and the key of what the deployed console knows of the pipelines' forms."""
        bucket, _, key = self._output("Pipelines", "Catalog").partition("/")
        return bucket, key

    @property
    def work_retention(self) -> timedelta:
        """How long the objects of a run stay in the work bucket."""
        return timedelta(days=int(self._output("Storage", "WorkRetentionDays")))

    def _output(self, stack: str, name: str) -> str:
        outputs = self._outputs(self.prefix + stack)
        if name not in outputs:
            raise OperationError(
                f"Expected the stack {self.prefix}{stack} in {self._where} to have the output {name}, found"
                " none. Deploy again."
            )
        return outputs[name]

    def _outputs(self, stack: str) -> dict[str, str]:
        try:
            found = self._cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        except ClientError as error:
            # What CloudFormation answers for a stack that does not exist.
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            raise NotDeployedError(f"Expected Sluice in {self._where}, found no stack {stack}.") from error
        return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
