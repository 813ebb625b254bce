"""What must hold for the network, the environments and the queues."""

import re
from typing import Any

import pytest
from aws_cdk import App

import app as entry
from sluice.compute import ENVIRONMENTS, Compute, QueueKey
from stacks.compute import ComputeStack
from stacks.configuration import Architecture, Configuration
from tests.stacks.templates import Template, text


def synthesised(configuration: Configuration, *queues: str) -> Template:
    """Return the compute stack's template for another configuration or other queues."""
    app = App()
    ComputeStack(app, "Other", configuration=configuration, queues=queues or ("normal",))
    assembly = app.synth()
    return Template(entry.ROOT, assembly.get_stack_by_name("Other").template)


def test_nothing_costs_money_while_idle(compute: Template) -> None:
    """No NAT gateway, no address and no machine waits for work."""
    assert compute.of_type("AWS::EC2::NatGateway") == {}
    assert compute.of_type("AWS::EC2::EIP") == {}
    environments = compute.properties("AWS::Batch::ComputeEnvironment")
    assert [one["ComputeResources"]["MinvCpus"] for one in environments] == [0, 0]
    assert not [one for one in environments if "DesiredvCpus" in one["ComputeResources"]]


def test_nothing_can_come_in(compute: Template) -> None:
    """The machines' security group has no rule for incoming traffic."""
    (group,) = compute.properties("AWS::EC2::SecurityGroup")
    assert "SecurityGroupIngress" not in group
    assert compute.of_type("AWS::EC2::SecurityGroupIngress") == {}


def test_s3_and_the_ledger_are_reached_without_a_fee(compute: Template) -> None:
    """S3 and DynamoDB have gateway endpoints in the route tables of the machines' subnets."""
    endpoints = compute.properties("AWS::EC2::VPCEndpoint")
    assert sorted(text(one["ServiceName"]).rsplit(".", 1)[1] for one in endpoints) == ["dynamodb", "s3"]
    assert all(one["RouteTableIds"] for one in endpoints)


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
            "JobExecutionTimeoutMinutes": 360,
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


def environments_of(template: Template) -> dict[str, list[str]]:
    """Return the environments of each queue, in their order, by the beginnings of their logical ids."""

    def order(queue: dict[str, Any]) -> list[str]:
        found = sorted(queue["ComputeEnvironmentOrder"], key=lambda one: int(one["Order"]))
        return [
            re.sub(r"<Machines(\w+?)(Environment)?[0-9A-F]{8}\..*", r"\1", text(one["ComputeEnvironment"]))
            for one in found
        ]

    return {one["JobQueueName"]: order(one) for one in template.properties("AWS::Batch::JobQueue")}


def test_only_what_a_pipeline_names_is_created(compute: Template) -> None:
    """The pipelines of this repository name no machines: their queues are for spot machines and then
    on-demand ones.
    """
    assert environments_of(compute) == {
        "Sluice_normal": ["Spot", "OnDemand"],
        "Sluice_bulk": ["Spot", "OnDemand"],
    }
    assert len(compute.of_type("AWS::Batch::ComputeEnvironment")) == 2
    assert compute.of_type("AWS::Batch::SchedulingPolicy") == {}


def test_queues_go_by_priority_and_to_spot_first() -> None:
    """Urgent goes before normal before bulk; each is offered to spot, then to on-demand; steady to what AWS
    never takes back.
    """
    names = ("urgent", "normal", "bulk", "steady", "fargate-steady", "gpu-steady", "arm-steady")
    template = synthesised(Configuration(), *names)
    usual = ["Spot", "OnDemand"]
    assert environments_of(template) == {
        "Sluice_urgent": usual,
        "Sluice_normal": usual,
        "Sluice_bulk": usual,
        "Sluice_steady": ["OnDemand"],
        "Sluice_fargate-steady": ["Fargate"],
        "Sluice_gpu-steady": ["GpuOnDemand"],
        "Sluice_arm-steady": ["ArmOnDemand"],
    }
    priority = {one["JobQueueName"]: one["Priority"] for one in template.properties("AWS::Batch::JobQueue")}
    assert priority["Sluice_urgent"] > priority["Sluice_normal"] > priority["Sluice_bulk"]


@pytest.mark.parametrize("compute", list(Compute))
def test_machines_that_are_named_are_all_there_is(compute: Compute) -> None:
    """A project that names one kind of machines gets the environments of that kind and no others."""
    template = synthesised(Configuration(), str(QueueKey("normal", compute)))
    (made,) = environments_of(template).values()
    assert tuple(made) == ENVIRONMENTS[compute]
    assert len(template.of_type("AWS::Batch::ComputeEnvironment")) == len(made)
    assert bool(template.of_type("AWS::EC2::LaunchTemplate")) is not compute.is_fargate
    assert bool(template.of_type("AWS::IAM::Role")) is not compute.is_fargate


def test_fargate_has_no_machines() -> None:
    """Its environments say where, how many vCPUs and how they are bought, and nothing of instances."""
    template = synthesised(Configuration(max_vcpus_fargate=6), "fargate-spot-normal")
    found = {
        one["ComputeResources"].pop("Type"): one
        for one in template.properties("AWS::Batch::ComputeEnvironment")
    }
    assert set(found) == {"FARGATE", "FARGATE_SPOT"}
    for environment in found.values():
        assert set(environment["ComputeResources"]) == {"MaxvCpus", "Subnets", "SecurityGroupIds"}
        assert (environment["ComputeResources"]["MaxvCpus"], environment["ReplaceComputeEnvironment"]) == (
            6,
            False,
        )


def test_gpus_have_their_own_image_and_types() -> None:
    """Machines with GPUs are launched with the image that has their drivers."""
    template = synthesised(Configuration(gpu_instance_types=("g6",), max_vcpus_gpu=8), "gpu-normal")
    for environment in template.properties("AWS::Batch::ComputeEnvironment"):
        resources = environment["ComputeResources"]
        assert resources["Ec2Configuration"] == [{"ImageType": "ECS_AL2023_NVIDIA"}]
        assert (resources["InstanceTypes"], resources["MaxvCpus"]) == (["g6"], 8)


def test_a_machine_of_ones_own_finds_the_environment() -> None:
    """The launch template's script asks Batch for the cluster of this environment; its role may ask just
    that.
    """
    template = synthesised(Configuration(), "unmanaged-normal")
    (environment,) = template.properties("AWS::Batch::ComputeEnvironment")
    assert environment["Type"] == "UNMANAGED"
    assert "ServiceRole" in environment
    assert "ComputeResources" not in environment
    (launch,) = template.properties("AWS::EC2::LaunchTemplate")
    data = launch["LaunchTemplateData"]
    script, values = data["UserData"]["Fn::Base64"]["Fn::Sub"]
    assert text(values["Environment"]).endswith(".ComputeEnvironmentArn>")
    assert (
        "describe-compute-environments --region ${AWS::Region} --compute-environments ${Environment}"
        in script
    )
    assert script.rstrip().endswith(">> /etc/ecs/ecs.config")
    assert (
        data["ImageId"] == "resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
    )
    assert data["MetadataOptions"]["HttpTokens"] == "required"
    assert [one["Action"] for _, one in template.statements()] == ["batch:DescribeComputeEnvironments"]
    assert "OwnMachinesLaunchTemplate" in template.document["Outputs"]


def test_priorities_have_queues_with_a_policy() -> None:
    """All of them share one policy; the queue of the same name without priorities has none."""
    template = synthesised(Configuration(), "normal", "normal-fair", "fargate-bulk-fair")
    policies = {
        one["JobQueueName"]: "SchedulingPolicyArn" in one
        for one in template.properties("AWS::Batch::JobQueue")
    }
    assert policies == {"Sluice_normal": False, "Sluice_normal-fair": True, "Sluice_fargate-bulk-fair": True}
    assert len(template.of_type("AWS::Batch::SchedulingPolicy")) == 1


def test_a_job_that_fits_nowhere_does_not_block_its_queue(compute: Template) -> None:
    """After ten minutes at the head it is cancelled, when AWS says that no machine can ever take it."""
    for queue in compute.properties("AWS::Batch::JobQueue"):
        actions = queue["JobStateTimeLimitActions"]
        assert {one["Reason"] for one in actions} == {
            "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
            "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
        }
        assert {(one["Action"], one["State"], one["MaxTimeSeconds"]) for one in actions} == {
            ("CANCEL", "RUNNABLE", 600)
        }


def test_every_queue_is_an_output() -> None:
    """A person finds each queue's ARN by its name."""
    outputs = synthesised(Configuration(), "normal", "fargate-spot-bulk-fair").document["Outputs"]
    assert {"NormalQueue", "FargateSpotBulkFairQueue"} <= set(outputs)


def test_nat_moves_the_machines_into_private_subnets() -> None:
    """With NAT there is one gateway, and the environments use the private subnets."""
    template = synthesised(Configuration(nat=True))
    assert len(template.of_type("AWS::EC2::NatGateway")) == 1
    for environment in template.properties("AWS::Batch::ComputeEnvironment"):
        assert all("PrivateSubnet" in text(one) for one in environment["ComputeResources"]["Subnets"])


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
