"""The real `cdk bootstrap` and `cdk deploy` against the local cloud."""

import json
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from local.deployment.deploy import deploy
from local.errors import LocalCloudError
from local.paths import LocalCloudPaths
from local.server.process import control
from tests.local.server.entry.test_guard import FIXED_KEY, FORM, sent
from tests.local.server.test_cloud import client, role_with

NO_CHANGES = "(no changes)"
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
def test_the_app_is_deployed(deployed_cloud: LocalCloudPaths) -> None:
    """Every stack is complete, and the outputs that clients use are there."""
    stacks = client(deployed_cloud, "cloudformation").describe_stacks()["Stacks"]
    assert {stack["StackStatus"] for stack in stacks} <= {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
    assert {output["OutputKey"] for stack in stacks for output in stack.get("Outputs", [])} >= OUTPUTS


@pytest.mark.e2e
def test_iam_is_enforced_after_the_deploy(deployed_cloud: LocalCloudPaths) -> None:
    """From the deploy on, a role without policies may do nothing."""
    assert control(deployed_cloud, "GET", "iam") == {"enforce": True}
    with pytest.raises(ClientError, match="not authorized to perform: s3:ListAllMyBuckets"):
        client(deployed_cloud, "s3", **role_with(deployed_cloud)).list_buckets()


@pytest.mark.e2e
def test_nobody_else_gets_in(deployed_cloud: LocalCloudPaths) -> None:
    """With the app deployed as without it: neither a page of another site, nor a stranger with known keys."""
    pages = [FORM, {"Host": f"evil.example:{deployed_cloud.port}"}, {"Authorization": FIXED_KEY}, {}]
    for given in pages:
        for method, path in (("POST", "/2015-03-31/functions"), ("PUT", "/_sluice/iam"), ("OPTIONS", "/")):
            with sent(deployed_cloud, method, path, given, b"{}") as answer:
                assert (given, method, answer.status) == (given, method, 403)
    wrong = [{"aws_secret_access_key": "test"}, {"aws_access_key_id": "test"}, *guessed(deployed_cloud)]
    for credentials in wrong:
        with pytest.raises(ClientError, match=r"InvalidAccessKeyId|SignatureDoesNotMatch"):
            client(deployed_cloud, "s3", **credentials).list_buckets()
    folders = (deployed_cloud.state, deployed_cloud.images, deployed_cloud.temporary)
    assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o700}


def guessed(paths: LocalCloudPaths) -> list[dict[str, str]]:
    """Return the credentials that ministack would have given to each function: anybody can derive them."""
    functions = client(paths, "lambda").list_functions()["Functions"]
    assert functions
    digests = [sha256(f"{one['FunctionArn']}:{one['Role']}".encode()).hexdigest() for one in functions]
    return [
        {
            "aws_access_key_id": f"ASIA{digest[:16].upper()}",
            "aws_secret_access_key": sha256(f"secret:{digest}".encode()).hexdigest(),
            "aws_session_token": sha256(f"token:{digest}".encode()).hexdigest(),
        }
        for digest in digests
    ]


def stacks_said(paths: LocalCloudPaths, root: Path) -> list[str]:
    """Deploy a project, and return what was said of each stack."""
    said: list[str] = []
    deploy(paths, said.append, root)
    return [line for line in said if line.startswith("deploy     Sluice")]


@pytest.mark.e2e
def test_a_second_deploy_changes_nothing(deployed_cloud: LocalCloudPaths, deployed_project: Path) -> None:
    """Deploying the same sources again updates no stack and leaves IAM enforced. Where other tests have
    deployed by a shorter way, the first deploy is whole, and the one after it changes nothing.
    """
    stacks = stacks_said(deployed_cloud, deployed_project)
    if not all(NO_CHANGES in line for line in stacks):
        stacks = stacks_said(deployed_cloud, deployed_project)
    assert len(stacks) == 4
    assert all(NO_CHANGES in line for line in stacks)
    assert control(deployed_cloud, "GET", "iam") == {"enforce": True}
