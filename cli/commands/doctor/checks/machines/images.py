"""This machine: can it build the images that a deploy pushes?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cli.commands.doctor.account import Account
from cli.commands.doctor.finding import Finding, error, not_checked, ok, warning
from cli.project import current_project
from sluice.compute import Compute
from sluice.pipeline.definition import Pipeline
from sluice.pipeline.loading import load_pipelines
from sluice.pipeline.node_groups import programs_of_step
from stacks.configuration import Architecture, Configuration

_PROCESSORS = {Architecture.X86_64: "amd64", Architecture.ARM64: "arm64"}


def docker(account: Account) -> Iterator[Finding]:
    """Check whether Docker, or what stands for it, is there and its daemon answers."""
    if account.local:
        yield not_checked("The local cloud needs no Docker to build images.")
    elif problem := account.docker.problem():
        yield error(
            f"The jobs' images cannot be built here: {problem}.",
            "Install Docker and start it, or set CDK_DOCKER=podman or CDK_DOCKER=finch.",
        )
    else:
        yield ok(f"{account.docker.name} answers.")


def emulation(account: Account) -> Iterator[Finding]:
    """Check whether images can be built for the machines that run them, which may have other processors."""
    if account.local:
        yield not_checked("The local cloud runs jobs on this machine's processor.")
        return
    offered = account.docker.processors()
    if offered is None:
        yield not_checked(
            f"Which processors {account.docker.name} builds for is not known: it has no `buildx inspect`."
        )
        return
    pipelines = load_pipelines(current_project().root, account.configuration.offered)
    for architecture in sorted(architectures_of(pipelines, account.configuration)):
        yield _can_build(account, _PROCESSORS[architecture], offered)


def _can_build(account: Account, processor: str, offered: frozenset[str]) -> Finding:
    name = account.docker.name
    if processor in offered:
        return ok(f"{name} builds for {processor}.")
    # https://docs.docker.com/build/building/multi-platform/#qemu
    return warning(
        f"{name} does not build for {processor}, which the machines of the jobs have: a RUN of a Dockerfile"
        " fails with 'exec format error'.",
        f"{name} run --privileged --rm tonistiigi/binfmt --install {processor}; or set"
        " SLUICE_JOB_ARCHITECTURE to this machine's.",
    )


def architectures_of(pipelines: Iterable[Pipeline], configuration: Configuration) -> set[Architecture]:
    """Return what images are built for: those of Sluice's own jobs, and those of functions of ours."""
    return {configuration.job_architecture} | {
        configuration.architecture_of(Compute.of(step.compute))
        for pipeline in pipelines
        for step in pipeline.steps
        if any(program.image is None for program in programs_of_step(step))
    }
