"""The fan_out Lambda: items become arrays."""

from __future__ import annotations

from tests.lambdas.conftest import Aws
from tests.lambdas.runs import begun, planned


def test_the_same_items_announced_twice_are_fanned_out_once(aws: Aws) -> None:
    """SNS and SQS deliver at least once."""
    message = planned(aws, begun(aws))
    assert aws.call("fan_out", message, message) == []
    assert aws.batch.names() == ["cleanup", "count", "merge", "rank", "split"]
