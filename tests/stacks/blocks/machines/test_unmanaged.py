"""What must hold for the environment of a user's own machines."""

from __future__ import annotations

from stacks.configuration import Configuration
from tests.stacks.blocks.machines.compute_stack import synthesised
from tests.stacks.templates import many, text


def test_a_machine_of_ones_own_finds_the_environment() -> None:
    """The launch template's script looks up the cluster of this environment; its role may do just that."""
    template = synthesised(Configuration(), "unmanaged-normal")
    (launch,) = template.properties("AWS::EC2::LaunchTemplate")
    script, values = launch["LaunchTemplateData"]["UserData"]["Fn::Base64"]["Fn::Sub"]
    look_up = "describe-compute-environments --region ${AWS::Region} --compute-environments ${Environment}"
    assert look_up in script
    assert script.rstrip().endswith(">> /etc/ecs/ecs.config")
    assert text(values["Environment"]).endswith(".ComputeEnvironmentArn>")
    actions = [action for _, one in template.statements() for action in many(one["Action"])]
    assert [one for one in actions if not one.startswith("ecs:")] == ["batch:DescribeComputeEnvironments"]


def test_a_machine_of_ones_own_is_launched_like_the_others() -> None:
    """From the image for containers, with metadata by session token only; Batch launches none itself."""
    template = synthesised(Configuration(), "unmanaged-normal")
    (environment,) = template.properties("AWS::Batch::ComputeEnvironment")
    assert environment["Type"] == "UNMANAGED"
    assert "ServiceRole" in environment
    assert "ComputeResources" not in environment
    (launch,) = template.properties("AWS::EC2::LaunchTemplate")
    data = launch["LaunchTemplateData"]
    assert (
        data["ImageId"] == "resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
    )
    assert data["MetadataOptions"]["HttpTokens"] == "required"
    assert "OwnMachinesLaunchTemplate" in template.document["Outputs"]
