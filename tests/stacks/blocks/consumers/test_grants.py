"""What the Lambdas of the consumers may do, and what they may not."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest

from sluice.run.concurrency import NEWEST
from tests.sluice.clouds import Harness, dynamodb
from tests.sluice.ordering.runs import limited, run_number, states
from tests.stacks.templates import STAGES, Template, many, text


def allowed(template: Template, stage: str) -> set[str]:
    """Return the actions that a Lambda's role may take."""
    return {
        action
        for role, one in template.statements()
        if role.startswith(f"{stage}Role")
        for action in many(one["Action"])
    }


def test_only_lambdas_that_advance_runs_submit_jobs(control: Template) -> None:
    """Trigger, fan_out and track submit; alert does not, and only it may publish alerts."""
    submitting = {stage for stage in STAGES if "batch:SubmitJob" in allowed(control, stage)}
    assert submitting == {"Trigger", "FanOut", "Track"}
    assert {stage for stage in STAGES if "sns:Publish" in allowed(control, stage)} == {"Alert"}


def test_no_lambda_reads_the_whole_ledger_or_deletes_objects(control: Template) -> None:
    """No Lambda here scans the ledger or deletes objects; each other change is one Lambda's."""
    actions = {stage: allowed(control, stage) for stage in STAGES}
    assert not {"dynamodb:Scan", "s3:DeleteObject", "iam:PassRole"} & {
        one for allows in actions.values() for one in allows
    }
    assert [stage for stage in STAGES if "s3:PutObject" in actions[stage]] == ["Track"]
    assert [stage for stage in STAGES if "batch:TerminateJob" in actions[stage]] == ["FanOut"]
    (ends,) = [one for one in control.statements_of("FanOut") if one["Action"] == "batch:TerminateJob"]
    assert ends["Condition"] == {"StringLike": {"aws:ResourceTag/sluice:run": "*"}}


def test_only_the_alert_function_may_send_events_and_only_of_ours(control: Template) -> None:
    """By source and kind, on the default bus."""
    may = [(role, one) for role, one in control.statements() if "events:PutEvents" in many(one["Action"])]
    [(role, statement)] = may
    assert role.startswith("AlertRole")
    assert statement["Condition"] == {
        "ForAllValues:StringEquals": {
            "events:source": ["sluice"],
            "events:detail-type": ["Run State Change", "Run Late", "Run Results Complete"],
        },
        "Null": {"events:source": "false", "events:detail-type": "false"},
    }
    assert text(statement["Resource"]).endswith(":event-bus/default")


def test_the_trigger_function_reads_many_items_only_of_runs(control: Template) -> None:
    """For the missed times of schedules: whether they have their runs."""
    (reads,) = [
        one for one in control.statements_of("Trigger") if "dynamodb:BatchGetItem" in many(one["Action"])
    ]
    assert reads["Action"] == "dynamodb:BatchGetItem"
    assert reads["Condition"] == {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["RUN#*"]},
        "Null": {"dynamodb:LeadingKeys": "false"},
    }


def test_the_trigger_function_may_replace_a_run_that_waits(
    control: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction is authorised with all keys that it names, for each kind of write in it: here with those
    of the transaction that begins a newer run in the place of one that waits.
    """
    graph, transacted = limited(replaces=NEWEST), list[list[dict[str, Any]]]()
    with dynamodb() as client:
        here = Harness(client)
        real = here.client.transact_write_items

        def transact(**request: Any) -> Any:
            transacted.append(request["TransactItems"])
            return real(**request)

        monkeypatch.setattr(here.client, "transact_write_items", transact)
        for number in range(3):
            here.advancer().start(run_number(number, graph, f"{number:04X}"))
        assert states(here, 3) == "RXW"
    (replaces,) = [writes for writes in transacted if any("Delete" in one for one in writes)]
    keys = [pk_of(kind, write) for one in replaces for kind, write in one.items()]
    assert any(may_delete(one, keys) for one in control.statements_of("Trigger"))


def may_delete(statement: Any, keys: list[str]) -> bool:
    """Return whether a statement allows to delete an item in a transaction that names these keys."""
    if "dynamodb:DeleteItem" not in many(statement["Action"]):
        return False
    allowed_keys = many(statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"])
    return all(any(fnmatchcase(key, one) for one in allowed_keys) for key in keys)


def pk_of(kind: str, write: dict[str, Any]) -> str:
    """Return the partition key that a write of a transaction names."""
    return str((write["Item"] if kind == "Put" else write["Key"])["pk"]["S"])
