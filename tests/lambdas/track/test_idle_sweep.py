"""What a sweep asks for while nothing runs: it costs that every five minutes."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from benchmarks import cost
from tests.lambdas.conftest import Aws
from tests.lambdas.runs import SWEEP


def test_a_sweep_of_nothing_makes_the_calls_that_its_price_counts(
    aws: Aws, capfd: pytest.CaptureFixture[str]
) -> None:
    """Of DynamoDB and SQS, and of no other service; it writes no line, and no metric that would cost by the
    hour.
    """
    counted: Counter[str] = Counter()

    def count(params: dict[str, Any], model: Any, **_: Any) -> None:
        consistent = '"ConsistentRead": true' in str(params.get("body", ""))
        name = f"{model.service_model.service_name}:{model.name}"
        counted[f"{name} (consistent)" if consistent else name] += 1

    for service in ("dynamodb", "sqs", "s3", "sns", "events"):
        aws.client(service).meta.events.register("before-call", count, unique_id="idle")
    assert aws.call("track", SWEEP) == []
    assert counted == cost.SWEEP_CALLS
    assert capfd.readouterr() == ("", "")
