"""The real `cdk bootstrap` and `cdk deploy` against the local cloud."""

import json
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from local.deployment.deploy import deploy
from local.errors import LocalCloudError
from local.paths import LocalCloudPaths
from local.server.process import control
from tests.local.server.test_cloud import client, role_with

OUTPUTS = {
    "InboxBucket",
    "ResultsBucket",
    "LedgerTable",
    "NormalQueue",
    "JobsVpc",
    "JobsSubnets",
    "JobsSecurityGroup",
}


def test_the_message_of_an_app_that_does_not_synthesise_is_shown(
    cloud: LocalCloudPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the app says when it refuses to synthesise is what the person reads."""
    monkeypatch.setenv("SLUICE_HOME", str(tmp_path / "home"))
    (tmp_path / "app.py").write_text("import sys\nsys.exit('Expected a prefix, found none.')\n")
    (tmp_path / "cdk.json").write_text(json.dumps({"app": f"{sys.executable} app.py"}))
    with pytest.raises(LocalCloudError, match=r"Expected a prefix, found none\."):
        deploy(cloud, print, tmp_path)


@pytest.mark.e2e
@pytest.mark.xdist_group("deployed")
def test_the_app_is_deployed(deployed_cloud: LocalCloudPaths) -> None:
    """Every stack is complete, and the outputs that clients use are there."""
    stacks = client(deployed_cloud, "cloudformation").describe_stacks()["Stacks"]
    assert {stack["StackStatus"] for stack in stacks} <= {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
    assert {output["OutputKey"] for stack in stacks for output in stack.get("Outputs", [])} >= OUTPUTS


@pytest.mark.e2e
@pytest.mark.xdist_group("deployed")
def test_iam_is_enforced_after_the_deploy(deployed_cloud: LocalCloudPaths) -> None:
    """From the deploy on, a role without policies may do nothing."""
    assert control(deployed_cloud, "GET", "iam") == {"enforce": True}
    with pytest.raises(ClientError, match="not authorized to perform: s3:ListAllMyBuckets"):
        client(deployed_cloud, "s3", **role_with(deployed_cloud)).list_buckets()


@pytest.mark.e2e
@pytest.mark.xdist_group("deployed")
def test_a_second_deploy_changes_nothing(deployed_cloud: LocalCloudPaths, deployed_project: Path) -> None:
    """Deploying the same sources again updates no stack and leaves IAM enforced."""
    said: list[str] = []
    deploy(deployed_cloud, said.append, deployed_project)
    stacks = [line for line in said if line.startswith("deploy     Sluice")]
    assert len(stacks) == 4
    assert all("(no changes)" in line for line in stacks)
    assert control(deployed_cloud, "GET", "iam") == {"enforce": True}
