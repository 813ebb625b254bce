"""Which of the CDK's bootstrap stacks is used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.commands.doctor.checks.account import setup
from cli.commands.doctor.finding import Level
from cli.deploying.bootstrap import bootstrap_command, qualifier_of, shared_assets, version_parameter
from tests.cli.commands.doctor.fake_account import FakeAccount, findings_of, refused


def project(root: Path, qualifier: str | None) -> Path:
    """Make a project whose cdk.json names a qualifier, or none."""
    context = {} if qualifier is None else {"@aws-cdk/core:bootstrapQualifier": qualifier}
    (root / "cdk.json").write_text(json.dumps({"app": "python app.py", "context": context}))
    return root


@pytest.mark.parametrize(("given", "found"), [(None, "hnb659fds"), ("", "hnb659fds"), ("team42", "team42")])
def test_the_qualifier_is_that_of_cdk_json(given: str | None, found: str, tmp_path: Path) -> None:
    """As synthesis reads it."""
    assert qualifier_of(project(tmp_path, given)) == found


def test_everything_of_a_bootstrap_stack_has_its_qualifier(tmp_path: Path) -> None:
    """The parameter, the repository, the bucket, and the command that makes it beside others'."""
    sts: Any = FakeAccount().client("sts")
    shared = shared_assets(sts, project(tmp_path, "team42"))
    assert shared.repository == "cdk-team42-container-assets-1-us-east-1"
    assert shared.bucket == "cdk-team42-assets-1-us-east-1"
    assert version_parameter("team42") == "/cdk-bootstrap/team42/version"
    assert "--qualifier team42 --toolkit-stack-name CDKToolkit-team42" in bootstrap_command("team42")
    assert bootstrap_command("hnb659fds") == "cdk bootstrap"


def test_doctor_asks_for_the_bootstrap_stack_of_the_qualifier(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of another qualifier does not count."""
    monkeypatch.setattr(setup, "qualifier_of", lambda: "team42")
    missing = refused("ParameterNotFound")
    [(level, text, fix)] = findings_of(setup.bootstrap, GetParameter=missing)
    assert (level, "team42" in text, "--qualifier team42" in fix) == (Level.WARNING, True, True)
