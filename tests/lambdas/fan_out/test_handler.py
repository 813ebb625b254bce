"""The fan_out Lambda: items become arrays."""

from __future__ import annotations

import json

import pytest

from tests.lambdas.conftest import Aws
from tests.lambdas.runs import begun, planned, run_of


def test_the_same_items_announced_twice_are_fanned_out_once(aws: Aws) -> None:
    """SNS and SQS deliver at least once."""
    message = planned(aws, begun(aws))
    assert aws.call("fan_out", message, message) == []
    assert aws.batch.names() == ["cleanup", "count", "merge", "rank", "split"]


@pytest.mark.parametrize("change", [{"job_id": "forged"}, {"step": "none"}, {"run": "words-" + "z" * 20}])
def test_a_plan_that_is_not_its_jobs_is_refused(aws: Aws, change: dict[str, str]) -> None:
    """Any job may publish on the topic: nothing is recorded, and nothing rings an alarm."""
    run = begun(aws)
    forged = json.dumps({**json.loads(planned(aws, run)), **change})
    assert aws.call("fan_out", forged) == []
    assert run_of(aws, run).steps["split"].manifest is None
    assert aws.received("dead") == []
    assert aws.call("fan_out", planned(aws, run)) == []
    assert run_of(aws, run).steps["split"].manifest == "m"


@pytest.mark.parametrize("junk", ["", "{", "[]", '{"version": 1}', "x" * 100_000])
def test_junk_on_the_topic_is_no_alarm(aws: Aws, junk: str) -> None:
    """It is logged and counted, and does not fill the dead-letter queue."""
    assert aws.call("fan_out", junk) == []
    assert aws.received("dead") == []
