"""A project whose steps use all that a step may have: its templates, its permissions, and that our Batch
engine accepts it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks
from cfnlint.api import lint_all

from local.batch.cloudformation import HANDLERS
from local.batch.engine import Engine
from tests.stacks.exceptions import EXCEPTIONS, OF_STEPS
from tests.stacks.projects import composed
from tests.stacks.templates import STACKS, Template, text
from tests.stacks.test_permissions import read_findings


@pytest.mark.parametrize("stack", STACKS)
def test_cfn_lint_finds_nothing(everything: dict[str, Template], stack: str) -> None:
    """CloudFormation's own schemas and rules accept all of it."""
    found = lint_all(everything[stack].path.read_text())
    assert [
        f"{one.rule.id} {one.message}" for one in found if one.rule.id[0] != "I" and one.rule.id != "W3005"
    ] == []


def test_every_wildcard_has_a_reason(everything_root: Path, tmp_path: Path) -> None:
    """cdk-nag finds nothing but wildcards with a reason, also where steps ask for secrets, registries and
    machines of their own.
    """
    app: App = composed(everything_root, tmp_path / "nag")
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()
    findings = read_findings(tmp_path / "nag" / "validation-report.json")
    pattern = re.compile(r"AwsSolutions-IAM5\[Resource::(?P<resource>.*)\]")
    left = [
        (rule, path)
        for rule, path in findings
        if not (found := pattern.fullmatch(rule))
        or not any(one.covers(path, found["resource"]) for one in (*EXCEPTIONS, *OF_STEPS))
    ]
    assert left == []


def test_the_engine_takes_what_the_stacks_make(everything: dict[str, Template]) -> None:
    """Every environment, queue, policy and definition is a request that Batch's model and our engine's rules
    accept, in this order.
    """
    with Engine() as engine:
        handlers = HANDLERS(engine.api)
        made: dict[str, str] = {}
        kinds = ("ComputeEnvironment", "SchedulingPolicy", "JobQueue", "JobDefinition")
        for kind in kinds:
            for template in (everything["Compute"], everything["Pipelines"]):
                for name, properties in resources(template, f"AWS::Batch::{kind}", made):
                    made[name] = handlers[f"AWS::Batch::{kind}"]["create"](name, properties, "stack")[0]
        listed = engine.api.call("DescribeJobDefinitions", {"status": "ACTIVE"})["jobDefinitions"]
        assert len(listed) == 10 + 2
        assert len(engine.api.call("DescribeJobQueues", {})["jobQueues"]) == len(
            everything["Compute"].of_type("AWS::Batch::JobQueue")
        )


def resources(template: Template, kind: str, made: dict[str, str]) -> list[tuple[str, dict[str, Any]]]:
    """Return a template's resources of a type with placeholders, or what was made, for what CloudFormation
    fills in.
    """
    return [
        (name, flat(one["Properties"], lambda value: filled(value, made)))
        for name, one in template.of_type(kind).items()
    ]


def filled(value: dict[str, Any], made: dict[str, str]) -> str:
    """Return a placeholder for an intrinsic function."""
    attribute = value.get("Fn::GetAtt", [""])
    return made.get(attribute[0], re.sub(r"[<>]", "", text(value)))


def flat(value: Any, resolve: Callable[[dict[str, Any]], str]) -> Any:
    """Return a value without intrinsic functions."""
    if isinstance(value, list):
        return [flat(one, resolve) for one in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref")):
        return resolve(value)
    return {name: flat(one, resolve) for name, one in value.items()}
