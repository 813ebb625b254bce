"""Finds and deletes the four stacks of a Sluice, and refuses while a run needs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import WaiterError

from sluice.ledger.ledger import Ledger
from sluice.operate.errors import OperationError
from sluice.operate.removal.clients import Stacks

PARTS = ("Pipelines", "Control", "Compute", "Storage")
"""What the names of the stacks end with, in the order in which they can be deleted: each imports from later
ones.
"""
_GONE = "DELETE_COMPLETE"
_WAIT = {"Delay": 5, "MaxAttempts": 720}
"""An hour: machines that still run are waited for."""
_MAX_NAMED = 5


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack, also one that was deleted: CloudFormation describes it by its id for 90 days."""

    name: str
    stack_id: str
    is_deleted: bool


def find_stacks(cloudformation: Stacks, prefix: str) -> list[Stack]:
    """Return the stacks of a Sluice in the order in which they are deleted, with those of before.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStacks.html
    """
    names = [prefix + part for part in PARTS]
    pages = cloudformation.get_paginator("list_stacks").paginate()
    found = [one for page in pages for one in page["StackSummaries"] if one["StackName"] in names]
    stacks = {
        one["StackId"]: Stack(one["StackName"], one["StackId"], one["StackStatus"] == _GONE) for one in found
    }
    return sorted(stacks.values(), key=lambda stack: names.index(stack.name))


def check_no_run_is_unfinished(ledger: Ledger) -> None:
    """Raise OperationError while a run is unfinished: AWS Batch ends the jobs of a queue that is deleted."""
    unfinished = list(ledger.unfinished(datetime.now(UTC).isoformat(timespec="milliseconds")))
    if not unfinished:
        return
    some = ", ".join(unfinished[:_MAX_NAMED]) + (", …" if len(unfinished) > _MAX_NAMED else "")
    raise OperationError(
        f"Expected no unfinished run, found {len(unfinished)}: {some}. Wait for their ends, or cancel them."
    )


def delete_stacks(cloudformation: Stacks, stacks: list[Stack], progress: Callable[[Stack], None]) -> None:
    """Delete stacks one after the other; raises OperationError with CloudFormation's reason when one stays.

    ``progress`` is called with each stack before it is deleted.
    """
    for stack in (one for one in stacks if not one.is_deleted):
        progress(stack)
        cloudformation.delete_stack(StackName=stack.stack_id)
        try:
            cloudformation.get_waiter("stack_delete_complete").wait(
                StackName=stack.stack_id, WaiterConfig=_WAIT
            )
        except WaiterError as error:
            why = "; ".join(_failures(cloudformation, stack)) or str(error)
            raise OperationError(
                f"Expected CloudFormation to delete {stack.name}, found: {why}. Mend it and repeat"
                " the command: what is deleted stays so."
            ) from error


def _failures(cloudformation: Stacks, stack: Stack) -> Iterator[str]:
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack.stack_id)
    events: list[dict[str, Any]] = [one for page in pages for one in page["StackEvents"]]
    for event in events:
        if event.get("ResourceStatus") == "DELETE_FAILED":
            yield f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason')}"
