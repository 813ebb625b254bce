"""A project whose steps ask for all that a step may ask for: templates, permissions, and what our Batch
engine says of them.
"""

from __future__ import annotations

import json
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
from sluice.compute import Compute
from tests.stacks.exceptions import EXCEPTIONS, OF_STEPS
from tests.stacks.projects import composed, project
from tests.stacks.templates import STACKS, Template, many, text
from tests.stacks.test_permissions import read_findings

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab"
SECRET = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:theirs-AbCdEf"
EVERYTHING = f"""
pipeline = Pipeline(name="everything", triggers=[Manual(overrides=["memory", "queue"])], steps=[
    Job("usual", run="work", ulimits={{"nofile": 4096, "core": (0, -1)}},
        mounts=[HostMount(source="/scratch", path="/mnt/scratch")],
        retry=[EvaluateOnExit(action="RETRY", on_exit_code="3"),
               EvaluateOnExit(action="EXIT", on_reason="OutOfMemory*")]),
    Job("on-demand", run="work", compute="on_demand", queue="bulk", priority=10),
    Job("steady", run="work", queue="steady"),
    Job("moves", run="work", retries=Resubmit(times=1, reclaimed=2)),
    Job("task", run="work", compute="fargate", vcpus=0.25, memory=512, storage=50,
        mounts=[EfsMount(file_system="fs-0123456789abcdef0", access_point="fsap-0123456789abcdef0",
                         path="/mnt/shared", read_only=True)]),
    Job("spot-task", image="111122223333.dkr.ecr.eu-central-1.amazonaws.com/team/tool@sha256:{"0" * 64}",
        command=["tool", "Ref::size"],
        parameters={{"size": "small"}}, compute="fargate_spot", priority=0),
    Job("gpu", run="work", compute="gpu", gpus=1, vcpus=4, memory=8192),
    Job("arm", run="work", compute="arm"),
    Job("own", run="work", compute="unmanaged",
        mounts=[EfsMount(file_system="fs-0123456789abcdef0", path="/mnt/data", root="/data")]),
    Job("secret", run="work", secrets={{"NAME": "my-app/key", "FIELD": "my-app/login:password",
        "THEIRS": "{SECRET}:user::",
        "PARAMETER": "ssm:/my-app/key", "OURS": Secret(source="ours", kms_key="{KEY}")}}),
])
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project."""
    return project(tmp_path_factory.mktemp("everything"), {"everything": EVERYTHING})


@pytest.fixture(scope="module")
def named(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Template]:
    """Its templates by the stacks' names without the prefix."""
    directory = tmp_path_factory.mktemp("named")
    composed(root, directory).synth()
    return {name: Template.read(directory / f"Sluice{name}.template.json") for name in STACKS}


@pytest.fixture(scope="module")
def definitions(named: dict[str, Template]) -> dict[str, dict[str, Any]]:
    """Its job definitions by the steps' names."""
    found = named["Pipelines"].properties("AWS::Batch::JobDefinition")
    return {
        re.sub(r"sluice-everything-(.*)-[0-9a-f]{10}", r"\1", one["JobDefinitionName"]): one for one in found
    }


def statements_of(template: Template, role: str) -> dict[str, list[Any]]:
    """Return what a role may do: the resources by the action."""
    found: dict[str, list[Any]] = {}
    for owner, statement in template.statements():
        for action in many(statement["Action"]) if role in owner else []:
            found.setdefault(action, []).extend(text(one) for one in many(statement["Resource"]))
    return found


@pytest.mark.parametrize("stack", STACKS)
def test_cfn_lint_finds_nothing(named: dict[str, Template], stack: str) -> None:
    """CloudFormation's own schemas and rules accept all of it."""
    found = lint_all(named[stack].path.read_text())
    assert [
        f"{one.rule.id} {one.message}" for one in found if one.rule.id[0] != "I" and one.rule.id != "W3005"
    ] == []


def test_every_wildcard_has_a_reason(root: Path, tmp_path: Path) -> None:
    """cdk-nag finds nothing but wildcards with a reason, also where steps ask for secrets, registries and
    machines of their own.
    """
    app: App = composed(root, tmp_path / "nag")
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
    # Nobody is told of failures in this project: that is its own finding, and not of these stacks.
    assert left == []


def test_the_engine_takes_what_the_stacks_make(named: dict[str, Template]) -> None:
    """Every environment, queue, policy and definition is a request that Batch's model and our engine's rules
    accept, in this order.
    """
    with Engine() as engine:
        handlers = HANDLERS(engine.api)
        made: dict[str, str] = {}
        kinds = ("ComputeEnvironment", "SchedulingPolicy", "JobQueue", "JobDefinition")
        for kind in kinds:
            for template in (named["Compute"], named["Pipelines"]):
                for name, properties in resources(template, f"AWS::Batch::{kind}", made):
                    made[name] = handlers[f"AWS::Batch::{kind}"]["create"](name, properties, "stack")[0]
        listed = engine.api.call("DescribeJobDefinitions", {"status": "ACTIVE"})["jobDefinitions"]
        assert len(listed) == 10 + 2
        assert len(engine.api.call("DescribeJobQueues", {})["jobQueues"]) == len(
            named["Compute"].of_type("AWS::Batch::JobQueue")
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


def flat(value: Any, target: Callable[[dict[str, Any]], str]) -> Any:
    """Return a value without intrinsic functions."""
    if isinstance(value, list):
        return [flat(one, target) for one in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref")):
        return target(value)
    return {name: flat(one, target) for name, one in value.items()}


def test_each_step_has_the_queue_of_its_machines(named: dict[str, Template]) -> None:
    """One queue for each pair of queue and machines that is named, with and without priorities, and one for
    what Sluice adds.
    """
    assert sorted(one["JobQueueName"] for one in named["Compute"].properties("AWS::Batch::JobQueue")) == [
        "Sluice_arm-normal",
        "Sluice_fargate-normal",
        "Sluice_fargate-spot-normal-fair",
        "Sluice_gpu-normal",
        "Sluice_normal",
        "Sluice_on-demand-bulk-fair",
        "Sluice_steady",
        "Sluice_unmanaged-normal",
    ]
    variables = named["Control"].of_type("AWS::Lambda::Function")
    queues = {
        text(one["Properties"]["Environment"]["Variables"].get("SLUICE_QUEUES", "")).partition("=")[2]
        for one in variables.values()
    }
    assert (
        "arm-normal,fargate-normal,fargate-spot-normal-fair,gpu-normal,normal,on-demand-bulk-fair,steady,unmanaged-normal"
        in queues
    )


def test_a_fargate_task_says_what_it_needs(definitions: dict[str, dict[str, Any]]) -> None:
    """A size, an address to pull its image by, an architecture, a disk; and a lost task is tried again by
    Fargate's own words.
    """
    task = definitions["task"]
    assert task["PlatformCapabilities"] == ["FARGATE"]
    container = task["ContainerProperties"]
    assert container["NetworkConfiguration"] == {"AssignPublicIp": "ENABLED"}
    assert container["RuntimePlatform"] == {"CpuArchitecture": "X86_64", "OperatingSystemFamily": "LINUX"}
    assert container["EphemeralStorage"] == {"SizeInGiB": 50}
    assert {"Type": "VCPU", "Value": "0.25"} in container["ResourceRequirements"]
    assert {"Action": "RETRY", "OnStatusReason": "Your Spot Task was interrupted*"} in definitions[
        "spot-task"
    ]["RetryStrategy"]["EvaluateOnExit"]
    assert "NetworkConfiguration" not in definitions["usual"]["ContainerProperties"]


def test_nat_leaves_tasks_without_an_address(root: Path, tmp_path: Path) -> None:
    """Behind NAT a task has no public address."""
    composed(root, tmp_path, {"SLUICE_NAT": "true"}).synth()
    found = Template.read(tmp_path / "SluicePipelines.template.json").properties("AWS::Batch::JobDefinition")
    addresses = [one["ContainerProperties"].get("NetworkConfiguration") for one in found]
    assert [one for one in addresses if one] == [{"AssignPublicIp": "DISABLED"}] * 2


def test_a_command_has_its_parameters_and_a_job_its_priority(definitions: dict[str, dict[str, Any]]) -> None:
    """Defaults and priority stand in the definition; 0 is a priority too."""
    assert definitions["spot-task"]["Parameters"] == {"size": "small"}
    assert {
        name: one.get("SchedulingPriority")
        for name, one in definitions.items()
        if "SchedulingPriority" in one
    } == {
        "on-demand": 10,
        "spot-task": 0,
    }


def test_gpus_limits_and_folders(definitions: dict[str, dict[str, Any]]) -> None:
    """Each stands where Batch looks for it; IAM and TLS go with a file system."""
    assert {"Type": "GPU", "Value": "1"} in definitions["gpu"]["ContainerProperties"]["ResourceRequirements"]
    usual = definitions["usual"]["ContainerProperties"]
    assert usual["Ulimits"] == [
        {"Name": "core", "SoftLimit": 0, "HardLimit": -1},
        {"Name": "nofile", "SoftLimit": 4096, "HardLimit": 4096},
    ]
    assert usual["Volumes"] == [{"Name": "mount-0", "Host": {"SourcePath": "/scratch"}}]
    assert usual["MountPoints"] == [
        {"SourceVolume": "mount-0", "ContainerPath": "/mnt/scratch", "ReadOnly": False}
    ]
    (volume,) = definitions["task"]["ContainerProperties"]["Volumes"]
    assert volume["EfsVolumeConfiguration"] == {
        "FileSystemId": "fs-0123456789abcdef0",
        "TransitEncryption": "ENABLED",
        "AuthorizationConfig": {"AccessPointId": "fsap-0123456789abcdef0", "Iam": "ENABLED"},
    }
    (volume,) = definitions["own"]["ContainerProperties"]["Volumes"]
    assert volume["EfsVolumeConfiguration"]["RootDirectory"] == "/data"


def test_own_rules_come_before_the_machine_s(definitions: dict[str, dict[str, Any]]) -> None:
    """Sluice's own code first, then theirs, then a lost machine; everything else ends the job. Never more
    than five.
    """
    assert definitions["usual"]["RetryStrategy"]["EvaluateOnExit"] == [
        {"Action": "RETRY", "OnExitCode": "75"},
        {"Action": "RETRY", "OnExitCode": "3"},
        {"Action": "EXIT", "OnReason": "OutOfMemory*"},
        {"Action": "RETRY", "OnStatusReason": "Host EC2*"},
        {"Action": "EXIT", "OnReason": "*"},
    ]
    assert all(len(one["RetryStrategy"]["EvaluateOnExit"]) <= 5 for one in definitions.values())


def test_a_job_begins_no_more_often_than_it_may_lose_its_machine(
    definitions: dict[str, dict[str, Any]],
) -> None:
    """What has lost so many machines goes to others, and does not begin once more where they are taken."""
    assert [definitions[name]["RetryStrategy"]["Attempts"] for name in ("usual", "moves")] == [5, 2]


def test_a_start_may_read_the_secrets_that_are_named_and_no_others(named: dict[str, Template]) -> None:
    """One resource for each; the six characters that only AWS knows are a pattern for exactly those."""
    allowed = statements_of(named["Pipelines"], "ExecutionRole")
    here = "arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret"
    assert sorted(allowed["secretsmanager:GetSecretValue"]) == sorted(
        [f"{here}:my-app/key-??????", f"{here}:my-app/login-??????", f"{here}:ours-??????", SECRET]
    )
    assert allowed["ssm:GetParameters"] == [
        "arn:<AWS::Partition>:ssm:<AWS::Region>:<AWS::AccountId>:parameter/my-app/key"
    ]
    assert allowed["kms:Decrypt"] == [KEY]


def test_secrets_reach_the_job_by_their_address(definitions: dict[str, dict[str, Any]]) -> None:
    """No value is in the template, only where Batch finds it."""
    here = "arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret"
    assert {
        one["Name"]: text(one["ValueFrom"]) for one in definitions["secret"]["ContainerProperties"]["Secrets"]
    } == {
        "NAME": f"{here}:my-app/key",
        "FIELD": f"{here}:my-app/login:password::",
        "THEIRS": f"{SECRET}:user::",
        "PARAMETER": "arn:<AWS::Partition>:ssm:<AWS::Region>:<AWS::AccountId>:parameter/my-app/key",
        "OURS": f"{here}:ours",
    }


def test_a_start_may_pull_from_the_registry_that_is_named(named: dict[str, Template]) -> None:
    """The repository of another account and Region, by its own ARN."""
    pulled = statements_of(named["Pipelines"], "ExecutionRole")["ecr:BatchGetImage"]
    assert "arn:<AWS::Partition>:ecr:eu-central-1:111122223333:repository/team/tool" in pulled


def test_a_job_may_mount_what_it_names(named: dict[str, Template]) -> None:
    """Through the access point only where there is one; reading is all that a read-only mount may do."""
    service = "arn:<AWS::Partition>:elasticfilesystem:<AWS::Region>:<AWS::AccountId>"
    system = f"{service}:file-system/fs-0123456789abcdef0"
    found = [
        one
        for role, one in named["Pipelines"].statements()
        if "elasticfilesystem:ClientMount" in many(one["Action"])
    ]
    assert [text(one["Resource"]) for one in found] == [system, system]
    through: dict[str, Any] = {json.dumps(many(one["Action"])): one.get("Condition") for one in found}
    point = through['["elasticfilesystem:ClientMount"]']["StringEquals"]["elasticfilesystem:AccessPointArn"]
    assert text(point).endswith(":access-point/fsap-0123456789abcdef0")
    assert through['["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]'] is None


def test_a_pipeline_of_both_architectures_has_an_image_for_each(named: dict[str, Template]) -> None:
    """The same folder, built twice."""
    images = json.loads(named["Pipelines"].path.with_name("SluicePipelines.assets.json").read_text())[
        "dockerImages"
    ].values()
    own = [one["source"]["platform"] for one in images if "everything" in one["source"]["dockerFile"]]
    assert sorted(own) == ["linux/amd64", "linux/arm64"]


def test_a_project_of_fargate_alone_has_no_machines_at_all(tmp_path: Path) -> None:
    """What Sluice adds runs on Fargate too, so that nothing has to boot to clean up."""
    alone = project(
        tmp_path / "project",
        {
            "alone": (
                'pipeline = Pipeline(name="alone", triggers=[Manual()], steps=[Job("a", run="work",'
                ' compute="fargate_spot")])'
            )
        },
    )
    composed(alone, tmp_path / "out").synth()
    compute = Template.read(tmp_path / "out" / "SluiceCompute.template.json")
    assert {
        one["ComputeResources"]["Type"] for one in compute.properties("AWS::Batch::ComputeEnvironment")
    } == {"FARGATE", "FARGATE_SPOT"}
    assert [one["JobQueueName"] for one in compute.properties("AWS::Batch::JobQueue")] == [
        "Sluice_fargate-normal",
        "Sluice_fargate-spot-normal",
    ]
    found = Template.read(tmp_path / "out" / "SluicePipelines.template.json").properties(
        "AWS::Batch::JobDefinition"
    )
    assert [one["PlatformCapabilities"] for one in found] == [[Compute.FARGATE.upper()]] * 3


def test_a_queue_may_stay_that_no_pipeline_names_any_more(tmp_path: Path) -> None:
    """Runs that began before still find it."""
    alone = project(
        tmp_path / "project",
        {"alone": 'pipeline = Pipeline(name="alone", triggers=[Manual()], steps=[Job("a", run="work")])'},
    )
    composed(alone, tmp_path / "out", {"SLUICE_KEEP_QUEUES": "fargate-normal"}).synth()
    compute = Template.read(tmp_path / "out" / "SluiceCompute.template.json")
    assert [one["JobQueueName"] for one in compute.properties("AWS::Batch::JobQueue")] == [
        "Sluice_fargate-normal",
        "Sluice_normal",
    ]
