"""What outlives the stacks is removed, and only that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from moto import mock_aws

from sluice.operate.removal.data import DataRemover
from sluice.operate.removal.kept import BUCKET, DEFINITION, FILE, IMAGE, TABLE, Kept
from sluice.operate.removal.roles import ROLE

MANIFEST = {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"}
TOPIC = Kept("AWS::SNS::Topic", "topic")


@pytest.fixture
def remover() -> Iterator[DataRemover]:
    """A remover in an account of moto's."""
    with mock_aws():
        session: Any = botocore.session.get_session()
        of = {
            name: session.create_client(name, region_name="us-east-1")
            for name in ("s3", "dynamodb", "batch", "ecr", "iam")
        }
        yield DataRemover(
            s3=of["s3"], dynamodb=of["dynamodb"], batch=of["batch"], ecr=of["ecr"], iam=of["iam"]
        )


def test_a_bucket_goes_with_all_versions_of_its_objects(remover: DataRemover) -> None:
    """More than one call deletes, delete markers among them; another bucket stays."""
    s3: Any = remover.s3
    for bucket in ("inbox", "other"):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket="inbox", VersioningConfiguration={"Status": "Enabled"})
    for number in range(520):
        s3.put_object(Bucket="inbox", Key=f"{number % 510}", Body=b"")
    for number in range(510):
        s3.delete_object(Bucket="inbox", Key=f"{number}")
    seen: list[Kept] = []
    assert remover.remove([Kept(BUCKET, "inbox")], seen.append) == []
    assert [one["Name"] for one in s3.list_buckets()["Buckets"]] == ["other"]
    assert seen == [Kept(BUCKET, "inbox")]


def test_definitions_images_and_files_go_one_by_one(remover: DataRemover) -> None:
    """Every revision of a definition; the repository and the bucket that others share stay."""
    s3: Any = remover.s3
    batch: Any = remover.batch
    ecr: Any = remover.ecr
    properties = {
        "image": "busybox",
        "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "64"}],
    }
    for name in ("ours", "ours", "theirs"):
        batch.register_job_definition(
            jobDefinitionName=name, type="container", containerProperties=properties
        )
    s3.create_bucket(Bucket="assets")
    for key in ("TeamPipelines/1.json", "2.json"):
        s3.put_object(Bucket="assets", Key=key, Body=b"{}")
    ecr.create_repository(repositoryName="images")
    for tag in ("TeamPipelines-1", "0f"):
        ecr.put_image(
            repositoryName="images", imageManifest=json.dumps({**MANIFEST, "of": tag}), imageTag=tag
        )
    kept = [
        Kept(DEFINITION, "ours"),
        Kept(IMAGE, "TeamPipelines-1", "images"),
        Kept(FILE, "TeamPipelines/1.json", "assets"),
    ]
    assert remover.remove(kept, lambda _: None) == []
    active = batch.describe_job_definitions(status="ACTIVE")["jobDefinitions"]
    assert [one["jobDefinitionName"] for one in active] == ["theirs"]
    assert [one["imageTag"] for one in ecr.list_images(repositoryName="images")["imageIds"]] == ["0f"]
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="assets")["Contents"]] == ["2.json"]


def test_what_is_gone_is_no_failure_and_what_is_unknown_is_returned(remover: DataRemover) -> None:
    """A second attempt goes through."""
    kept = [Kept(BUCKET, "gone"), Kept(TABLE, "gone"), TOPIC, Kept(IMAGE, "t", "gone")]
    assert remover.remove(kept, lambda _: None) == [TOPIC]


def test_a_role_goes_with_its_policies(remover: DataRemover) -> None:
    """Its inline ones; of a managed one the attachment alone. A second time there is nothing to do."""
    iam: Any = remover.iam
    for name in ("ours", "theirs"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName="ours", PolicyName="inline", PolicyDocument=document)
    managed = iam.create_policy(PolicyName="managed", PolicyDocument=document)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="ours", PolicyArn=managed)
    for _ in range(2):
        assert remover.remove([Kept(ROLE, "ours")], lambda _: None) == []
    assert [one["RoleName"] for one in iam.list_roles()["Roles"]] == ["theirs"]
    assert iam.get_policy(PolicyArn=managed)["Policy"]["AttachmentCount"] == 0
