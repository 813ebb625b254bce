"""The resources, limits and volumes of a container; the latter are of stacks.blocks.jobs.volumes."""

from __future__ import annotations

from typing import Any

from tests.stacks.blocks.jobs.definitions import job_definition_of


def test_machines_have_whole_cpus() -> None:
    """A part of a vCPU, which only Fargate has, becomes a whole one."""
    (definition,) = [
        one for one in job_definition_of(vcpus=0.25)[1].values() if one["Type"] == "AWS::Batch::JobDefinition"
    ]
    container = definition["Properties"]["ContainerProperties"]
    assert {"Type": "VCPU", "Value": "1"} in container["ResourceRequirements"]


def test_gpus_limits_and_folders(everything_jobs: dict[str, dict[str, Any]]) -> None:
    """Each stands where Batch looks for it; IAM and TLS go with a file system."""
    assert {"Type": "GPU", "Value": "1"} in everything_jobs["gpu"]["ContainerProperties"][
        "ResourceRequirements"
    ]
    usual = everything_jobs["usual"]["ContainerProperties"]
    assert usual["Ulimits"] == [
        {"Name": "core", "SoftLimit": 0, "HardLimit": -1},
        {"Name": "nofile", "SoftLimit": 4096, "HardLimit": 4096},
    ]
    assert usual["Volumes"] == [{"Name": "mount-0", "Host": {"SourcePath": "/scratch"}}]
    assert usual["MountPoints"] == [
        {"SourceVolume": "mount-0", "ContainerPath": "/mnt/scratch", "ReadOnly": False}
    ]
    (volume,) = everything_jobs["task"]["ContainerProperties"]["Volumes"]
    assert volume["EfsVolumeConfiguration"] == {
        "FileSystemId": "fs-0123456789abcdef0",
        "TransitEncryption": "ENABLED",
        "AuthorizationConfig": {"AccessPointId": "fsap-0123456789abcdef0", "Iam": "ENABLED"},
    }
    (volume,) = everything_jobs["own"]["ContainerProperties"]["Volumes"]
    assert volume["EfsVolumeConfiguration"]["RootDirectory"] == "/data"
