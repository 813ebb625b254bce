"""What must hold for the EC2 environments and their machines."""

from __future__ import annotations

import email

from sluice.pipeline.definition import Job, Manual, Pipeline
from stacks.blocks.machines.ec2 import AGENT_SETTINGS
from stacks.configuration import Architecture, Configuration
from tests.stacks.blocks.machines.compute_stack import synthesised
from tests.stacks.templates import Template, many, text


def test_environments_are_bought_as_the_queues_expect(compute: Template) -> None:
    """Spot goes where interruptions are rare, on-demand where it is cheapest."""
    bought = {
        one["ComputeResources"]["Type"]: one["ComputeResources"]
        for one in compute.properties("AWS::Batch::ComputeEnvironment")
    }
    assert bought["SPOT"]["AllocationStrategy"] == "SPOT_PRICE_CAPACITY_OPTIMIZED"
    assert bought["EC2"]["AllocationStrategy"] == "BEST_FIT_PROGRESSIVE"
    assert (bought["SPOT"]["MaxvCpus"], bought["EC2"]["MaxvCpus"]) == (256, 64)


def test_environments_update_in_place(compute: Template) -> None:
    """No name and no role of our own, and no replacement: a deploy does not empty the fleet."""
    for environment in compute.properties("AWS::Batch::ComputeEnvironment"):
        assert environment["Type"] == "MANAGED"
        assert environment["ReplaceComputeEnvironment"] is False
        assert environment["UpdatePolicy"] == {
            "JobExecutionTimeoutMinutes": 7200,
            "TerminateJobsOnUpdate": False,
        }
        assert not {"ComputeEnvironmentName", "ServiceRole"} & set(environment)


def test_a_changed_launch_template_reaches_the_environments(compute: Template) -> None:
    """They name its version by number."""
    for environment in compute.properties("AWS::Batch::ComputeEnvironment"):
        assert text(environment["ComputeResources"]["LaunchTemplate"]["Version"]).endswith(
            ".LatestVersionNumber>"
        )


def test_machines_keep_their_role_to_themselves(compute: Template) -> None:
    """Metadata needs a token that travels one hop, so a container cannot take the instance's role; disks are
    encrypted.
    """
    (template,) = compute.properties("AWS::EC2::LaunchTemplate")
    data = template["LaunchTemplateData"]
    assert data["MetadataOptions"] == {
        "HttpTokens": "required",
        "HttpPutResponseHopLimit": 1,
        "HttpEndpoint": "enabled",
    }
    assert [disk["Ebs"]["Encrypted"] for disk in data["BlockDeviceMappings"]] == [True]


def test_gpus_have_their_own_image_and_types() -> None:
    """Machines with GPUs are launched with the image that has their drivers."""
    template = synthesised(Configuration(gpu_instance_types=("g6",), max_vcpus_gpu=8), "gpu-normal")
    for environment in template.properties("AWS::Batch::ComputeEnvironment"):
        resources = environment["ComputeResources"]
        assert resources["Ec2Configuration"] == [{"ImageType": "ECS_AL2023_NVIDIA"}]
        assert (resources["InstanceTypes"], resources["MaxvCpus"]) == (["g6"], 8)


def test_machines_follow_the_configuration() -> None:
    """The architecture chooses Batch's current families, and named types replace them."""

    def types(configuration: Configuration) -> list[list[str]]:
        environments = synthesised(configuration).properties("AWS::Batch::ComputeEnvironment")
        return [one["ComputeResources"]["InstanceTypes"] for one in environments]

    assert types(Configuration(job_architecture=Architecture.ARM64)) == [["default_arm64"]] * 2
    assert types(Configuration(instance_types=("c7i", "m7i.large"))) == [["c7i", "m7i.large"]] * 2
    arm = synthesised(Configuration(arm_instance_types=("c7g",)), "arm-normal").properties(
        "AWS::Batch::ComputeEnvironment"
    )
    assert [one["ComputeResources"]["InstanceTypes"] for one in arm] == [["c7g"]] * 2


def test_the_instance_role_has_what_the_ecs_agent_calls_and_no_more(compute: Template) -> None:
    """A job on the machine could take it: it reads no image, no log, no ledger, and describes nothing."""
    (role,) = [
        one
        for one in compute.properties("AWS::IAM::Role")
        if "ec2.amazonaws.com" in str(one["AssumeRolePolicyDocument"])
    ]
    assert "ManagedPolicyArns" not in role
    statements = compute.statements_of("MachinesInstanceRole")
    actions = {action for one in statements for action in many(one["Action"])}
    assert {action.partition(":")[0] for action in actions} == {"ecs"}
    assert not {action for action in actions if "*" in action or "Create" in action or "Describe" in action}
    anything = [many(one["Action"]) for one in statements if text(one["Resource"]) == "*"]
    assert anything == [["ecs:DiscoverPollEndpoint"]]


def test_what_the_agent_pulls_and_logs_it_does_under_the_execution_role(pipelines: Template) -> None:
    """So the instance role needs neither: every definition of ours names an execution role."""
    for definition in pipelines.properties("AWS::Batch::JobDefinition"):
        assert definition["ContainerProperties"]["ExecutionRoleArn"]


def script_of(template: Template) -> str:
    """Return the script of the one launch template."""
    (found,) = template.properties("AWS::EC2::LaunchTemplate")
    return str(found["LaunchTemplateData"]["UserData"]["Fn::Base64"])


def test_agents_clean_up_and_pull_an_image_once(compute: Template) -> None:
    """Stopped containers stay for three hours by default, and fill the disk; AWS Batch takes a script as a
    MIME part alone.
    """
    message = email.message_from_string(script_of(compute))
    assert message.is_multipart()
    (part,) = list(message.walk())[1:]
    assert part.get_content_type() == "text/x-shellscript"
    script = str(part.get_payload())
    assert script.startswith("#!/bin/bash\n")
    for line in AGENT_SETTINGS:
        assert f'echo "{line}" >> /etc/ecs/ecs.config' in script
    assert {"ECS_IMAGE_PULL_BEHAVIOR=once", "ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION=1m"} <= set(AGENT_SETTINGS)


def test_disk_and_delay_follow_the_configuration() -> None:
    """The disk of all machines, or that of a pipeline's own; the delay only where it is asked for."""

    def disks(template: Template) -> list[int]:
        found = template.properties("AWS::EC2::LaunchTemplate")
        return [
            disk["Ebs"]["VolumeSize"]
            for one in found
            for disk in one["LaunchTemplateData"]["BlockDeviceMappings"]
        ]

    def delays(template: Template) -> list[object]:
        found = template.properties("AWS::Batch::ComputeEnvironment")
        return [one["ComputeResources"].get("ScalingPolicy") for one in found]

    usual = synthesised(Configuration())
    assert (disks(usual), delays(usual)) == ([50], [None, None])
    other = synthesised(Configuration(disk_gib=200, scale_down_delay=30))
    assert (disks(other), delays(other)) == ([200], [{"MinScaleDownDelayMinutes": 30}] * 2)
    big = Pipeline(name="big", triggers=[Manual()], steps=[Job("one")], machines="own", disk=900)
    own = synthesised(Configuration(), "normal", "big_normal", owners=[big])
    assert sorted(disks(own)) == [50, 900]
