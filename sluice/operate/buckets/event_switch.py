"""The switch of a bucket that has S3 send its events to EventBridge, beside all other notifications."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import ClientError

from sluice.operate.errors import OperationError

_SWITCH = "EventBridgeConfiguration"
_OTHERS = {
    "TopicConfigurations": "SNS topics",
    "QueueConfigurations": "SQS queues",
    "LambdaFunctionConfigurations": "Lambda functions",
}
_MISSING = ("404", "NoSuchBucket")
_NO_ACCESS = ("403", "AccessDenied")
_ELSEWHERE = ("301", "PermanentRedirect", "400", "AuthorizationHeaderMalformed")


class NotifyingBucket(Protocol):
    """The calls of a client of S3 that read and set a bucket's notifications."""

    def head_bucket(self, **request: Any) -> Mapping[str, Any]:
        """Return the bucket's Region."""

    def get_bucket_notification_configuration(self, **request: Any) -> Mapping[str, Any]:
        """Return the bucket's notifications."""

    def put_bucket_notification_configuration(self, **request: Any) -> Mapping[str, Any]:
        """Replace the bucket's notifications."""


@dataclass(frozen=True, slots=True)
class Notifications:
    """All notifications of a bucket, as S3 has them."""

    bucket: str
    configuration: Mapping[str, Any]

    @property
    def switched_on(self) -> bool:
        """Return whether S3 sends the bucket's events to EventBridge."""
        return _SWITCH in self.configuration

    @property
    def others(self) -> list[str]:
        """Return in words what else is notified, such as ``2 SQS queues``."""
        counts = {words: len(self.configuration.get(name, ())) for name, words in _OTHERS.items()}
        return [f"{count} {words}" for words, count in counts.items() if count]


def check_bucket(s3: NotifyingBucket, bucket: str, region: str) -> None:
    """Raise OperationError for a bucket that is not there, that the caller may not see, or that is in another
    Region than ``region``.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
    """
    try:
        answer = s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        raise _refused(error, bucket, region) from error
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    found = answer.get("BucketRegion") or headers.get("x-amz-bucket-region") or region
    if found != region:
        raise _elsewhere(bucket, region, found)


def _refused(error: ClientError, bucket: str, region: str) -> Exception:
    code = error.response["Error"]["Code"]
    if code in _MISSING:
        return OperationError(
            f"Expected the bucket {bucket}, found none of this name. Correct bucket= in the trigger, or make"
            " the bucket."
        )
    if code in _NO_ACCESS:
        return OperationError(
            f"Expected a bucket {bucket} that you may see, found one that refuses you: it is another"
            " account's, or your policies lack s3:ListBucket. Write account= in the trigger where it is"
            " another account's."
        )
    if code in _ELSEWHERE:
        return _elsewhere(bucket, region, "another Region")
    return error


def _elsewhere(bucket: str, region: str, found: str) -> OperationError:
    return OperationError(
        f"Expected the bucket {bucket} in {region}, found it in {found}. Write region= in the trigger: S3's"
        " events stay in the bucket's Region until a rule there forwards them."
    )


def read_notifications(s3: NotifyingBucket, bucket: str) -> Notifications:
    """Return the notifications of a bucket."""
    answer = dict(s3.get_bucket_notification_configuration(Bucket=bucket))
    answer.pop("ResponseMetadata", None)
    return Notifications(bucket, answer)


def switch_on(s3: NotifyingBucket, notifications: Notifications) -> None:
    """Have S3 send the bucket's events to EventBridge, and leave its other notifications as they are.

    The call replaces all of them, so all are given:
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html
    S3 tests the destinations only unless it is told not to, and they are none of ours.
    """
    s3.put_bucket_notification_configuration(
        Bucket=notifications.bucket,
        NotificationConfiguration={**notifications.configuration, _SWITCH: {}},
        SkipDestinationValidation=True,
    )
    if not read_notifications(s3, notifications.bucket).switched_on:
        raise OperationError(
            f"Expected the events of {notifications.bucket} to be switched on, found them off still. Try"
            " again."
        )
