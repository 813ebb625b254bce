"""Buckets that keep their notifications; moto's S3 forgets that events go to EventBridge."""

from __future__ import annotations

from typing import Any

import botocore.session
from botocore.exceptions import ClientError
from botocore.validate import validate_parameters

_MODEL: Any = botocore.session.get_session().get_service_model("s3")


class FakeBuckets:
    """The calls that read and set notifications, with parameters checked as botocore checks them."""

    def __init__(self, **regions: str) -> None:
        """Have buckets in these Regions, without notifications."""
        self.regions = regions
        self.notifications: dict[str, dict[str, Any]] = {bucket: {} for bucket in regions}

    def head_bucket(self, **request: Any) -> dict[str, Any]:
        """Return the Region of a bucket."""
        validate_parameters(request, _MODEL.operation_model("HeadBucket").input_shape)
        if request["Bucket"] not in self.regions:
            raise ClientError({"Error": {"Code": "404"}}, "HeadBucket")
        return {"BucketRegion": self.regions[request["Bucket"]]}

    def get_bucket_notification_configuration(self, **request: Any) -> dict[str, Any]:
        """Return the notifications of a bucket."""
        return {"ResponseMetadata": {}, **self.notifications[request["Bucket"]]}

    def put_bucket_notification_configuration(self, **request: Any) -> dict[str, Any]:
        """Replace the notifications of a bucket."""
        shape = _MODEL.operation_model("PutBucketNotificationConfiguration").input_shape
        validate_parameters(request, shape)
        self.notifications[request["Bucket"]] = dict(request["NotificationConfiguration"])
        return {}
