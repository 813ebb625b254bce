"""Tickets: one OpsItem for each run that fails or is late."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sluice.messages import LATE, RunDelayed, RunFailed
from tests.lambdas.conftest import Aws
from tests.lambdas.runs import RUN, begin, describe_all_as, subjects
from tests.sluice.clouds import refused


def test_one_ticket_a_run(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often it fails or is late; its text is the e-mail's."""
    opened = tickets(aws, monkeypatch)
    begin(aws, 0, ticket=True)
    describe_all_as(aws, monkeypatch, status="FAILED")
    failed, late = (
        RunFailed(run=RUN, step="a").to_json(),
        RunDelayed(run=RUN, delay=LATE, why="too long").to_json(),
    )
    assert aws.call("alert", failed, failed, late) == []
    [ticket] = opened
    assert ticket["Title"] == "Sluice: words failed at a"
    assert json.loads(ticket["OperationalData"]["/aws/dedup"]["Value"]) == {"dedupString": f"Sluice-{RUN}"}
    assert len(ticket["Description"]) <= 2048


def test_no_ticket_unless_the_pipeline_wants_one(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """The alert is sent all the same."""
    opened = tickets(aws, monkeypatch)
    begin(aws, 0)
    assert aws.call("alert", RunFailed(run=RUN, step="a").to_json()) == []
    assert (opened, len(subjects(aws))) == ([], 1)


def test_a_ticket_that_is_open_already_is_no_failure(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Lambda died after it had opened it."""
    opened = tickets(aws, monkeypatch, refused("OpsItemAlreadyExistsException"))
    begin(aws, 0, ticket=True)
    assert aws.call("alert", RunFailed(run=RUN, step="a").to_json()) == []
    assert len(opened) == 1


def test_a_ticket_that_is_refused_is_tried_again_and_the_mail_is_not(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The missing permission ends in the dead-letter queue, which has an alarm."""
    opened = tickets(
        aws,
        monkeypatch,
        refused("AccessDeniedException", "not authorized to perform: ssm:CreateOpsItem", 403),
    )
    begin(aws, 0, ticket=True)
    message = RunFailed(run=RUN, step="a").to_json()
    assert aws.call("alert", message) == ["0"]
    assert aws.call("alert", message) == ["0"]
    assert (len(opened), len(subjects(aws))) == (2, 1)


def tickets(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, error: ClientError | None = None
) -> list[dict[str, Any]]:
    """Let Systems Manager answer so, and return the list that the OpsItems will be in; moto has none."""
    opened: list[dict[str, Any]] = []
    describe_all_as(aws, monkeypatch, status="FAILED")
    ssm = aws.client("ssm")

    def create_ops_item(**request: Any) -> dict[str, Any]:
        from botocore.validate import validate_parameters

        validate_parameters(request, ssm.meta.service_model.operation_model("CreateOpsItem").input_shape)
        opened.append(request)
        if error is not None:
            raise error
        return {"OpsItemId": "oi-1"}

    monkeypatch.setattr(ssm, "create_ops_item", create_ops_item)
    real = aws.client
    monkeypatch.setattr(
        "sluice.aws.clients.full_client", lambda service: ssm if service == "ssm" else real(service)
    )
    return opened
