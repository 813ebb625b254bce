"""What must hold for the table of the ledger."""

from __future__ import annotations

from tests.stacks.templates import Template


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
    index, listed = ledger["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "unfinished"
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["unfinished", "created_at"]
    assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}
    assert listed["IndexName"] == "listed"
    assert [key["AttributeName"] for key in listed["KeySchema"]] == ["listed", "listed_at"]
    assert listed["Projection"] == {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["listed_run"]}
