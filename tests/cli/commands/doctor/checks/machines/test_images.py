"""Whether this machine can build the images of a deploy."""

from __future__ import annotations

import pytest

from cli.commands.doctor.account import Account, Check
from cli.commands.doctor.checks.machines import images
from cli.commands.doctor.finding import Finding, Level
from cli.deploying.docker_program import DockerProgram
from sluice.pipeline.definition import Job, Manual, Pipeline, Step
from stacks.configuration import Architecture, Configuration
from tests.cli.commands.doctor.fake_account import FakeAccount, docker

DOWN = (1, "Client: 28\nCannot connect to the Docker daemon at unix:///var/run/docker.sock.")
AMD = (0, "Name: default\nPlatforms: linux/amd64, linux/amd64/v2, linux/386\n")
BOTH = (0, "Platforms: linux/amd64*, linux/arm64, linux/riscv64\n")


def found(check: Check, program: DockerProgram, configuration: Configuration | None = None) -> list[Finding]:
    """Return what a check finds with this program."""
    return list(check(Account(FakeAccount().client, configuration or Configuration(), program)))


def test_a_daemon_that_is_down_is_an_error_with_what_docker_says() -> None:
    """It is there, and cannot build."""
    [one] = found(images.docker, docker({"version": DOWN}))
    assert one.level is Level.ERROR
    assert "the daemon of true does not answer: Cannot connect to the Docker daemon" in one.text


def test_a_program_that_is_not_there_is_an_error() -> None:
    """Of the name that CDK_DOCKER has."""
    [one] = found(images.docker, docker({}, name="no-such-podman"))
    assert (one.level, "no-such-podman is not installed" in one.text) == (Level.ERROR, True)
    assert found(images.docker, docker({"version": (0, "")}))[0].level is Level.OK


def test_another_processor_needs_emulation() -> None:
    """For Arm machines on a machine that builds for Intel's and AMD's only."""
    arm = Configuration(job_architecture=Architecture.ARM64)
    levels = {
        one.text.split(" for ")[1].split(",")[0]: one
        for one in found(images.emulation, docker({"buildx": AMD}), arm)
    }
    assert levels["arm64"].level is Level.WARNING
    assert "tonistiigi/binfmt --install arm64" in levels["arm64"].fix
    assert {one.level for one in found(images.emulation, docker({"buildx": BOTH}), arm)} == {Level.OK}


def test_a_program_that_does_not_say_what_it_builds_for_is_not_called_well() -> None:
    """Podman has no buildx inspect of this form."""
    assert [one.level for one in found(images.emulation, docker({"buildx": (125, "")}))] == [
        Level.NOT_CHECKED
    ]


@pytest.mark.parametrize(
    ("step", "needed"),
    [
        (Job("a", run="a", compute="arm"), {Architecture.X86_64, Architecture.ARM64}),
        (Job("a", image="busybox", command=["true"], compute="arm"), {Architecture.X86_64}),
    ],
)
def test_images_of_others_are_not_built(step: Step, needed: set[Architecture]) -> None:
    """Sluice's own jobs run on the usual machines."""
    pipeline = Pipeline(name="p", triggers=[Manual()], steps=[step])
    assert images.architectures_of([pipeline], Configuration()) == needed
