"""What must hold for the EC2 environments and their machines."""

from __future__ import annotations

from stacks.configuration import Architecture, Configuration
from tests.stacks.blocks.machines.compute_stack import synthesised
from tests.stacks.templates import Template, text


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
