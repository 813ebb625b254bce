"""Roles of steps that outlive the stacks are found, those that go with a stack are not counted."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.operate.removal.kept import Kept, find_kept
from sluice.operate.removal.roles import POLICY, ROLE
from sluice.operate.removal.stacks import Stack
from tests.sluice.operate.removal.test_kept import RESOURCES, TEMPLATES, Pages, Stacks


def _definition(name: str, role: str) -> dict[str, Any]:
    roles = {"jobRoleArn": f"arn:aws:iam::1:role/{role}", "executionRoleArn": "arn:aws:iam::1:role/other"}
    return {"jobDefinitionName": name, "containerProperties": roles}


def test_roles_of_this_and_earlier_deploys_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pipelines' own role goes with the stack; another app's is not ours; a policy goes with its role."""
    monkeypatch.setitem(
        TEMPLATES, "one", {**TEMPLATES["one"], "Step": {"DeletionPolicy": "RetainExceptOnCreate"}}
    )
    monkeypatch.setitem(TEMPLATES["one"], "StepPolicy", {"DeletionPolicy": "RetainExceptOnCreate"})
    more = [
        ("Step", ROLE, "SluicePipelines-Step-1"),
        ("StepPolicy", POLICY, "policy"),
        ("Role", ROLE, "SluicePipelines-Role-1"),
    ]
    monkeypatch.setitem(RESOURCES, "one", [*RESOURCES["one"], *more])
    names = ("SluicePipelines-Step-1", "SluicePipelines-Role-1", "SluicePipelines-Step-0", "Others-Step-1")
    definitions = Pages({"jobDefinitions": [_definition(f"d{n}", one) for n, one in enumerate(names)]})
    found = find_kept(Stacks(), definitions, [Stack("SluicePipelines", "one", is_deleted=False)])
    assert [one for one in found if one.kind in (ROLE, POLICY)] == [
        Kept(ROLE, "SluicePipelines-Step-0"),
        Kept(ROLE, "SluicePipelines-Step-1"),
    ]
