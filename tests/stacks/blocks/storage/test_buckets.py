"""What must hold for the buckets."""

from __future__ import annotations

from tests.stacks.templates import Template


def test_buckets_are_private_and_encrypted(storage: Template) -> None:
    """No bucket can be made public, and all encrypt what they hold."""
    for bucket in storage.properties("AWS::S3::Bucket"):
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_buckets_refuse_plain_http(storage: Template) -> None:
    """Each bucket's policy denies everything that comes without TLS."""
    policies = storage.properties("AWS::S3::BucketPolicy")
    assert len(policies) == 3
    for policy in policies:
        denied = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Deny"]
        assert {"Bool": {"aws:SecureTransport": "false"}} in [one["Condition"] for one in denied]


def test_buckets_forget_the_parts_of_broken_uploads(storage: Template) -> None:
    """Parts that no listing shows do not cost for ever."""
    for bucket in storage.properties("AWS::S3::Bucket"):
        rules = bucket["LifecycleConfiguration"]["Rules"]
        assert [
            rule for rule in rules if rule.get("AbortIncompleteMultipartUpload") == {"DaysAfterInitiation": 7}
        ]


def test_uploads_are_versioned_and_notified(storage: Template) -> None:
    """A run can read the very version that started it, and S3 notifies EventBridge of it without a Lambda of
    the CDK's.
    """
    inbox = storage.document["Resources"]["InboxA8E05DC3"]["Properties"]
    assert inbox["VersioningConfiguration"] == {"Status": "Enabled"}
    assert inbox["NotificationConfiguration"] == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    assert storage.of_type("AWS::Lambda::Function") == {}
