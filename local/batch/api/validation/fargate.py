"""What Fargate has and what it has not: combinations of vCPUs and memory, and nothing of a machine.

https://docs.aws.amazon.com/batch/latest/APIReference/API_ResourceRequirement.html
"""

from __future__ import annotations

from typing import Any, Final

from local.batch.api.errors import client_error
from local.batch.api.validation.amounts import amount

_GIB = 1024
_MEMORY: Final[dict[float, list[int]]] = {
    0.25: [512, 1024, 2048],
    0.5: [each * _GIB for each in range(1, 5)],
    1: [each * _GIB for each in range(2, 9)],
    2: [each * _GIB for each in range(4, 17)],
    4: [each * _GIB for each in range(8, 31)],
    8: [each * _GIB for each in range(16, 61, 4)],
    16: [each * _GIB for each in range(32, 121, 8)],
    32: [60 * _GIB, 120 * _GIB, 244 * _GIB],
}


_LOG_DRIVERS: Final = ("awslogs", "splunk")
# https://docs.aws.amazon.com/batch/latest/APIReference/API_LinuxParameters.html
_LINUX_OF_A_HOST: Final = ("devices", "maxSwap", "sharedMemorySize", "swappiness", "tmpfs")
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-linux-fargate.html
_PLATFORMS_BEFORE_EFS: Final = ("1.0.0", "1.1.0", "1.2.0", "1.3.0")
# https://docs.aws.amazon.com/batch/latest/APIReference/API_RuntimePlatform.html
_SYSTEMS: Final = (
    "LINUX",
    "WINDOWS_SERVER_2019_CORE",
    "WINDOWS_SERVER_2019_FULL",
    "WINDOWS_SERVER_2022_CORE",
    "WINDOWS_SERVER_2022_FULL",
)
_NOT_ON_WINDOWS: Final = ("linuxParameters", "privileged", "user", "ulimits", "readonlyRootFilesystem")


def is_fargate(environment: dict[str, Any]) -> bool:
    """Whether a compute environment runs on Fargate."""
    return str(environment.get("computeResources", {}).get("type", "")).startswith("FARGATE")


def check_fargate(container: dict[str, Any], field: str) -> None:
    """Refuse what Fargate does not have, and GPUs; ClientException names the field."""
    check_old_fields(container, field)
    cpus, memory = amount(container, "VCPU", "vcpus"), amount(container, "MEMORY", "memory")
    if cpus not in _MEMORY:
        raise client_error(
            f"{field}.resourceRequirements VCPU must be one of {', '.join(f'{each:g}' for each in _MEMORY)}"
            f" on Fargate, but is {cpus}."
        )
    if memory not in _MEMORY[cpus]:
        allowed = ", ".join(map(str, _MEMORY[cpus]))
        raise client_error(
            f"{field}.resourceRequirements MEMORY must be one of {allowed} with {cpus:g} vCPUs on Fargate,"
            f" but is {memory}."
        )
    if amount(container, "GPU", ""):
        raise client_error(f"{field}.resourceRequirements GPU is not applicable to Fargate.")
    if not container.get("executionRoleArn"):
        raise client_error(f"{field}.executionRoleArn must be specified for Fargate.")
    _check_logging(container, field)
    _check_host(container, field)
    _check_system(container, field)


def check_old_fields(container: dict[str, Any], field: str) -> None:
    """As AWS answers: https://github.com/insitro/redun/pull/95."""
    for name in ("vcpus", "memory"):
        if name in container:
            raise client_error(
                f"{field}.{name} is not applicable to Fargate: use resourceRequirements instead."
            )


def _check_logging(container: dict[str, Any], field: str) -> None:
    """https://docs.aws.amazon.com/batch/latest/APIReference/API_LogConfiguration.html."""
    driver = container.get("logConfiguration", {}).get("logDriver", "awslogs")
    if driver not in _LOG_DRIVERS:
        raise client_error(
            f"{field}.logConfiguration.logDriver must be one of {', '.join(_LOG_DRIVERS)} on Fargate, but is"
            f" {driver}."
        )


def _check_host(container: dict[str, Any], field: str) -> None:
    """Refuse what is of a machine, which a task does not have.

    https://docs.aws.amazon.com/batch/latest/APIReference/API_ContainerProperties.html
    """
    for name in ("ulimits", "privileged", "instanceType"):
        if container.get(name):
            raise client_error(f"{field}.{name} is not applicable to Fargate.")
    if any(each.get("host", {}).get("sourcePath") for each in container.get("volumes", [])):
        raise client_error(f"{field}.volumes.host.sourcePath is not applicable to Fargate.")
    for name in _LINUX_OF_A_HOST:
        if container.get("linuxParameters", {}).get(name):
            raise client_error(f"{field}.linuxParameters.{name} is not applicable to Fargate.")
    storage = container.get("ephemeralStorage", {}).get("sizeInGiB", 21)
    if not 21 <= storage <= 200:
        raise client_error(
            f"{field}.ephemeralStorage.sizeInGiB must be between 21 and 200, but is {storage}."
        )


def _check_system(container: dict[str, Any], field: str) -> None:
    """An operating system and an architecture that Fargate has, and nothing that they do not have."""
    platform = container.get("runtimePlatform", {})
    system, processor = (
        platform.get("operatingSystemFamily", "LINUX"),
        platform.get("cpuArchitecture", "X86_64"),
    )
    if system not in _SYSTEMS or processor not in ("X86_64", "ARM64"):
        raise client_error(
            f"{field}.runtimePlatform must have one of {', '.join(_SYSTEMS)} and X86_64 or ARM64, but has"
            f" {system[:80]} and {processor[:80]}."
        )
    has_file_system = any("efsVolumeConfiguration" in each for each in container.get("volumes", []))
    if system != "LINUX":
        _check_windows(container, processor, field, has_file_system=has_file_system)
    version = container.get("fargatePlatformConfiguration", {}).get("platformVersion")
    if has_file_system and version in _PLATFORMS_BEFORE_EFS:
        raise client_error(
            f"{field}.fargatePlatformConfiguration.platformVersion must be at least 1.4.0 with an"
            f" efsVolumeConfiguration, but is {version}."
        )


def _check_windows(container: dict[str, Any], processor: str, field: str, *, has_file_system: bool) -> None:
    """https://docs.aws.amazon.com/batch/latest/APIReference/API_RuntimePlatform.html."""
    if processor != "X86_64":
        raise client_error(f"{field}.runtimePlatform.cpuArchitecture must be X86_64 for Windows.")
    found = [name for name in _NOT_ON_WINDOWS if container.get(name)]
    if found or has_file_system:
        raise client_error(
            f"{field}.{found[0] if found else 'volumes.efsVolumeConfiguration'} is not applicable to Windows."
        )


def check_ec2(container: dict[str, Any], field: str) -> None:
    """Refuse what only Fargate has, and parts of a vCPU."""
    check_cpus_of_definition(container, field)
    for name in ("networkConfiguration", "fargatePlatformConfiguration", "ephemeralStorage"):
        if name in container:
            raise client_error(
                f"{field}.{name} is not applicable to EC2: platformCapabilities must be FARGATE."
            )


def check_cpus(container: dict[str, Any], field: str) -> None:
    """On EC2 "you must specify at least one vCPU", and whole ones, without a point.

    https://docs.aws.amazon.com/batch/latest/APIReference/API_ResourceRequirement.html,
    https://github.com/kestra-io/plugin-aws/issues/504
    """
    cpus = amount(container, "VCPU", "vcpus")
    written = [each["value"] for each in container.get("resourceRequirements", []) if each["type"] == "VCPU"]
    if any("." in each for each in written) or (cpus is not None and cpus < 1):
        raise client_error(
            f"{field}.resourceRequirements VCPU must be a whole number of at least 1 on EC2, but is"
            f" {written[0] if written else cpus}."
        )


def check_cpus_of_definition(container: dict[str, Any], field: str) -> None:
    """As everywhere on EC2, and "you can't specify the vCPU requirements in both" fields.

    https://docs.aws.amazon.com/batch/latest/APIReference/API_ContainerDetail.html
    """
    check_cpus(container, field)
    if "vcpus" in container and amount(container, "VCPU", "") is not None:
        raise client_error(f"{field}: expected VCPU in resourceRequirements or vcpus, found both.")
