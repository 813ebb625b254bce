"""Statements of an event bus's policy, as CloudFormation makes, changes and deletes them."""

from __future__ import annotations

from typing import Any

from local.emulator.additions.bus_policies import handlers


def test_a_statement_comes_changes_and_goes_and_others_stay() -> None:
    """It is found by its id, in the bus that it names."""
    buses: dict[str, list[dict[str, Any]]] = {"default": [{"Sid": "theirs"}], "own": []}
    of = handlers(lambda bus: buses[bus])["AWS::Events::EventBusPolicy"]
    first = {"StatementId": "ours", "Statement": {"Effect": "Allow", "Action": "events:PutEvents"}}
    physical, _ = of["create"]("Logical", first, "stack")
    assert buses["default"] == [{"Sid": "theirs"}, {**first["Statement"], "Sid": "ours"}]  # type: ignore[dict-item]
    moved = {**first, "EventBusName": "own"}
    of["update"](physical, first, moved, "stack")
    assert [[one["Sid"] for one in found] for found in buses.values()] == [["theirs"], ["ours"]]
    of["delete"](physical, moved)
    assert buses == {"default": [{"Sid": "theirs"}], "own": []}
