"""The switch of a bucket's events."""

from __future__ import annotations

from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError

from sluice.operate.buckets.event_switch import check_bucket, read_notifications, switch_on
from sluice.operate.errors import OperationError
from tests.sluice.operate.buckets.fake_bucket import FakeBuckets

REGION = "us-east-1"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:theirs"


@pytest.fixture
def s3() -> FakeBuckets:
    """The bucket ``landing``."""
    return FakeBuckets(landing=REGION)


def test_other_notifications_stay(s3: FakeBuckets) -> None:
    """S3 replaces all of them at once, so what was there is given again."""
    theirs = {"Id": "mine", "QueueArn": QUEUE, "Events": ["s3:ObjectRemoved:*"]}
    s3.put_bucket_notification_configuration(
        Bucket="landing", NotificationConfiguration={"QueueConfigurations": [theirs]}
    )
    before = read_notifications(s3, "landing")
    assert (before.switched_on, before.others) == (False, ["1 SQS queues"])
    switch_on(s3, before)
    after = read_notifications(s3, "landing")
    assert (after.switched_on, after.others) == (True, ["1 SQS queues"])
    assert after.configuration["QueueConfigurations"] == before.configuration["QueueConfigurations"]


def test_a_bucket_that_is_not_there_or_elsewhere_is_refused(s3: FakeBuckets) -> None:
    """With what to write in the trigger."""
    check_bucket(s3, "landing", REGION)
    with pytest.raises(OperationError, match=r"bucket lading, found none"):
        check_bucket(s3, "lading", REGION)
    with pytest.raises(OperationError, match=r"landing in eu-west-1, found it in us-east-1. Write region="):
        check_bucket(s3, "landing", "eu-west-1")


@pytest.mark.parametrize(
    ("code", "says"),
    [("403", "it is another account's, or your policies lack"), ("301", "found it in another Region")],
)
def test_what_s3_refuses_is_explained(code: str, says: str) -> None:
    """A bucket of another account answers 403, one of another Region 301."""
    refused = ClientError({"Error": {"Code": code}}, "HeadBucket")
    with pytest.raises(OperationError, match=says):
        check_bucket(Mock(head_bucket=Mock(side_effect=refused)), "landing", REGION)


def test_a_switch_that_stays_off_is_an_error() -> None:
    """A call that is answered and changes nothing is not taken for a success."""
    bucket = Mock(get_bucket_notification_configuration=Mock(return_value={}))
    with pytest.raises(OperationError, match="found them off still"):
        switch_on(bucket, read_notifications(bucket, "landing"))
