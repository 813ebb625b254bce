"""Deploys the app to a local cloud with the real `cdk bootstrap` and `cdk deploy`."""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import botocore.session
from botocore.config import Config

from local.deployment import cdk
from local.deployment.deployed import Deployed, forget
from local.deployment.retained import Client, as_settings, retained_definitions
from local.deployment.steps import Progress, step
from local.deployment.synth import assembly, digests, settings_file
from local.executors import PROCESS
from local.images import docker
from local.images.environments import prepare
from local.paths import ACCOUNT, REGION, REPOSITORY, LocalCloudPaths
from local.server.lock import holder
from local.server.process import control

TOOLKIT = "CDKToolkit"
STACK_PREFIX = "SLUICE_STACK_PREFIX"

# Without change sets ("direct"), which only add round trips where no one reviews them.
DEPLOY = (
    "deploy",
    "--all",
    "--require-approval",
    "never",
    "--method",
    "direct",
    "--concurrency",
    "4",
    "--progress",
    "events",
)


def deploy(paths: LocalCloudPaths, progress: Progress, project: Path = REPOSITORY) -> None:
    """Deploy a project to the cloud of `paths`, then enforce IAM there.

    IAM is off while the CDK works: the emulator does not see which repository ECR's DescribeRepositories is
    for, and so refuses the CDK's role for images, whose policy names one. `progress` is called with a line
    for each step. Raises LocalCloudError with what the CDK said when a step fails.
    """
    sources = digests(project, os.environ)
    forget(paths)
    control(paths, "PUT", "iam", {"enforce": False})
    images = {docker.EXECUTOR: str(control(paths, "GET", "health")["executor"])}
    retained = _retained(paths, project)
    with step(progress, "install", "the CDK's command line"):
        cdk.install_cli()
    if images[docker.EXECUTOR] == PROCESS:
        prepare(project, progress)
    with ThreadPoolExecutor() as threads:  # neither of these two needs the other
        bootstrapped = threads.submit(_bootstrap, paths, progress)
        synthesised = threads.submit(_synthesise, paths, progress, project, retained)
        bootstrapped.result()
        directory = synthesised.result()
    with step(progress, "deploy", "all stacks"):
        cdk.run(paths, [*DEPLOY, "--app", str(directory)], paths.state, images, _deployed_stacks(progress))
    control(paths, "PUT", "iam", {"enforce": True})
    Deployed(str(directory), str(project.resolve()), sources, holder(paths.pid_file)).save(paths)
    progress("iam        enforced from here on")


def _bootstrap(paths: LocalCloudPaths, progress: Progress) -> None:
    if _is_bootstrapped(paths):
        return
    with step(progress, "bootstrap", "the CDK's own stack"):
        cdk.run(paths, ["bootstrap", f"aws://{ACCOUNT}/{REGION}"], paths.state)


def _is_bootstrapped(paths: LocalCloudPaths) -> bool:
    """Return whether the CDK's own stack is there: this cloud has it from the version that is installed."""
    stacks = client_of(paths, "cloudformation").describe_stacks()["Stacks"]
    return any(one["StackName"] == TOOLKIT and one["StackStatus"] == "CREATE_COMPLETE" for one in stacks)


def _synthesise(
    paths: LocalCloudPaths, progress: Progress, project: Path, retained: Mapping[str, str]
) -> Path:
    with step(progress, "synth", "templates and assets"):
        return assembly(paths, project, retained)


def _retained(paths: LocalCloudPaths, project: Path) -> dict[str, str]:
    """Return the settings that name the job definitions that earlier deploys left."""
    batch, cloudformation = (
        cast("Client", client_of(paths, service)) for service in ("batch", "cloudformation")
    )
    return as_settings(retained_definitions(batch, cloudformation, pipelines_stack(project)), paths.state)


def pipelines_stack(project: Path) -> str:
    """Return the name of the stack that has a project's pipelines."""
    prefix = os.environ.get(STACK_PREFIX) or settings_file(project).get("stack_prefix") or "Sluice"
    return f"{prefix}Pipelines"


def client_of(paths: LocalCloudPaths, service: str) -> Any:
    """Return a client of the cloud's administrator."""
    variables = paths.client_environment()
    return botocore.session.get_session().create_client(
        service,
        region_name=variables["AWS_REGION"],
        endpoint_url=paths.endpoint,
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        config=Config(proxies={}),
    )


def _deployed_stacks(progress: Progress) -> Callable[[str], None]:
    """Return what turns the CDK's lines about finished stacks into progress."""

    def on_line(line: str) -> None:
        if line.strip().startswith("✅"):
            progress(f"deploy     {line.strip().removeprefix('✅').strip()}")

    return on_line
