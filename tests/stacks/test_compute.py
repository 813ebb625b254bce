"""What must hold for the network, the environments and the queues."""

from aws_cdk import App

import app as entry
from stacks.compute import ComputeStack
from stacks.configuration import Architecture, Configuration
from tests.stacks.templates import Template, text


def synthesised(configuration: Configuration) -> Template:
    """Return the compute stack's template for another configuration."""
    app = App()
    ComputeStack(app, "Other", configuration=configuration)
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
    bought = {one["ComputeResources"]["Type"]: one["ComputeResources"] for one in compute.properties("AWS::Batch::ComputeEnvironment")}
    assert bought["SPOT"]["AllocationStrategy"] == "SPOT_PRICE_CAPACITY_OPTIMIZED"
    assert bought["EC2"]["AllocationStrategy"] == "BEST_FIT_PROGRESSIVE"
    assert (bought["SPOT"]["MaxvCpus"], bought["EC2"]["MaxvCpus"]) == (256, 64)


def test_environments_update_in_place(compute: Template) -> None:
    """No name and no role of our own, and no replacement: a deploy does not empty the fleet."""
    for environment in compute.properties("AWS::Batch::ComputeEnvironment"):
        assert environment["Type"] == "MANAGED"
        assert environment["ReplaceComputeEnvironment"] is False
        assert environment["UpdatePolicy"] == {"JobExecutionTimeoutMinutes": 360, "TerminateJobsOnUpdate": False}
        assert not {"ComputeEnvironmentName", "ServiceRole"} & set(environment)


def test_a_changed_launch_template_reaches_the_environments(compute: Template) -> None:
    """They name its version by number."""
    for environment in compute.properties("AWS::Batch::ComputeEnvironment"):
        assert text(environment["ComputeResources"]["LaunchTemplate"]["Version"]).endswith(".LatestVersionNumber>")


def test_machines_keep_their_role_to_themselves(compute: Template) -> None:
    """Metadata needs a token that travels one hop, so a container cannot take the instance's role; disks are encrypted."""
    (template,) = compute.properties("AWS::EC2::LaunchTemplate")
    data = template["LaunchTemplateData"]
    assert data["MetadataOptions"] == {"HttpTokens": "required", "HttpPutResponseHopLimit": 1, "HttpEndpoint": "enabled"}
    assert [disk["Ebs"]["Encrypted"] for disk in data["BlockDeviceMappings"]] == [True]


def test_queues_go_by_priority_and_to_spot_first(compute: Template) -> None:
    """Urgent goes before normal before bulk; each is offered to spot, then to on-demand; steady to on-demand only."""
    queues = {name.removesuffix("JobQueue"): one["Properties"] for name, one in compute.of_type("AWS::Batch::JobQueue").items()}
    assert sorted(queues) == ["Bulk", "Normal", "Steady", "Urgent"]
    assert queues["Urgent"]["Priority"] > queues["Normal"]["Priority"] > queues["Bulk"]["Priority"]
    for name, queue in queues.items():
        order = [text(one["ComputeEnvironment"]) for one in sorted(queue["ComputeEnvironmentOrder"], key=lambda one: int(one["Order"]))]
        kinds = ["Spot" if "Spot" in one else "OnDemand" for one in order]
        assert kinds == (["OnDemand"] if name == "Steady" else ["Spot", "OnDemand"])
        assert "JobQueueName" not in queue


def test_a_job_that_fits_nowhere_does_not_block_its_queue(compute: Template) -> None:
    """After ten minutes at the head it is cancelled, when AWS says that no machine can ever take it."""
    for queue in compute.properties("AWS::Batch::JobQueue"):
        actions = queue["JobStateTimeLimitActions"]
        assert {one["Reason"] for one in actions} == {
            "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
            "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
        }
        assert {(one["Action"], one["State"], one["MaxTimeSeconds"]) for one in actions} == {("CANCEL", "RUNNABLE", 600)}


def test_every_queue_is_an_output(compute: Template) -> None:
    """A person finds each queue's ARN by its name."""
    assert {"UrgentQueue", "NormalQueue", "BulkQueue", "SteadyQueue"} <= set(compute.document["Outputs"])


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
