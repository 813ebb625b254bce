"""What AWS's documents say of the parts of a container, one test a rule.

API_X stands for https://docs.aws.amazon.com/batch/latest/APIReference/API_X.html.
"""

from __future__ import annotations

from typing import Any

import pytest

from local.batch.api.batch_api import BatchApi
from tests.local.batch.api.requests import CONTAINER, NODES, TASK_SIZE
from tests.local.batch.api.test_documented_rules import api, refusal, register  # noqa: F401 - a fixture

TASK = {"image": "i", "executionRoleArn": "role", "resourceRequirements": TASK_SIZE}
WINDOWS = {"runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}}


def of_machines(**parts: Any) -> dict[str, Any]:
    """A request for a definition for EC2."""
    return {
        "jobDefinitionName": "d",
        "type": "container",
        "containerProperties": {**CONTAINER, **parts},
    }


def of_fargate(**parts: Any) -> dict[str, Any]:
    """A request for a definition for Fargate."""
    return {
        "jobDefinitionName": "d",
        "type": "container",
        "platformCapabilities": ["FARGATE"],
        "containerProperties": {**TASK, **parts},
    }


def of_nodes(*containers: dict[str, Any]) -> dict[str, Any]:
    """A request for a definition of one node for each container."""
    ranges = [{"targetNodes": str(node), "container": each} for node, each in enumerate(containers)]
    nodes = {"numNodes": len(containers), "mainNode": 0, "nodeRangeProperties": ranges}
    return {"jobDefinitionName": "mnp", "type": "multinode", "nodeProperties": nodes}


def file_system(**settings: Any) -> dict[str, Any]:
    """A container's volume in Amazon EFS."""
    return {"volumes": [{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "fs-1", **settings}}]}


@pytest.mark.parametrize("image", ["x" * 256, "busy box", "a$b"])
def test_an_image_has_255_characters(api: BatchApi, image: str) -> None:  # noqa: F811
    """API_ContainerProperties: letters, digits and a few characters; a digest may follow."""
    assert "image must be" in refusal(api, "RegisterJobDefinition", of_machines(image=image))
    digest = "012345678901.dkr.ecr.eu-west-1.amazonaws.com/a/b_c@sha256:" + "0" * 64
    api.call("RegisterJobDefinition", of_machines(image=digest))


@pytest.mark.parametrize("name", ["", "x" * 256, "a.b"])
def test_a_volume_has_a_plain_name(api: BatchApi, name: str) -> None:  # noqa: F811
    """API_Volume: up to 255 letters, digits, hyphens and underscores."""
    request = of_machines(volumes=[{"name": name}])
    assert "volumes.name must be" in refusal(api, "RegisterJobDefinition", request)
    api.call("RegisterJobDefinition", of_machines(volumes=[{"name": "A-b_1"}]))


@pytest.mark.parametrize("mount", [{"containerPath": "/x"}, {"sourceVolume": "v"}, {"sourceVolume": "w"}])
def test_what_is_mounted_is_a_volume(api: BatchApi, mount: dict[str, Any]) -> None:  # noqa: F811
    """https://github.com/ansible/ansible/issues/35751: Amazon ECS refuses an unknown volume."""
    volumes = [{"name": "v"}]
    request = of_machines(volumes=volumes, mountPoints=[mount])
    assert "mountPoints" in refusal(api, "RegisterJobDefinition", request)
    nameless = of_machines(volumes=[{}], mountPoints=[mount])
    assert "mountPoints" in refusal(api, "RegisterJobDefinition", nameless)
    right = [{"sourceVolume": "v", "containerPath": "/x"}]
    api.call("RegisterJobDefinition", of_machines(volumes=volumes, mountPoints=right))


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        (
            {"authorizationConfig": {"accessPointId": "p"}, "rootDirectory": "/x"},
            "rootDirectory",
        ),
        (
            {"authorizationConfig": {"accessPointId": "p"}, "transitEncryption": "DISABLED"},
            "transitEncryption",
        ),
        (
            {"authorizationConfig": {"iam": "ENABLED"}, "transitEncryption": "DISABLED"},
            "transitEncryption",
        ),
        ({"transitEncryptionPort": -1}, "transitEncryptionPort"),
        ({"transitEncryptionPort": 65_536}, "transitEncryptionPort"),
        ({"rootDirectory": "/" + "x" * 4096}, "rootDirectory"),
    ],
)
def test_a_file_system_is_mounted_as_it_can_be(
    api: BatchApi,  # noqa: F811
    settings: dict[str, Any],
    named: str,
) -> None:
    """API_EFSVolumeConfiguration, API_EFSAuthorizationConfig."""
    encrypted = {"transitEncryption": "ENABLED"}
    request = of_machines(**file_system(**{**encrypted, **settings}))
    assert f"efsVolumeConfiguration.{named} must" in refusal(api, "RegisterJobDefinition", request)
    access = {"accessPointId": "p", "iam": "ENABLED"}
    right = file_system(**encrypted, authorizationConfig=access, rootDirectory="/", transitEncryptionPort=0)
    api.call("RegisterJobDefinition", of_machines(**right))


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"maxSwap": -1}, "maxSwap"),
        ({"maxSwap": 1, "swappiness": -1}, "swappiness"),
        ({"maxSwap": 1, "swappiness": 101}, "swappiness"),
        (
            {"tmpfs": [{"containerPath": "/x", "size": 1, "mountOptions": ["ro", "shiny"]}]},
            "tmpfs.mountOptions",
        ),
    ],
)
def test_parameters_of_linux_have_bounds(
    api: BatchApi,  # noqa: F811
    parameters: dict[str, Any],
    named: str,
) -> None:
    """API_LinuxParameters, API_Tmpfs."""
    request = of_machines(linuxParameters=parameters)
    assert f"linuxParameters.{named} must" in refusal(api, "RegisterJobDefinition", request)
    options = ["noexec", "rprivate", "runbindable", "dirsync", "mode=1777"]
    tmpfs = [{"containerPath": "/x", "size": 1, "mountOptions": options}]
    right = {"maxSwap": 0, "swappiness": 100, "tmpfs": tmpfs}
    api.call("RegisterJobDefinition", of_machines(linuxParameters=right))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("devices", [{"hostPath": "/dev/fuse"}]),
        ("maxSwap", 1),
        ("sharedMemorySize", 64),
        ("swappiness", 1),
        ("tmpfs", [{"containerPath": "/x", "size": 1}]),
    ],
)
def test_fargate_has_no_swap_no_devices_and_no_memory_files(
    api: BatchApi,  # noqa: F811
    name: str,
    value: Any,
) -> None:
    """API_LinuxParameters: not applicable to jobs that run on Fargate; an init process is."""
    request = of_fargate(linuxParameters={name: value})
    assert f"linuxParameters.{name} is not" in refusal(api, "RegisterJobDefinition", request)
    api.call("RegisterJobDefinition", of_fargate(linuxParameters={"initProcessEnabled": True}))


def test_a_file_system_needs_a_newer_platform(api: BatchApi) -> None:  # noqa: F811
    """API_Volume: on Fargate a platformVersion of at least 1.4.0, which LATEST is."""
    request = of_fargate(fargatePlatformConfiguration={"platformVersion": "1.3.0"}, **file_system())
    assert "at least 1.4.0" in refusal(api, "RegisterJobDefinition", request)
    api.call("RegisterJobDefinition", of_fargate(**file_system()))


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"linuxParameters": {"initProcessEnabled": True}}, "linuxParameters is not"),
        ({"user": "somebody"}, "user is not"),
        ({"readonlyRootFilesystem": True}, "readonlyRootFilesystem is not"),
        (file_system(), "efsVolumeConfiguration is not"),
        ({"runtimePlatform": {**WINDOWS["runtimePlatform"], "cpuArchitecture": "ARM64"}}, "X86_64"),
        ({"runtimePlatform": {"operatingSystemFamily": "PLAN9"}}, "PLAN9"),
        ({"runtimePlatform": {"cpuArchitecture": "MIPS"}}, "MIPS"),
    ],
)
def test_windows_lacks_what_linux_has(api: BatchApi, parts: dict[str, Any], says: str) -> None:  # noqa: F811
    """API_RuntimePlatform."""
    assert says in refusal(api, "RegisterJobDefinition", of_fargate(**{**WINDOWS, **parts}))
    api.call("RegisterJobDefinition", of_fargate(**WINDOWS, user="", readonlyRootFilesystem=False))


def test_nodes_have_one_instance_type(api: BatchApi) -> None:  # noqa: F811
    """API_ContainerProperties: all node groups, also as the overrides of a submission have it."""
    small, large = {**CONTAINER, "instanceType": "m5.large"}, {**CONTAINER, "instanceType": "m5.xlarge"}
    assert "m5.large, m5.xlarge" in refusal(api, "RegisterJobDefinition", of_nodes(small, large))
    api.call("RegisterJobDefinition", of_nodes(small, small))

    def overridden(*nodes: str) -> dict[str, Any]:
        changes = [
            {"targetNodes": node, "containerOverrides": {"instanceType": "m5.xlarge"}} for node in nodes
        ]
        overrides = {"nodePropertyOverrides": changes}
        return {"jobName": "j", "jobQueue": "q", "jobDefinition": "mnp", "nodeOverrides": overrides}

    assert "m5.large, m5.xlarge" in refusal(api, "SubmitJob", overridden("1"))
    api.call("SubmitJob", overridden("0", "1"))


@pytest.mark.parametrize("kind", ["container", "multinode"])
def test_a_definition_has_one_kind_of_properties(api: BatchApi, kind: str) -> None:  # noqa: F811
    """API_JobDefinition: containerProperties can't be used in addition to nodeProperties."""
    request = {**of_machines(), "type": kind, "nodeProperties": NODES}
    assert "in addition to nodeProperties" in refusal(api, "RegisterJobDefinition", request)


def test_a_container_of_a_node_is_one_of_a_job(api: BatchApi) -> None:  # noqa: F811
    """API_NodeRangeProperty: its container has the properties of API_ContainerProperties."""
    request = of_nodes({**CONTAINER, "volumes": [{"name": "a.b"}]})
    assert "nodeRangeProperties.container.volumes.name" in refusal(api, "RegisterJobDefinition", request)
    register(api, "d", {**CONTAINER, "volumes": []})
