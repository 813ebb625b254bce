"""`make deploy`: the app into the AWS account of the caller's credentials, with the CDK."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, Protocol

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError

from cli.cloud import Cloud
from cli.commands.doctor.checks.setup import BOOTSTRAP_PARAMETER
from cli.console import print_note
from cli.function_urls import FIX, region_has_function_urls, with_webhooks
from local.deployment.retained import as_settings, retained_definitions
from local.paths import REPOSITORY
from sluice.errors import SluiceError
from sluice.operate.errors import OperationError
from sluice.operate.queue_removal import runs_that_need
from sluice.pipeline.compiling import queues_of
from sluice.pipeline.loading import load_pipelines
from stacks.configuration import Configuration

CDK = (
    str(REPOSITORY / ".venv" / "bin" / "node"),
    str(REPOSITORY / "node_modules" / "aws-cdk" / "bin" / "cdk"),
)


class Session(Protocol):
    """A session of botocore; its clients have the calls of their services."""

    def create_client(self, service_name: str) -> Any:
        """Return a client of a service."""
        ...

    def get_config_variable(self, logical_name: str) -> Any:
        """Return a setting of the SDK."""
        ...

    def set_config_variable(self, logical_name: str, value: str) -> None:
        """Change a setting of the SDK."""
        ...


class DeployError(SluiceError):
    """The app cannot be deployed from here; the message says what is missing."""


def main() -> int:
    """Deploy all stacks, after printing where to; return the exit code."""
    try:
        configuration = Configuration.read(lambda _: None, os.environ)
        session = botocore.session.get_session()
        account, region = _where(session)
        _check_images_can_be_built()
        print(f"Deploying to account {account}, region {region}.")
        if not _bootstrapped(session):
            print("This account has no CDK stack in this region yet: bootstrapping.")
            _cdk("bootstrap", f"aws://{account}/{region}")
        _check_no_queue_is_needed(
            Cloud(session.create_client, f"the region {region}", configuration.stack_prefix), configuration
        )
        _check_function_urls(session, configuration)
        approval = "broadening" if sys.stdin.isatty() else "never"
        _cdk("deploy", "--all", "--require-approval", approval, settings=_retained(session, configuration))
    except SluiceError as error:
        print_note(str(error))
        return 1
    except subprocess.CalledProcessError as error:
        return int(error.returncode)
    return 0


def _where(session: Session) -> tuple[str, str]:
    """Return the account and the region; raises DeployError when there are no credentials or no region."""
    # The CDK and the AWS CLI read AWS_REGION, botocore does not.
    region = os.environ.get("AWS_REGION") or session.get_config_variable("region")
    if not region:
        raise DeployError(
            "Expected a region, found none. Set AWS_REGION, for instance: AWS_REGION=eu-central-1 make"
            " deploy …"
        )
    session.set_config_variable("region", region)
    try:
        return session.create_client("sts").get_caller_identity()["Account"], region
    except (BotoCoreError, ClientError) as error:
        raise DeployError(
            f"Expected the credentials of an AWS account, found none that work ({error}). Run `aws configure`"
            " or `aws sso login`, or set AWS_PROFILE, then try again. `make demo` needs no account."
        ) from error


def _check_function_urls(session: Session, configuration: Configuration) -> None:
    """Raise DeployError when a pipeline has a webhook and the Region is known to have no addresses for it."""
    names = with_webhooks(load_pipelines(REPOSITORY)) if configuration.webhooks else []
    try:
        missing = bool(names) and not region_has_function_urls(session.create_client("cloudformation"))
    except (BotoCoreError, ClientError) as error:
        print(f"Whether this region has function URLs could not be looked up: {error}")
        return
    if missing:
        raise DeployError(
            f"Expected function URLs in this region for the webhooks of {', '.join(names)}, found none. {FIX}"
        )


def _check_images_can_be_built() -> None:
    docker = os.environ.get("CDK_DOCKER", "docker")
    if shutil.which(docker) is None:
        raise DeployError(
            f"Expected {docker} to build the jobs' images, found none. Install Docker, or set"
            " CDK_DOCKER=podman or CDK_DOCKER=finch."
        )


def _bootstrapped(session: Session) -> bool:
    try:
        session.create_client("ssm").get_parameter(Name=BOOTSTRAP_PARAMETER)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ParameterNotFound":
            return False
        raise DeployError(
            f"Expected to read {BOOTSTRAP_PARAMETER}, found: {error}. Use an administrator's credentials."
        ) from error
    return True


def _check_no_queue_is_needed(cloud: Cloud, configuration: Configuration) -> None:
    """Raise DeployError when the deploy would delete a queue that an unfinished run still needs."""
    pipelines = load_pipelines(REPOSITORY, configuration.offered)
    deployed = [pipeline for pipeline in pipelines if not configuration.offered.leaves_out(pipeline)]
    wanted = queues_of(deployed) | set(configuration.keep_queues)
    try:
        needed = runs_that_need(cloud.ledger, cloud.deployment.queues.keys() - wanted)
    except OperationError:
        return  # nothing is deployed yet
    if needed:
        found = "; ".join(f"{queue} is needed by {', '.join(runs)}" for queue, runs in needed.items())
        raise DeployError(
            f"Expected no unfinished run to need a queue that no pipeline names any more, found: {found}."
            " Keep them for this deploy with"
            f" SLUICE_KEEP_QUEUES={','.join([*configuration.keep_queues, *needed])}, or cancel these runs."
        )


def _retained(session: Session, configuration: Configuration) -> dict[str, str]:
    """Return the settings that name the job definitions that earlier deploys left: CloudFormation refuses to
    create them again.
    """
    stack = f"{configuration.stack_prefix}Pipelines"
    names = retained_definitions(
        session.create_client("batch"), session.create_client("cloudformation"), stack
    )
    directory = REPOSITORY / "cdk.out"
    directory.mkdir(exist_ok=True)
    return as_settings(names, directory)


def _cdk(*arguments: str, settings: Mapping[str, str] | None = None) -> None:
    environment = {**os.environ, **(settings or {})}
    subprocess.run([*CDK, *arguments, "--no-notices"], cwd=REPOSITORY, check=True, env=environment)  # noqa: S603 - the CDK's command line


if __name__ == "__main__":
    sys.exit(main())
