"""Every wildcard in an IAM statement has a reason, and stacks.reasons accepts what else cdk-nag finds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

import app as entry
from cli.project import EXAMPLES
from tests.stacks.exceptions import EXCEPTIONS
from tests.stacks.synthesis import ENVIRONMENT, context
from tests.stacks.templates import Template, many, text

_FINDING = re.compile(r"AwsSolutions-IAM5\[Resource::(?P<resource>.*)\]")


@pytest.fixture(scope="module")
def wildcards(templates: dict[str, Template]) -> set[tuple[str, str]]:
    """Every pair of a role and a resource with a wildcard."""
    return wildcards_of(templates.values())


def wildcards_of(templates: Iterable[Template]) -> set[tuple[str, str]]:
    """Return the pairs of roles and resources with wildcards in templates."""
    statements = [one for template in templates for one in template.statements()]
    return {
        (role, text(one))
        for role, statement in statements
        for one in many(statement["Resource"])
        if re.search(r"[*?]", text(one))
    }


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    """What cdk-nag's AwsSolutions pack finds and no construct accepts: the rule and the path of the
    construct.
    """
    # With NAT, so that the pipelines and the network that come with it are looked at as well.
    return nag(tmp_path_factory.mktemp("nag"), {"SLUICE_NAT": "true"})


def nag(directory: Path, settings: Mapping[str, str]) -> set[tuple[str, str]]:
    """Return what the pack finds in the app with these settings and no construct accepts."""
    app = App(outdir=str(directory), context=context())
    entry.compose(app, root=EXAMPLES, environment={**ENVIRONMENT, **settings})
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    # The CDK refuses an app with findings, by an exception without a class of its own; its report lists them.
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()
    return set(read_findings(directory / "validation-report.json"))


def read_findings(report: Path) -> list[tuple[str, str]]:
    """Return the rule and the construct's path of each finding in the CDK's report."""
    plugins = json.loads(report.read_text())["pluginReports"]
    violations = [violation for plugin in plugins for violation in plugin["violations"]]
    return [
        (violation["ruleName"], one["constructPath"])
        for violation in violations
        for one in violation["violatingConstructs"]
    ]


def test_every_wildcard_has_a_reason(wildcards: set[tuple[str, str]]) -> None:
    """A resource with a wildcard is in the list of exceptions for its role."""
    assert [
        one for one in sorted(wildcards) if not any(exception.covers(*one) for exception in EXCEPTIONS)
    ] == []


def test_every_exception_is_needed(wildcards: set[tuple[str, str]]) -> None:
    """An exception that covers nothing any more is taken off the list."""
    assert [
        exception for exception in EXCEPTIONS if not any(exception.covers(*one) for one in wildcards)
    ] == []


def test_no_statement_allows_all_actions_of_a_service(templates: dict[str, Template]) -> None:
    """Actions are named one by one."""
    allowed = [
        action
        for template in templates.values()
        for _, statement in template.statements()
        for action in many(statement["Action"])
    ]
    assert allowed
    assert [action for action in allowed if "*" in action] == []


def test_cdk_nag_finds_only_wildcards_that_have_a_reason(findings: set[tuple[str, str]]) -> None:
    """All else that AwsSolutions asks for is done, or accepted with a reason beside the construct."""
    assert findings, "the pack found nothing at all: it did not run"
    assert [finding for finding in sorted(findings) if not _has_reason(*finding)] == []


def _has_reason(rule: str, path: str) -> bool:
    found = _FINDING.fullmatch(rule)
    return found is not None and any(exception.covers(path, found["resource"]) for exception in EXCEPTIONS)
