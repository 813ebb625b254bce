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


def container_of(**changes: Any) -> dict[str, Any]:
    """Return the container of a definition with these changes."""
    resources = job_definition_of(**changes)[1].values()
    (found,) = [one for one in resources if one["Type"] == "AWS::Batch::JobDefinition"]
    return dict(found["Properties"]["ContainerProperties"])


def test_folders_in_memory_user_and_root() -> None:
    """Each stands where Batch looks for it, and only where a step asks for it."""
    found = container_of(shared_memory=1024, tmpfs={"/scratch": 512}, user="1000:1000", read_only_root=True)
    assert found["LinuxParameters"] == {
        "SharedMemorySize": 1024,
        "Tmpfs": [{"ContainerPath": "/scratch", "Size": 512}],
    }
    assert (found["User"], found["ReadonlyRootFilesystem"]) == ("1000:1000", True)
    assert not {"LinuxParameters", "User", "ReadonlyRootFilesystem"} & set(container_of())


def test_the_log_mode_is_said() -> None:
    """An account's default may be another; a job does not wait for its log."""
    options = container_of()["LogConfiguration"]["Options"]
    assert (options["mode"], options["max-buffer-size"]) == ("non-blocking", "25m")
