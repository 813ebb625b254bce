"""The roles of a pipeline's jobs: what its file permits, to whom."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stacks.projects import composed, project
from tests.stacks.templates import Template, text

PIPELINE = """
from sluice import Allow, read, write
WORKGROUP = "arn:aws:athena:eu-west-1:123456789012:workgroup/reports"
pipeline = Pipeline(name="permitted", triggers=[Manual()], permissions=[read("s3://team-reference/rates/*")],
    steps=[
        Job("plain", run="work"),
        Job("query", run="work", permissions=[Allow("athena:StartQueryExecution", WORKGROUP)]),
        Job("copy", run="work", permissions=[write("s3://team-out/a.csv"), read("s3://team-in/b.csv")]),
        Job("again", run="work", permissions=[write("s3://team-out/a.csv"), read("s3://team-in/b.csv")]),
    ])
"""


@pytest.fixture(scope="module")
def permitted(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The pipelines stack of a pipeline with permissions."""
    root = project(tmp_path_factory.mktemp("permitted"), {"permitted": PIPELINE})
    out = tmp_path_factory.mktemp("out")
    composed(root, out).synth()
    return Template.read(next(Path(out).glob("*Pipelines.template.json")))


def roles(template: Template) -> dict[str, str]:
    """Return the logical id of each step's role."""
    definitions = template.properties("AWS::Batch::JobDefinition")
    return {
        one["JobDefinitionName"].split("-")[2]: one["ContainerProperties"]["JobRoleArn"]["Fn::GetAtt"][0]
        for one in definitions
    }


def allowed(template: Template, role: str) -> dict[str, set[str]]:
    """Return the resources of each action of a role."""
    found: dict[str, set[str]] = {}
    for statement in template.statements_of(role):
        for action in statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]:
            resources = statement["Resource"]
            listed = resources if isinstance(resources, list) else [resources]
            found.setdefault(action, set()).update(map(text, listed))
    return found


def test_a_step_with_permissions_has_its_own_role(permitted: Template) -> None:
    """Even where another has the same: each can lose them alone."""
    found = roles(permitted)
    steps = [found[name] for name in ("plain", "query", "copy", "again", "cleanup")]
    assert len(set(steps)) == 5, found


def test_the_pipelines_permissions_are_those_of_every_step(permitted: Template) -> None:
    """But not of the cleanup."""
    rates = "arn:<AWS::Partition>:s3:::team-reference/rates/*"
    found = roles(permitted)
    assert {
        name: rates in allowed(permitted, found[name]).get("s3:GetObject", set())
        for name in ("plain", "query", "copy", "cleanup")
    } == {"plain": True, "query": True, "copy": True, "cleanup": False}


def test_a_steps_own_permissions_are_its_own(permitted: Template) -> None:
    """Beside all that a job needs for its own run."""
    found = roles(permitted)
    query, plain = allowed(permitted, found["query"]), allowed(permitted, found["plain"])
    assert query["athena:StartQueryExecution"] == {"arn:aws:athena:eu-west-1:123456789012:workgroup/reports"}
    assert {action: one for action, one in query.items() if not action.startswith("athena:")} == plain
    assert "arn:<AWS::Partition>:s3:::team-out/a.csv" in allowed(permitted, found["copy"])["s3:PutObject"]


def test_a_listing_is_of_the_prefix_alone(permitted: Template) -> None:
    """And an object alone needs none."""
    listings = [
        one["Condition"]["StringLike"]["s3:prefix"]
        for one in permitted.statements_of(roles(permitted)["copy"])
        if one["Action"] == "s3:ListBucket" and "team" in text(one["Resource"])
    ]
    assert listings == ["rates/*"]


def test_roles_of_steps_outlive_the_deploy_that_takes_them_out(permitted: Template) -> None:
    """With their policies: job definitions of runs under way name them."""
    own = {roles(permitted)[name] for name in ("query", "copy", "again")}
    resources = permitted.document["Resources"]
    kept = {name for name in own if resources[name]["DeletionPolicy"] == "RetainExceptOnCreate"}
    policies = [
        one["DeletionPolicy"]
        for one in permitted.of_type("AWS::IAM::Policy").values()
        if one["Properties"]["Roles"][0]["Ref"] in own
    ]
    assert (kept, policies) == (own, ["RetainExceptOnCreate"] * 3)
