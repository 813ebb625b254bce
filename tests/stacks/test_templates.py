"""The templates as a whole: what cfn-lint finds in them, and that they change only on purpose.

After a wanted change: UPDATE_SNAPSHOTS=1 pytest tests/stacks/test_templates.py, and read the difference
before it is committed.
"""

import json
import os
import re
from pathlib import Path

import pytest
from cfnlint.api import lint_all

from tests.stacks.templates import STACKS, Template

SNAPSHOTS = Path(__file__).parent / "snapshots"
# What the CDK itself writes, and why it is harmless.
ACCEPTED = {"W3005": "a function waits for its role by name as well as by reference"}
# Some Regions have no function URLs, or no Amazon Cognito; a deploy there needs SLUICE_WEBHOOKS=false, or a
# provider of the company's own.
NOT_EVERYWHERE = re.compile(r"Resource type 'AWS::(Lambda::Url|Cognito::\w+)' does not exist in")


@pytest.mark.parametrize("stack", STACKS)
def test_template_is_as_it_was(templates: dict[str, Template], stack: str) -> None:
    """The normalised template equals its snapshot."""
    snapshot = SNAPSHOTS / f"{stack}.json"
    found = json.dumps(templates[stack].normalised(), indent=1, sort_keys=True) + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        snapshot.parent.mkdir(exist_ok=True)
        snapshot.write_text(found)
    assert json.loads(found) == json.loads(snapshot.read_text()), (
        "Wanted? Run this test with UPDATE_SNAPSHOTS=1 and read the difference."
    )


@pytest.mark.parametrize("stack", STACKS)
def test_cfn_lint_finds_nothing(templates: dict[str, Template], stack: str) -> None:
    """CloudFormation's own schemas and rules accept the template: no error and no warning."""
    assert lint(templates[stack]) == []


def lint(template: Template) -> list[str]:
    """Return what cfn-lint finds in a template, without what is accepted here."""
    found = lint_all(template.path.read_text())
    serious = [
        one
        for one in found
        if one.rule.id[0] != "I" and one.rule.id not in ACCEPTED and not NOT_EVERYWHERE.match(one.message)
    ]
    return [f"{one.rule.id} {one.message}" for one in serious]


def test_every_dependency_points_back(templates: dict[str, Template]) -> None:
    """A stack imports only from those before it, so that they can be deployed in this order."""
    for position, stack in enumerate(STACKS):
        later = STACKS[position:]
        text = json.dumps(templates[stack].document)
        assert [
            one
            for one in later
            if f"Sluice{one}:Exports" in text.replace(f'"Name": "Sluice{stack}:Exports', "")
        ] == []


def test_no_resource_of_the_compute_or_control_stack_changes_with_a_pipeline(
    templates: dict[str, Template],
) -> None:
    """The names of pipelines are in the pipelines stack alone."""
    names = {
        one["JobDefinitionName"].split("-")[1]
        for one in templates["Pipelines"].properties("AWS::Batch::JobDefinition")
    }
    for stack in ("Storage", "Compute", "Control"):
        assert not [name for name in names if f"{name}-" in json.dumps(templates[stack].document)]


@pytest.mark.parametrize("stack", STACKS)
def test_cfn_lint_finds_nothing_with_nat(with_nat: dict[str, Template], stack: str) -> None:
    """CloudFormation's own schemas and rules accept the templates with nodes as well."""
    assert lint(with_nat[stack]) == []
