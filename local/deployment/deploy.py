"""Deploys the app to a local cloud with the real `cdk bootstrap` and `cdk deploy`."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import botocore.session
from botocore.config import Config

from local.deployment import cdk
from local.deployment.retained import Client, as_settings, retained_definitions
from local.deployment.synth import assembly
from local.images import docker
from local.paths import ACCOUNT, REGION, REPOSITORY, LocalCloudPaths
from local.server.process import control

Progress = Callable[[str], None]
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


def deploy(paths: LocalCloudPaths, progress: Progress, app: Path = REPOSITORY) -> None:
    """Deploy the app in the directory `app` to the cloud of `paths`, then enforce IAM there.

    IAM is off while the CDK works: the emulator does not see which repository ECR's DescribeRepositories is
    for, and so refuses the CDK's role for images, whose policy names one. `progress` is called with a line
    for each step. Raises LocalCloudError with what the CDK said when a step fails.
    """
    control(paths, "PUT", "iam", {"enforce": False})
    images = {docker.EXECUTOR: str(control(paths, "GET", "health")["executor"])}
    retained = _retained(paths)
    with _step(progress, "install", "the CDK's command line"):
        cdk.install_cli()
    with ThreadPoolExecutor() as threads:  # neither of these two needs the other
        bootstrapped = threads.submit(_bootstrap, paths, progress)
        synthesised = threads.submit(_synthesise, paths, progress, app, retained)
        bootstrapped.result()
        directory = synthesised.result()
    with _step(progress, "deploy", "all stacks"):
        cdk.run(paths, [*DEPLOY, "--app", str(directory)], paths.state, images, _deployed_stacks(progress))
    control(paths, "PUT", "iam", {"enforce": True})
    progress("iam        enforced from here on")


def _bootstrap(paths: LocalCloudPaths, progress: Progress) -> None:
    with _step(progress, "bootstrap", "the CDK's own stack"):
        cdk.run(paths, ["bootstrap", f"aws://{ACCOUNT}/{REGION}"], paths.state)


def _synthesise(paths: LocalCloudPaths, progress: Progress, app: Path, retained: Mapping[str, str]) -> Path:
    with _step(progress, "synth", "templates and assets"):
        return assembly(paths, app, retained)


def _retained(paths: LocalCloudPaths) -> dict[str, str]:
    """Return the settings that name the job definitions that earlier deploys left."""
    stack = f"{os.environ.get(STACK_PREFIX) or 'Sluice'}Pipelines"
    names = retained_definitions(_client(paths, "batch"), _client(paths, "cloudformation"), stack)
    return as_settings(names, paths.state)


def _client(paths: LocalCloudPaths, service: str) -> Client:
    variables = paths.client_environment()
    client = botocore.session.get_session().create_client(
        service,
        region_name=variables["AWS_REGION"],
        endpoint_url=paths.endpoint,
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        config=Config(proxies={}),
    )
    return cast("Client", client)


def _deployed_stacks(progress: Progress) -> Callable[[str], None]:
    """Return what turns the CDK's lines about finished stacks into progress."""

    def on_line(line: str) -> None:
        if line.strip().startswith("✅"):
            progress(f"deploy     {line.strip().removeprefix('✅').strip()}")

    return on_line


@contextmanager
def _step(progress: Progress, name: str, what: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    progress(f"{name:<10} {what}, {time.monotonic() - started:.1f} s")
