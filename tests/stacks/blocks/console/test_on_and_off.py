"""The console comes and goes with its setting: what it adds to the templates, and that nothing else changes.

After a wanted change: UPDATE_SNAPSHOTS=1 pytest tests/stacks/blocks/console/test_on_and_off.py, and read the
difference before it is committed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.stacks.templates import STACKS, Template
from tests.stacks.test_templates import SNAPSHOTS, lint

ADDED = SNAPSHOTS / "Console.json"
# What a removed stack resource would leave, or ask for by itself.
_DELETED = (None, "Delete")
_PARTS = ("Resources", "Outputs", "Parameters", "Conditions", "Mappings")
Parts = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def with_console(assembly: Path) -> dict[str, Template]:
    """The templates with the console, by the stacks' names."""
    return {name: Template.read(assembly / f"Sluice{name}.template.json") for name in STACKS}


@pytest.fixture(scope="module")
def without() -> dict[str, Parts]:
    """The templates without the console, as their snapshots have them."""
    return {name: json.loads((SNAPSHOTS / f"{name}.json").read_text()) for name in STACKS}


def _added(found: Mapping[str, Any], before: Mapping[str, Any]) -> Parts:
    """Return what a template has that another one has not, by the parts of a template."""
    return {
        part: {name: one for name, one in found.get(part, {}).items() if name not in before.get(part, {})}
        for part in _PARTS
        if set(found.get(part, {})) - set(before.get(part, {}))
    }


def _added_by_stack(with_console: Mapping[str, Template], without: Mapping[str, Parts]) -> dict[str, Parts]:
    found = {name: _added(with_console[name].normalised(), without[name]) for name in STACKS}
    return {name: parts for name, parts in found.items() if parts}


def test_what_the_console_adds_is_as_it_was(
    with_console: dict[str, Template], without: dict[str, Parts]
) -> None:
    """Resources and outputs of the control stack, and where the catalog is in that of the pipelines."""
    found = json.dumps(_added_by_stack(with_console, without), indent=1, sort_keys=True) + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        ADDED.write_text(found)
    assert json.loads(found) == json.loads(ADDED.read_text()), (
        "Wanted? Run this test with UPDATE_SNAPSHOTS=1 and read the difference."
    )
    assert set(json.loads(found)) == {"Control", "Pipelines"}
    assert set(json.loads(found)["Pipelines"]) == {"Outputs"}


def test_nothing_else_is_another_one(with_console: dict[str, Template], without: dict[str, Parts]) -> None:
    """So a deploy that turns it on, or off, touches nothing that is there."""
    for name in STACKS:
        found = with_console[name].normalised()
        for part in _PARTS:
            before = without[name].get(part, {})
            assert {one: found.get(part, {}).get(one) for one in before} == before, (name, part)


def test_nothing_of_it_stays_behind(with_console: dict[str, Template], without: dict[str, Parts]) -> None:
    """Neither people nor secrets, logs nor packages: CloudFormation deletes what a template has no more."""
    for parts in _added_by_stack(with_console, without).values():
        for name, one in parts.get("Resources", {}).items():
            policies = one.get("DeletionPolicy"), one.get("UpdateReplacePolicy")
            assert set(policies) <= set(_DELETED), (name, policies)


@pytest.mark.parametrize("stack", ["Control", "Pipelines"])
def test_cfn_lint_finds_nothing(with_console: dict[str, Template], stack: str) -> None:
    """CloudFormation's own schemas and rules accept the templates with the console."""
    assert lint(with_console[stack]) == []
