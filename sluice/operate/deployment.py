"""What the stacks of a deployed app are called by: the ledger's table, the buckets, the queues."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property

from botocore.exceptions import ClientError

from sluice.operate.clients import StackReader
from sluice.operate.errors import NotDeployedError, OperationError

PREFIX = "Sluice"


class Deployment:
    """A deployed app, read from the outputs of its stacks when they are first needed.

    ``where`` names the account or the cloud in messages, ``prefix`` begins the names of the stacks. Every
    property raises NotDeployedError when its stack is not there, OperationError when the stack is older than
    this code and lacks the output.
    """

    def __init__(self, cloudformation: StackReader, where: str, prefix: str = PREFIX) -> None:
        self._cloudformation = cloudformation
        self._where = where
        self._prefix = prefix

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
    def queues(self) -> dict[str, str]:
        """The ARN of each job queue by its key, as compiled steps have it; in the queue's name the key
        follows an underscore.
        """
        outputs = self._outputs(f"{self._prefix}Compute")
        return {arn.rpartition("_")[2]: arn for name, arn in outputs.items() if name.endswith("Queue")}

    @property
    def track_queue(self) -> str:
        """The URL of the queue whose messages make the track Lambda reconcile a run."""
        return self._output("Control", "TrackQueue")

    @property
    def work_retention(self) -> timedelta:
        """How long the objects of a run stay in the work bucket."""
        return timedelta(days=int(self._output("Storage", "WorkRetentionDays")))

    def _output(self, stack: str, name: str) -> str:
        outputs = self._outputs(self._prefix + stack)
        if name not in outputs:
            raise OperationError(
                f"Expected the stack {self._prefix}{stack} in {self._where} to have the output {name}, found"
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
