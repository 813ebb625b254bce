"""What must hold for the buckets and the ledger."""

import json

from tests.stacks.templates import Template

# A changed logical id of one of these would make CloudFormation start a new, empty one.
STATEFUL = {
    "InboxA8E05DC3": "AWS::S3::Bucket",
    "WorkBF636A8B": "AWS::S3::Bucket",
    "Results25575328": "AWS::S3::Bucket",
    "LedgerB7379752": "AWS::DynamoDB::Table",
}


def test_stateful_resources_keep_their_logical_ids(storage: Template) -> None:
    """The buckets and the table are the same resources as in every release before."""
    kinds = set(STATEFUL.values())
    assert {
        name: one["Type"] for name, one in storage.document["Resources"].items() if one["Type"] in kinds
    } == STATEFUL


def test_what_holds_data_outlives_the_stack(storage: Template) -> None:
    """Deleting the stack, or replacing a resource, deletes no data."""
    for name in STATEFUL:
        resource = storage.document["Resources"][name]
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


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


def test_only_the_work_bucket_expires(storage: Template) -> None:
    """What a person uploaded or came for is kept; what runs pass on is not."""
    resources = storage.document["Resources"]
    expiring = {name for name in STATEFUL if "ExpirationInDays" in json.dumps(resources[name])}
    assert expiring == {"WorkBF636A8B"}


def test_uploads_are_versioned_and_heard_of(storage: Template) -> None:
    """A run can read the very version that started it, and EventBridge hears of it without a Lambda of the
    CDK's.
    """
    inbox = storage.document["Resources"]["InboxA8E05DC3"]["Properties"]
    assert inbox["VersioningConfiguration"] == {"Status": "Enabled"}
    assert inbox["NotificationConfiguration"] == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    assert storage.of_type("AWS::Lambda::Function") == {}


def test_ledger_costs_nothing_while_idle_and_can_be_restored(storage: Template) -> None:
    """The table is paid by request, restorable to any second, and forgets what has expired."""
    (ledger,) = storage.properties("AWS::DynamoDB::Table")
    assert ledger["BillingMode"] == "PAY_PER_REQUEST"
    assert "SSESpecification" not in ledger, "the key that AWS owns encrypts always, and costs nothing"
    assert ledger["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert ledger["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}


def test_ledger_has_the_sparse_index_of_unfinished_runs(storage: Template) -> None:
    """The sweep finds the runs that have not ended without reading the others."""
    (ledger,) = storage.properties("AWS::DynamoDB::Table")
    assert [key["AttributeName"] for key in ledger["KeySchema"]] == ["pk", "sk"]
    (index,) = ledger["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "unfinished"
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["unfinished", "created_at"]
    assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}


def test_outputs_say_where_to_upload_and_where_to_look(storage: Template) -> None:
    """A person finds the buckets and the ledger by their outputs."""
    assert {"InboxBucket", "WorkBucket", "ResultsBucket", "LedgerTable"} <= set(storage.document["Outputs"])
