"""The stacks of a Sluice are found, by their names, and deleted in the order of their imports."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from sluice.operate.errors import OperationError
from sluice.operate.removal.stacks import (
    Stack,
    check_no_run_is_unfinished,
    delete_stacks,
    find_stacks,
)
from sluice.run.state import RunState
from tests.sluice.operate.harness import OperateHarness

LISTED = ("TeamStorage", "Team2Storage", "TeamPipelines", "CDKToolkit", "TeamControl", "TeamPipelines")


class Cloudformation:
    """CloudFormation with these stacks; ``stays`` is the name of one that cannot be deleted."""

    def __init__(self, stays: str = "") -> None:
        """Have the stacks, the last one deleted long ago."""
        self.stays = stays
        self.deleted: list[str] = []

    def get_paginator(self, operation_name: str) -> Cloudformation:
        """Return what reads pages: two of stacks, or the events of the one that stays."""
        self.operation = operation_name
        return self

    def paginate(self, **request: Any) -> Iterable[dict[str, Any]]:
        """Yield the pages."""
        if self.operation == "describe_stack_events":
            reason = "The bucket you tried to delete is not empty"
            event = {"LogicalResourceId": "Inbox", "ResourceStatus": "DELETE_FAILED"}
            return [{"StackEvents": [{**event, "ResourceStatusReason": reason}]}]
        status = ["CREATE_COMPLETE"] * 5 + ["DELETE_COMPLETE"]
        listed = [
            {"StackName": name, "StackId": f"{name}/{number}", "StackStatus": status[number]}
            for number, name in enumerate(LISTED)
        ]
        return [{"StackSummaries": listed[:3]}, {"StackSummaries": listed[3:]}]

    def delete_stack(self, **request: Any) -> dict[str, Any]:
        """Delete it."""
        self.deleted.append(request["StackName"])
        return {}

    def get_template(self, **request: Any) -> dict[str, Any]:
        """Have none."""
        raise NotImplementedError

    def get_waiter(self, waiter_name: str) -> Cloudformation:
        """Return what waits."""
        assert waiter_name == "stack_delete_complete"
        return self

    def wait(self, **request: Any) -> None:
        """End at once."""
        if self.stays and request["StackName"].startswith(self.stays):
            raise WaiterError("stack_delete_complete", "Waiter encountered a terminal failure state", {})


def test_stacks_are_found_by_their_whole_names_with_those_of_before() -> None:
    """Another Sluice's prefix may begin alike; a deleted stack still knows what it left."""
    found = find_stacks(Cloudformation(), "Team")
    assert [(one.stack_id, one.is_deleted) for one in found] == [
        ("TeamPipelines/2", False),
        ("TeamPipelines/5", True),
        ("TeamControl/4", False),
        ("TeamStorage/0", False),
    ]


def test_what_imports_is_deleted_first_and_what_is_deleted_not_again() -> None:
    """In the order that CloudFormation wants."""
    cloudformation, seen = Cloudformation(), list[Stack]()
    delete_stacks(cloudformation, find_stacks(cloudformation, "Team"), seen.append)
    assert cloudformation.deleted == ["TeamPipelines/2", "TeamControl/4", "TeamStorage/0"]
    assert [stack.stack_id for stack in seen] == cloudformation.deleted


def test_a_stack_that_stays_says_why_and_keeps_the_next_ones() -> None:
    """With CloudFormation's own reason."""
    cloudformation = Cloudformation(stays="TeamControl")
    with pytest.raises(OperationError, match=r"delete TeamControl, found: Inbox: The bucket you tried"):
        delete_stacks(cloudformation, find_stacks(cloudformation, "Team"), lambda _: None)
    assert cloudformation.deleted == ["TeamPipelines/2", "TeamControl/4"]


def test_an_unfinished_run_keeps_the_stacks(harness: OperateHarness) -> None:
    """It is named; when it has ended nothing is in the way."""
    harness.begin("word-count-a", "2026-01-01T00:00:00.000+00:00")
    with pytest.raises(OperationError, match=r"no unfinished run, found 1: word-count-a\. Wait"):
        check_no_run_is_unfinished(harness.ledger)
    harness.end("word-count-a", RunState.CANCELLED)
    check_no_run_is_unfinished(harness.ledger)
