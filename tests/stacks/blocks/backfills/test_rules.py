"""Templates of pipelines with ``reconcile=`` and ``inventory=`` keep the rules of cfn-lint and cdk-nag."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from aws_cdk import Validations
from cdk_nag import AwsSolutionsChecks
from cfnlint.api import lint_all

from tests.stacks.blocks.backfills.test_grants import PIPELINES
from tests.stacks.exceptions import EXCEPTIONS, Exception_
from tests.stacks.projects import composed, project
from tests.stacks.test_permissions import read_findings

OWN = (
    Exception_(
        r"(sales|fleet)/Jobs/JobRole",
        r"arn:<AWS::Partition>:s3:::(team|fleet)-landing/in/\*",
        "The files of a bucket that the pipeline's trigger names, below its prefix.",
    ),
    Exception_(
        r"fleet-backfill/Jobs/JobRole",
        r"arn:<AWS::Partition>:s3:::team-reports/all<\$>/fleet-landing/daily/\*",
        "The reports that the pipeline's trigger names, below their folder.",
    ),
)
_WILDCARD = re.compile(r"AwsSolutions-IAM5\[Resource::(?P<resource>.*)\]")


def test_the_template_keeps_the_rules_and_every_wildcard_has_a_reason(tmp_path: Path) -> None:
    """Of jobs that list, that gather, and that read reports, and of their schedules."""
    app = composed(project(tmp_path / "project", PIPELINES), tmp_path / "out")
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()
    findings = read_findings(tmp_path / "out" / "validation-report.json")
    assert any("backfill" in path for _, path in findings)
    left = [
        (rule, path)
        for rule, path in findings
        if not (found := _WILDCARD.fullmatch(rule))
        or not any(one.covers(path, found["resource"]) for one in (*EXCEPTIONS, *OWN))
    ]
    assert left == []
    for template in sorted((tmp_path / "out").glob("*.template.json")):
        found = lint_all(template.read_text())
        # Of W3005 see tests/stacks/test_everything_named.py.
        kept = [one for one in found if one.rule.id[0] != "I" and one.rule.id != "W3005"]
        assert [f"{template.name}: {one.rule.id} {one.message}" for one in kept] == []
