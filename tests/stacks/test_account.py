"""What a company asks of everything in its account is in the templates."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError

import app as entry
from sluice.tags import APP, PIPELINE
from tests.stacks.deploys.features import IMPORTS
from tests.stacks.everything import EVERYTHING
from tests.stacks.exceptions import EXCEPTIONS, OF_STEPS, OF_THE_CONSOLE
from tests.stacks.projects import project
from tests.stacks.synthesis import context
from tests.stacks.templates import STACKS, Template, text
from tests.stacks.test_permissions import read_findings
from tests.stacks.test_templates import lint

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
BOUNDARY = "arn:aws:iam::111122223333:policy/boundary"
VPC = {
    "SLUICE_VPC_ID": "vpc-0123456789abcdef0",
    "SLUICE_SUBNET_IDS": "subnet-0123456789abcdef0,subnet-0123456789abcdef1",
    "SLUICE_SECURITY_GROUP_IDS": "sg-0123456789abcdef0",
    "SLUICE_INSTANCE_TYPES": "c7i.large",
}
COMPANY = VPC | {
    "SLUICE_CONSOLE": "true",
    "SLUICE_PERMISSIONS_BOUNDARY": BOUNDARY,
    "SLUICE_ROLE_PATH": "/team/data/",
    "SLUICE_KMS_KEY": KEY,
    "SLUICE_TAGS": "team=data, cost-center=42",
}
MORE = """
pipeline = Pipeline(name="more", triggers=[Webhook(rotate_days=7), Schedule("rate(1 hour)"),
    S3Upload(prefix="more/", group_within="1m")], submit_from="start-job", steps=[
    Plan("files"), Array("each", run="work", items_of="files"),
    MultiNode("train", nodes=2, image="busybox:1", command=["true"], instance_type="c7i.large"),
])
"""
LATER = """
pipeline = Pipeline(name="later", triggers=[
    S3Upload(prefix="later/", reconcile="7d"), FileSet("sets/{date}/{part}.csv", expect=24)],
    limits=[Limit("api", max_concurrency=3)], machines="own", results="s3://team-results/later/",
    tags={"purpose": "later"}, steps=[Job("one", run="work", uses={"api": 1})])
"""
CHAIN = """
pipeline = Pipeline(name="chain", triggers=[AfterRun("later")], steps=[Job("one", run="work")])
"""


def composed(root: Path, outdir: Path, **settings: str) -> App:
    """Return the app of a project with everything in it, which is not yet synthesised."""
    app = App(outdir=str(outdir), context=context())
    entry.compose(app, root=root, environment={"ALERT_EMAIL": "me@example.com", **settings})
    return app


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with every kind of step and trigger."""
    files = {"everything": EVERYTHING, "more": MORE, "later": LATER, "chain": CHAIN}
    return project(tmp_path_factory.mktemp("company"), {name: IMPORTS + text for name, text in files.items()})


@pytest.fixture(scope="module")
def company(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Template]:
    """The templates of that project with all that a company may ask for."""
    out = tmp_path_factory.mktemp("out")
    composed(root, out, **COMPANY).synth()
    return {name: Template.read(out / f"Sluice{name}.template.json") for name in STACKS}


def every(company: dict[str, Template], *kinds: str) -> list[dict[str, Any]]:
    """Return the properties of all resources of some types, of which there must be some."""
    found = [one for kind in kinds for template in company.values() for one in template.properties(kind)]
    assert found
    return found


@pytest.mark.parametrize("stack", STACKS)
def test_cfn_lint_finds_nothing(company: dict[str, Template], stack: str) -> None:
    """CloudFormation's own schemas and rules accept all of it."""
    assert lint(company[stack]) == []


def test_jobs_are_in_the_network_that_is_named_and_no_other_is_made(company: dict[str, Template]) -> None:
    """Subnets and groups as they are; no VPC, no gateway, no group of Sluice's own."""
    kinds = {one["Type"] for one in company["Compute"].document["Resources"].values()}
    assert not {kind for kind in kinds if kind.startswith("AWS::EC2::")} - {"AWS::EC2::LaunchTemplate"}
    managed = [
        one["ComputeResources"]
        for one in every(company, "AWS::Batch::ComputeEnvironment")
        if one["Type"] == "MANAGED"
    ]
    assert len(managed) >= 8
    for one in managed:
        assert ",".join(one["Subnets"]) == VPC["SLUICE_SUBNET_IDS"]
        assert one["SecurityGroupIds"] == [VPC["SLUICE_SECURITY_GROUP_IDS"]]
    outputs = {name: one["Value"] for name, one in company["Compute"].document["Outputs"].items()}
    assert outputs["JobsVpc"] == VPC["SLUICE_VPC_ID"]
    assert outputs["JobsSecurityGroup"] == VPC["SLUICE_SECURITY_GROUP_IDS"]


@pytest.mark.parametrize(("public", "address"), [("false", "DISABLED"), ("true", "ENABLED")])
def test_tasks_have_public_addresses_where_the_subnets_need_them(
    tmp_path: Path, public: str, address: str
) -> None:
    """And without named groups there is one in that VPC that lets nothing in."""
    job = 'Job("a", run="work", compute="fargate")'
    task = f'pipeline = Pipeline(name="one", triggers=[Manual()], steps=[{job}])'
    settings = {name: value for name, value in VPC.items() if name != "SLUICE_SECURITY_GROUP_IDS"}
    made = composed(
        project(tmp_path / "root", {"one": task}),
        tmp_path / "out",
        SLUICE_PUBLIC_ADDRESSES=public,
        **settings,
    )
    made.synth()
    pipelines = Template.read(tmp_path / "out" / "SluicePipelines.template.json")
    addresses = {
        one["ContainerProperties"]["NetworkConfiguration"]["AssignPublicIp"]
        for one in pipelines.properties("AWS::Batch::JobDefinition")
    }
    assert addresses == {address}
    (group,) = Template.read(tmp_path / "out" / "SluiceCompute.template.json").properties(
        "AWS::EC2::SecurityGroup"
    )
    assert group["VpcId"] == VPC["SLUICE_VPC_ID"]
    assert "SecurityGroupIngress" not in group


def test_every_role_has_the_boundary_and_the_path(company: dict[str, Template]) -> None:
    """Of jobs, Lambdas, machines, schedules and AWS Batch; instance profiles and policies have the path
    too.
    """
    roles = every(company, "AWS::IAM::Role")
    assert len(roles) > 15
    assert {one["PermissionsBoundary"] for one in roles} == {BOUNDARY}
    for kind in ("AWS::IAM::Role", "AWS::IAM::InstanceProfile", "AWS::IAM::ManagedPolicy"):
        assert {one.get("Path") for one in every(company, kind)} == {"/team/data/"}


KEYED = {
    "AWS::S3::Bucket": "KMSMasterKeyID",
    "AWS::DynamoDB::Table": "KMSMasterKeyId",
    "AWS::SQS::Queue": "KmsMasterKeyId",
    "AWS::SNS::Topic": "KmsMasterKeyId",
    "AWS::Logs::LogGroup": "KmsKeyId",
    "AWS::SecretsManager::Secret": "KmsKeyId",
    "AWS::EC2::LaunchTemplate": "KmsKeyId",
}


@pytest.mark.parametrize(("kind", "name"), KEYED.items())
def test_everything_that_keeps_data_is_encrypted_with_the_key(
    company: dict[str, Template], kind: str, name: str
) -> None:
    """Each in the property that its service has for it."""
    for one in every(company, kind):
        assert re.findall(rf"'{name}': '([^']+)'", str(one)) == [KEY]
        assert "SqsManagedSseEnabled" not in one


def test_who_reads_and_writes_may_use_the_key_through_its_services_alone(
    company: dict[str, Template],
) -> None:
    """The machines and AWS Batch itself may not: they keep nothing."""
    for template in company.values():
        for name, role in template.of_type("AWS::IAM::Role").items():
            policies = role["Properties"].get("Policies", [])
            if "InstanceRole" in name or "ServiceRole" in name:
                assert policies == []
                continue
            (statement,) = policies[0]["PolicyDocument"]["Statement"]
            assert statement["Resource"] == KEY
            via = [text(one) for one in statement["Condition"]["StringEquals"]["kms:ViaService"]]
            assert "dynamodb.<AWS::Region>.<AWS::URLSuffix>" in via


TAGS = {APP: "Sluice", "team": "data", "cost-center": "42"}
UNTAGGED = {
    # They would be replaced for a changed tag.
    "AWS::Batch::ComputeEnvironment",
    "AWS::Batch::JobQueue",
    "AWS::Batch::SchedulingPolicy",
}


def tags_of(resource: dict[str, Any]) -> dict[str, str] | None:
    """Return the tags of a resource, None of a type that takes none by AWS's own schema."""
    try:
        tagging = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource["Type"]).schema["tagging"]
    except (ResourceNotFoundError, KeyError):
        return None
    if not tagging["taggable"]:
        return None
    tags = resource.get("Properties", {}).get(tagging["tagProperty"].removeprefix("/properties/"), {})
    return {each["Key"]: each["Value"] for each in tags} if isinstance(tags, list) else tags


def test_everything_that_takes_tags_has_them(company: dict[str, Template]) -> None:
    """But for AWS Batch's queues, environments and policies, which CloudFormation would replace: these have
    only what never changes, and `make deploy` sets the others.
    """
    tagged = set()
    for template in company.values():
        for name, one in template.document["Resources"].items():
            tags = tags_of(one)
            if tags is None or one["Type"] in UNTAGGED:
                continue
            assert tags.items() >= TAGS.items(), name
            tagged.add(one["Type"])
    assert tagged >= {
        *(set(KEYED) - {"AWS::EC2::LaunchTemplate"}),
        "AWS::IAM::Role",
        "AWS::Lambda::Function",
        "AWS::Events::Rule",
        "AWS::CloudWatch::Alarm",
        "AWS::Batch::JobDefinition",
    }


def test_a_stack_has_only_the_tag_that_never_changes(company: dict[str, Template]) -> None:
    """CloudFormation gives the tags of a stack to all that is in it, its environments included."""
    manifest = json.loads((company["Compute"].path.parent / "manifest.json").read_text())
    stacks = [one for one in manifest["artifacts"].values() if one["type"] == "aws:cloudformation:stack"]
    assert [one["properties"]["tags"] for one in stacks] == [{APP: "Sluice"}] * len(STACKS)


def test_machines_and_their_disks_have_the_tags(company: dict[str, Template]) -> None:
    """Those that AWS Batch launches and a user's own; it hands on none of its environments' tags. Those of
    one pipeline have its tags too.
    """
    templates = [one["LaunchTemplateData"] for one in every(company, "AWS::EC2::LaunchTemplate")]
    found = [
        {one["ResourceType"]: {tag["Key"]: tag["Value"] for tag in one["Tags"]} for one in specifications}
        for specifications in (data["TagSpecifications"] for data in templates)
    ]
    own = TAGS | {PIPELINE: "later", "purpose": "later"}
    assert {"instance": own, "volume": own} in found
    assert [
        one
        for one in found
        if one not in ({"instance": own, "volume": own}, {"instance": TAGS, "volume": TAGS})
    ] == []


def test_cdk_nag_finds_only_wildcards_that_have_a_reason(root: Path, tmp_path: Path) -> None:
    """Also with all that a company asks for."""
    made = composed(root, tmp_path / "nag", **COMPANY)
    Validations.of(made).add_plugins(AwsSolutionsChecks(made))
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        made.synth()
    found = read_findings(tmp_path / "nag" / "validation-report.json")
    pattern = re.compile(r"AwsSolutions-IAM5\[Resource::(?P<resource>.*)\]")
    assert [
        (rule, path)
        for rule, path in found
        if not (match := pattern.fullmatch(rule))
        or not any(one.covers(path, match["resource"]) for one in (*EXCEPTIONS, *OF_STEPS, *OF_THE_CONSOLE))
    ] == []
