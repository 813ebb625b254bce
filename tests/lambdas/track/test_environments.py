"""The sweep checks the compute environments."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sluice.ledger.ledger import Ledger
from sluice.run.state import StepState
from tests.lambdas.conftest import Aws
from tests.lambdas.runs import RUN, SWEEP, alert_queue, begin, describe_all_as, subjects
from tests.sluice.clouds import TABLE, refused


def test_an_invalid_environment_is_one_alert_a_day_and_only_while_runs_wait(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a run Batch is not called."""
    aws.batch.environments["spot"] |= {"status": "INVALID", "statusReason": "the role is gone"}
    assert aws.call("track", SWEEP) == []
    assert alert_queue(aws) == []
    begin(aws, 10)
    describe_all_as(aws, monkeypatch, status="RUNNING")
    assert aws.call("track", SWEEP, SWEEP) == []
    found = alert_queue(aws)
    assert found == [{"version": 1, "environment": "spot", "reason": "the role is gone"}] * 2
    assert aws.call("alert", *map(json.dumps, found)) == []
    assert subjects(aws) == ["Sluice: the compute environment spot is invalid"]


def test_environments_that_cannot_be_read_let_the_sweep_come_again(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The runs are reconciled all the same."""
    begin(aws, 10)
    describe_all_as(aws, monkeypatch, status="SUCCEEDED")

    def no(**_: Any) -> None:
        raise refused("AccessDeniedException", "no", 403)

    monkeypatch.setattr(aws.batch, "describe_job_queues", no)
    assert aws.call("track", SWEEP) == ["0"]
    run = Ledger(aws.client("dynamodb"), TABLE).load(RUN)
    assert run is not None
    assert run.steps["a"].state is StepState.SUCCEEDED
