"""Every rule may fill the queues that it names, whatever CloudFormation makes of its name."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App

import app as entry
from local.emulator.patches.physical_names import made_up_name
from stacks.configuration import Configuration, ConfigurationError
from tests.stacks.deploys.features import IMPORTS
from tests.stacks.projects import project
from tests.stacks.synthesis import context
from tests.stacks.templates import STACKS, Template, many, text

LONGEST_PREFIX = "Prefix-fifteen1"
LONGEST_NAME = "p" * 36 + "-one"
LONGEST_RULE_NAME = 64
# AWS's own have 12 characters or 13: with the longer one less is left of the stack's name.
SUFFIX = "0" * 13
PIPELINE = f"""
pipeline = Pipeline(name="{LONGEST_NAME}", steps=[Job("work", run="work")], triggers=[
    Manual(), Schedule("rate(1 hour)"), AfterRun("first"),
    S3Upload(prefix="a/"), S3Upload(prefix="b/", group_within="1m"), S3Upload(bucket="team", prefix="d/"),
    FileSet("c/{{date}}/{{part}}.csv", expect=2),
])
"""
FIRST = 'pipeline = Pipeline(name="first", triggers=[Manual()], steps=[Job("work", run="work")])'


@pytest.fixture(scope="module")
def longest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Template]:
    """The templates of a Sluice with the longest prefix, of pipelines with the longest names."""
    files = {"first": FIRST, LONGEST_NAME.replace("-", "_"): IMPORTS + PIPELINE}
    root, out = tmp_path_factory.mktemp("root"), tmp_path_factory.mktemp("out")
    app = App(outdir=str(out), context=context())
    entry.compose(app, root=project(root, files), environment={"SLUICE_STACK_PREFIX": LONGEST_PREFIX})
    app.synth()
    return {name: Template.read(out / f"{LONGEST_PREFIX}{name}.template.json") for name in STACKS}


def unfilled(templates: dict[str, Template], prefix: str) -> list[tuple[str, str]]:
    """Return the rules with their targets that no statement of the queue's policy lets them fill."""
    policies = {stack: queue_policies(template) for stack, template in templates.items()}
    return [
        (name, queue)
        for stack, template in templates.items()
        for name, rule in template.of_type("AWS::Events::Rule").items()
        for target in rule["Properties"]["Targets"]
        for queue in (text(target["Arn"]), text(target["DeadLetterConfig"]["Arn"]))
        if not any(
            may_fill(pattern, name, made_up_name(f"{prefix}{stack}", name, SUFFIX, LONGEST_RULE_NAME))
            for pattern in patterns_of(policies, stack, queue)
        )
    ]


def queue_policies(template: Template) -> dict[str, list[str]]:
    """Return which rules may fill each queue of a stack, by the queues' logical ids."""
    found: dict[str, list[str]] = {}
    for policy in template.properties("AWS::SQS::QueuePolicy"):
        for queue in policy["Queues"]:
            found.setdefault(queue["Ref"], []).extend(allowed(policy["PolicyDocument"]["Statement"]))
    return found


def allowed(statements: list[dict[str, Any]]) -> list[str]:
    """Return the patterns of the rules that statements let fill a queue."""
    return [
        text(statement["Condition"]["ArnLike"]["aws:SourceArn"])
        for statement in statements
        if statement["Effect"] == "Allow" and "sqs:SendMessage" in many(statement["Action"])
        if "ArnLike" in statement.get("Condition", {})
    ]


def patterns_of(policies: dict[str, dict[str, list[str]]], stack: str, queue: str) -> list[str]:
    """Return the patterns of a queue's policy: of this stack's, or of an import of the control stack's."""
    imported = re.search(r"ExportsOutputFnGetAtt(\w+)Arn[0-9A-F]{8}>$", queue)
    if imported:
        return policies["Control"][imported[1]]
    return policies[stack][queue.removeprefix("<").partition(".")[0]]


def may_fill(pattern: str, logical_id: str, name: str) -> bool:
    """Return whether a pattern is a rule's own ARN, or matches its name."""
    return pattern == f"<{logical_id}.Arn>" or fnmatchcase(name, pattern.rpartition(":rule/")[2])


def test_the_longest_prefix_and_names_match_the_policies_of_the_queues(longest: dict[str, Template]) -> None:
    """Uploads of each kind, sets, requests, ends of runs and the sweeps, and their dead-letter queues."""
    rules = longest["Pipelines"].of_type("AWS::Events::Rule")
    # Of requests, others' requests, uploads, the set, the chain, and the sweep of groups.
    assert len(rules) == 2 + 1 + 3 + 1 + 1 + 1
    assert sum(len(name) > LONGEST_RULE_NAME // 2 for name in rules) > 4
    assert unfilled(longest, LONGEST_PREFIX) == []


def test_one_character_more_would_lose_every_upload(longest: dict[str, Template]) -> None:
    """So the bound of the prefix is where it has to be, and it is refused."""
    longer = f"{LONGEST_PREFIX}x"
    lost = unfilled(renamed(longest, longer), longer)
    assert {name for name, _ in lost} >= {
        name for name in longest["Pipelines"].of_type("AWS::Events::Rule") if "Upload" in name
    }
    with pytest.raises(ConfigurationError, match="SLUICE_STACK_PREFIX: expected a letter, then at most 14"):
        Configuration.read(lambda _: None, {"SLUICE_STACK_PREFIX": longer})


def renamed(templates: dict[str, Template], prefix: str) -> dict[str, Template]:
    """Return the templates as a longer prefix would have made them."""
    return {
        name: Template(Path(), _replaced(template.document, prefix)) for name, template in templates.items()
    }


def _replaced(value: Any, prefix: str) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(one, prefix) for key, one in value.items()}
    if isinstance(value, list):
        return [_replaced(one, prefix) for one in value]
    return value.replace(LONGEST_PREFIX, prefix) if isinstance(value, str) else value
