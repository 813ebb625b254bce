"""What must hold for the storage stack: its resources keep their ids, and outlive the stack."""

from __future__ import annotations

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


def test_only_the_work_bucket_expires(storage: Template) -> None:
    """What a person uploaded or came for is kept; what runs pass on is not."""
    resources = storage.document["Resources"]
    expiring = {name for name in STATEFUL if "ExpirationInDays" in json.dumps(resources[name])}
    assert expiring == {"WorkBF636A8B"}


def test_outputs_say_where_to_upload_and_where_to_look(storage: Template) -> None:
    """A person finds the buckets and the ledger by their outputs."""
    assert {"InboxBucket", "WorkBucket", "ResultsBucket", "LedgerTable"} <= set(storage.document["Outputs"])
