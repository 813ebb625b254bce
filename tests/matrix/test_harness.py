"""The matrix's S3 and DynamoDB answer as moto's do, call by call, what whole runs ask them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.matrix.cases import DELIVERY_FAULTS, Case
from tests.matrix.faults import Fault
from tests.matrix.harness import Harness
from tests.matrix.messages import matches
from tests.matrix.scenarios import deployment, scenarios
from tests.sluice.clouds import make_table

pytestmark = pytest.mark.xdist_group("matrix")
_KEPT = ("Items", "Item", "Attributes", "Responses", "Contents", "ContentLength")


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """moto's clients, with what is deployed."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "000000000000")
    with mock_aws():
        session = botocore.session.get_session()
        made = {name: session.create_client(name, region_name="us-east-1") for name in ("s3", "dynamodb")}
        make_table(made["dynamodb"], deployment().table)
        yield made


@pytest.mark.parametrize(
    "case",
    [Case("word-count", "every message twice"), Case("flight-delays", call=30, fault=Fault.DIES_AFTER)],
    ids=str,
)
def test_answers_are_those_of_moto(case: Case, clients: dict[str, Any]) -> None:
    """Objects, items, conditions that fail and what is not there."""
    harness = Harness(deployment(), choose=case.choose, delivery_faults=DELIVERY_FAULTS[case.delivery_faults])
    harness.calls.keep_effects = True
    for bucket in {deployment().inbox, deployment().assets, *_buckets()}:
        clients["s3"].create_bucket(Bucket=bucket)
    harness.run(lambda here: scenarios()[case.scenario].begin(here, "a"))
    for bucket in (deployment().inbox, deployment().assets):
        for key, body in harness.buckets.objects[bucket].items():
            clients["s3"].put_object(Bucket=bucket, Key=key, Body=body)
    asked = [one for one in harness.calls.effects if one[0] in clients]
    assert len(asked) > 60
    for service, name, parameters, answer in asked:
        parameters.pop("VersionId", None)  # Versions have other names there.
        assert _plain(answer) == _plain(_answer(clients[service], name, parameters)), (
            service,
            name,
            parameters,
        )


def _buckets() -> set[str]:
    return {deployment().environment(name) for name in ("SLUICE_WORK_BUCKET", "SLUICE_RESULTS_BUCKET")}


def _answer(client: Any, name: str, parameters: dict[str, Any]) -> Any:
    try:
        return getattr(client, name)(**parameters)
    except ClientError as error:
        return error


def _plain(answer: Any) -> Any:
    if isinstance(answer, ClientError):
        reasons = [one["Code"] for one in answer.response.get("CancellationReasons", [])]
        return answer.response["Error"]["Code"], reasons, dict(answer.response).get("Item")
    kept = {name: answer[name] for name in _KEPT if name in answer}
    for one in kept.get("Contents", []):
        for name in [name for name in one if name not in ("Key", "Size")]:
            del one[name]
    for found in kept.get("Responses", {}).values():
        found.sort(key=lambda item: str(item["sk"]))
    return kept


@pytest.mark.parametrize(
    ("pattern", "event", "fits"),
    [
        ({"source": ["a", "b"]}, {"source": "b"}, True),
        ({"source": ["a"]}, {}, False),
        ({"detail": {"array": {"index": [{"exists": False}]}}}, {"detail": {"array": {"size": 2}}}, True),
        ({"detail": {"array": {"index": [{"exists": False}]}}}, {"detail": {"array": {"index": 0}}}, False),
        ({"key": [{"wildcard": "in/*.txt"}]}, {"key": "in/a/b.txt"}, True),
        ({"key": [{"prefix": "in/"}]}, {"key": "out/a"}, False),
        ({"name": [{"anything-but": ["a"]}, {"exists": False}]}, {"name": "a"}, False),
        ({"name": [{"anything-but": ["a"]}, {"exists": False}]}, {}, True),
    ],
)
def test_patterns_match_as_eventbridge_matches_them(
    pattern: dict[str, Any], event: dict[str, Any], fits: bool
) -> None:
    """The kinds of comparison that our rules have."""
    assert matches(pattern, event) is fits
