"""moto answers as without what the tests have it remember."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from moto import mock_aws
from moto.core.serialize import ResponseSerializer

from tests.moto_answers import SEARCH

ITEM: Any = {
    "pk": {"S": "a"},
    "number": {"N": "1"},
    "bytes": {"B": b"b"},
    "none": {"NULL": True},
    "yes": {"BOOL": False},
    "list": {"L": [{"S": ""}, {"M": {"S": {"S": "s"}, "L": {"L": []}}}]},
    "set": {"SS": ["x", "y"]},
}


def _answers() -> list[Any]:
    """Return what services say whose protocols and forms of values differ: dicts, lists, objects of moto."""
    session, region = botocore.session.get_session(), "us-east-1"

    def client(name: str) -> Any:
        return session.create_client(name, region_name=region)

    with mock_aws():
        dynamodb, sqs, sns = client("dynamodb"), client("sqs"), client("sns")
        s3, ec2 = client("s3"), client("ec2")
        keys = [{"AttributeName": "pk", "KeyType": "HASH"}]
        attributes = [{"AttributeName": "pk", "AttributeType": "S"}]
        dynamodb.create_table(
            TableName="t", KeySchema=keys, AttributeDefinitions=attributes, BillingMode="PAY_PER_REQUEST"
        )
        dynamodb.put_item(TableName="t", Item=ITEM)
        queue = sqs.create_queue(QueueName="q")["QueueUrl"]
        sqs.send_message(QueueUrl=queue, MessageBody="body")
        sns.create_topic(Name="n")
        s3.create_bucket(Bucket="bucket")
        s3.put_object(Bucket="bucket", Key="k", Body=b"1")
        found = [
            dynamodb.get_item(TableName="t", Key={"pk": {"S": "a"}}),
            dynamodb.describe_table(TableName="t")["Table"]["KeySchema"],
            sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"],
            sns.list_topics()["Topics"],
            s3.list_objects_v2(Bucket="bucket")["KeyCount"],
            [sorted(one) for one in ec2.describe_subnets()["Subnets"]],
        ]
    for one in found:
        if isinstance(one, dict):
            del one["ResponseMetadata"]
    return found


def test_it_answers_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the names that are found once, and by a search for each value."""
    found = _answers()
    monkeypatch.setattr(ResponseSerializer, "get_value", SEARCH)
    assert found == _answers()
    assert found[0]["Item"] == ITEM
