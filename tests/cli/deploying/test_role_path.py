"""Another path of the roles is refused where CloudFormation would refuse it, and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli.deploying.role_path import role_path_refusal
from stacks.configuration import Configuration
from tests.stacks.deploys.features import templates_of
from tests.stacks.templates import Template


class CloudFormation:
    """Has the stacks of some templates, by their names without the prefix."""

    def __init__(self, templates: dict[str, Template]) -> None:
        self._templates = templates

    def get_template(self, **request: Any) -> dict[str, Any]:
        """Return the template of a stack."""
        found = self._templates.get(request["StackName"].removeprefix("Sluice"))
        if found is None:
            raise ClientError({"Error": {"Code": "ValidationError", "Message": "no"}}, "GetTemplate")
        return {"TemplateBody": found.document}


def deployed(root: Path, feature: str) -> CloudFormation:
    """Return CloudFormation with the stacks of a project that has a feature."""
    return CloudFormation(templates_of(root / "project", root / "out", feature))


def test_a_role_that_the_pipelines_use_keeps_its_path(tmp_path: Path) -> None:
    """With what to do first; the same path is no change."""
    cloud = deployed(tmp_path, "results")
    said = role_path_refusal(cloud, Configuration(role_path="/team/"))
    assert said is not None
    assert "SLUICE_ROLE_PATH to stay '', found '/team/'" in said
    assert "without results= first" in said
    assert role_path_refusal(cloud, Configuration()) is None


@pytest.mark.parametrize("path", ["/team/", "/other/", None])
def test_without_results_in_a_bucket_of_a_team_the_path_may_change(tmp_path: Path, path: str | None) -> None:
    """From one to another, and away."""
    assert role_path_refusal(deployed(tmp_path, "role path"), Configuration(role_path=path)) is None


def test_the_first_deploy_has_any_path() -> None:
    """Nothing is there."""
    assert role_path_refusal(CloudFormation({}), Configuration(role_path="/team/")) is None
