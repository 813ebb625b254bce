"""The buckets: encrypted, TLS only, never public, retained."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.reasons import accept

# A crashed upload leaves parts that cost money and that no listing shows:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpu-abort-incomplete-mpu-lifecycle-config.html
_FORGET_PARTS = s3.LifecycleRule(
    id="forget-parts-of-broken-uploads", abort_incomplete_multipart_upload_after=Duration.days(7)
)


def inbox_bucket(scope: Construct, construct_id: str) -> s3.Bucket:
    """Return the bucket that people upload to. It is versioned, so that a run reads the very object that
    started it, and S3 notifies EventBridge of its objects.
    """
    bucket = _bucket(scope, construct_id, versioned=True, lifecycle_rules=[_FORGET_PARTS])
    # `event_bridge_enabled=True` of the L2 would add a Lambda of its own (a custom resource) to write this
    # one property.
    resource = bucket.node.default_child
    assert isinstance(resource, s3.CfnBucket)  # noqa: S101 - narrows to what the L2 always makes
    resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
        event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
    )
    return bucket


def work_bucket(scope: Construct, construct_id: str, *, expire_after_days: int) -> s3.Bucket:
    """Return the bucket of what jobs pass on to each other. A run's cleanup empties its part; expiry is for
    runs whose cleanup never ran.
    """
    expire = s3.LifecycleRule(id="expire-what-cleanup-left", expiration=Duration.days(expire_after_days))
    return _bucket(scope, construct_id, lifecycle_rules=[expire, _FORGET_PARTS])


def results_bucket(scope: Construct, construct_id: str) -> s3.Bucket:
    """Return the bucket of what runs publish: objects stay until a user deletes them."""
    return _bucket(scope, construct_id, lifecycle_rules=[_FORGET_PARTS])


def _bucket(
    scope: Construct,
    construct_id: str,
    *,
    lifecycle_rules: Sequence[s3.LifecycleRule],
    versioned: bool | None = None,
) -> s3.Bucket:
    bucket = s3.Bucket(
        scope,
        construct_id,
        encryption=s3.BucketEncryption.S3_MANAGED,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        removal_policy=RemovalPolicy.RETAIN,
        versioned=versioned,
        lifecycle_rules=lifecycle_rules,
    )
    accept(
        bucket,
        "AwsSolutions-S1",
        "Server access logs are delivered on best effort, and a log bucket of their own would cost with every"
        " item that a child reads; the ledger names each run's input by version, and CloudTrail's data events"
        " are there for an audit trail.",
    )
    return bucket
