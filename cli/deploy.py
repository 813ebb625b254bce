"""`make deploy`: the app into the AWS account of the caller's credentials, with the CDK."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError

from cli.account.batch_tags import tag_batch_resources
from cli.account.insights import switch_insights
from cli.account.networks import check_no_subnet_is_needed
from cli.account.partition import check_partition
from cli.account.service_roles import create_service_linked_roles
from cli.account.zones import ZONES, zones_of_region
from cli.cloud import Cloud
from cli.commands.doctor.account import Account
from cli.commands.doctor.checks.run_checks import BEFORE_DEPLOYS, CHECKS, is_problem, run_checks
from cli.commands.doctor.finding import Level
from cli.console import print_line, print_note
from cli.deploying.bootstrap import DEFAULT_QUALIFIER, bootstrap_command, qualifier_of, version_parameter
from cli.deploying.bucket_notes import note_buckets, note_finding
from cli.deploying.docker_program import DockerProgram
from cli.deploying.dropped_settings import dropped_settings, refusal
from cli.deploying.function_urls import FIX, region_has_function_urls, with_webhooks
from cli.deploying.role_path import role_path_refusal
from cli.errors import explained
from cli.project import current_project
from local.deployment.retained import as_settings, retained_definitions
from local.deployment.synth import app_of
from local.paths import REPOSITORY
from sluice.errors import SluiceError
from sluice.operate.errors import OperationError
from sluice.operate.listing.adopting import Adoption
from sluice.operate.queue_removal import runs_that_need
from sluice.pipeline.backfills import BackfillPipelines
from sluice.pipeline.loading import load_pipelines
from stacks.configuration import Configuration
from stacks.project import VARIABLE, Project

SKIP_DOCTOR = "SLUICE_SKIP_DOCTOR"
KEEP_QUEUES = "keep_queues"
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
        project = current_project()
        configuration = Configuration.read(lambda _: None, project.variables(os.environ))
        session = botocore.session.get_session()
        account, region = _where(session)
        _check_images_can_be_built()
        print_line(f"Deploying {project.root} to account {account}, region {region}.")
        if not _bootstrapped(session):
            _check_own_bootstrap(qualifier_of())
            print_line("This account has no CDK stack in this region yet: bootstrapping.")
            _cdk(project, "bootstrap", f"aws://{account}/{region}")
        _check_nothing_is_dropped(session, configuration, project)
        _check_no_queue_is_needed(
            Cloud(session.create_client, f"the region {region}", configuration.stack_prefix),
            configuration,
            project.root,
        )
        _check_function_urls(session, configuration, project.root)
        _examine(session, configuration)
        settings = _prepared(session, configuration, project)
        approval = "broadening" if sys.stdin.isatty() else "never"
        _cdk(project, "deploy", "--all", "--require-approval", approval, settings=settings)
        _finish(session, configuration, project.root)
    except SluiceError as error:
        print_note(str(error))
        return 1
    except (BotoCoreError, ClientError) as error:
        print_note(explained(error))
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
        caller = session.create_client("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise DeployError(
            f"Expected the credentials of an AWS account, found none that work ({error}). Run `aws configure`"
            " or `aws sso login`, or set AWS_PROFILE, then try again. `make demo` needs no account."
        ) from error
    check_partition(caller["Arn"])
    return caller["Account"], region


def _check_function_urls(session: Session, configuration: Configuration, root: Path) -> None:
    """Raise DeployError when a pipeline has a webhook, or the console is to be deployed, and the Region is
    known to have no addresses for them.
    """
    hooked = with_webhooks(load_pipelines(root)) if configuration.webhooks else []
    names = [
        *(f"the webhook of {one}" for one in hooked),
        *(["the console"] if configuration.console else []),
    ]
    try:
        missing = bool(names) and not region_has_function_urls(session.create_client("cloudformation"))
    except (BotoCoreError, ClientError) as error:
        print_line(f"Whether this region has function URLs could not be looked up: {error}")
        return
    if missing:
        raise DeployError(f"Expected function URLs in this region for {', '.join(names)}, found none. {FIX}")


def _check_images_can_be_built() -> None:
    docker = DockerProgram()
    if problem := docker.problem():
        raise DeployError(
            f"Expected {docker.name} to build the jobs' images, found that {problem}. Install Docker and"
            " start it, or set CDK_DOCKER=podman or CDK_DOCKER=finch."
        )


def _examine(session: Session, configuration: Configuration) -> None:
    """Print what `sluice doctor` finds before the first deploy, and before each later one of the buckets that
    pipelines name; raises DeployError for errors with which the deploy or the first run would fail.
    """
    account = Account(session.create_client, configuration)
    if account.resources("Storage", "AWS::S3::Bucket") is not None:
        note_buckets(session.create_client)
        return
    checks = {name: CHECKS[name] for name in BEFORE_DEPLOYS if name != "bootstrap"}
    found = [one for one in run_checks(account, checks) if is_problem(one[1])]
    for name, finding in found:
        note_finding(name, finding)
    if os.environ.get(SKIP_DOCTOR) != "true" and any(one.level is Level.ERROR for _, one in found):
        raise DeployError(
            "Expected an account in which a first run can succeed, found the errors above. Mend them, or"
            f" deploy all the same with {SKIP_DOCTOR}=true."
        )


def _check_own_bootstrap(qualifier: str) -> None:
    """Raise DeployError for a qualifier of a company's own, whose bootstrap stack has settings too."""
    if qualifier != DEFAULT_QUALIFIER:
        raise DeployError(
            f"Expected the CDK's bootstrap stack with the qualifier {qualifier}, which cdk.json names, found"
            f" none. Have it made as your company wants it, or run `{bootstrap_command(qualifier)}`."
        )


def _bootstrapped(session: Session) -> bool:
    parameter = version_parameter(qualifier_of())
    try:
        session.create_client("ssm").get_parameter(Name=parameter)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ParameterNotFound":
            return False
        raise DeployError(
            f"Expected to read {parameter}, found: {error}. Use an administrator's credentials."
        ) from error
    return True


def _check_nothing_is_dropped(session: Session, configuration: Configuration, project: Project) -> None:
    """Raise DeployError when the last deploy had settings that this one says nothing of, or a path of roles
    that cannot be another now.
    """
    cloudformation = session.create_client("cloudformation")
    dropped = dropped_settings(
        cloudformation,
        f"{configuration.stack_prefix}Control",
        # The zones are looked up at each deploy, and queues are kept for one.
        lambda name: name in (ZONES, KEEP_QUEUES) or project.names(name, os.environ),
    )
    if dropped:
        raise DeployError(refusal(dropped))
    if moved := role_path_refusal(cloudformation, configuration):
        raise DeployError(moved)


def _check_no_queue_is_needed(cloud: Cloud, configuration: Configuration, root: Path) -> None:
    """Raise DeployError when the deploy would delete a queue that an unfinished run still needs."""
    pipelines = load_pipelines(root, configuration.offered)
    deployed = [pipeline for pipeline in pipelines if not configuration.offered.leaves_out(pipeline)]
    wanted = BackfillPipelines(deployed).queues | set(configuration.keep_queues)
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


def _prepared(session: Session, configuration: Configuration, project: Project) -> dict[str, str]:
    """Prepare the account for the stacks, and return the settings that it gives; raises AccountError."""
    ec2 = session.create_client("ec2")
    check_no_subnet_is_needed(ec2, _compute_outputs(session, configuration), configuration)
    create_service_linked_roles(session.create_client("iam"), print)
    zones = zones_of_region(ec2, configuration, project.variables(os.environ))
    return {**zones, **_retained(session, configuration, project)}


def _finish(session: Session, configuration: Configuration, root: Path) -> None:
    """Set what CloudFormation cannot: tags of AWS Batch's resources, and a setting of its clusters; and put
    runs of an older version into the index of runs.
    """
    batch = session.create_client("batch")
    tag_batch_resources(batch, configuration, load_pipelines(root, configuration.offered))
    switch_insights(batch, session.create_client("ecs"), configuration)
    _list_old_runs(Cloud(session.create_client, "this account", configuration.stack_prefix))


def _list_old_runs(cloud: Cloud) -> None:
    """Put runs of an older version into the index of runs, for people who may read only; what is not done now
    is done by the next listing of a person who may write.
    """
    try:
        Adoption(cloud.client("dynamodb"), cloud.deployment.table).is_complete()
    except (BotoCoreError, ClientError) as error:
        print_note(
            f"Runs of an older version are not in the index of runs yet, so that lists are slow: {error}"
        )


def _compute_outputs(session: Session, configuration: Configuration) -> dict[str, str]:
    """Return the outputs of the compute stack, none before the first deploy."""
    name = f"{configuration.stack_prefix}Compute"
    try:
        (stack,) = session.create_client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return {}
        raise
    return {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}


def _retained(session: Session, configuration: Configuration, project: Project) -> dict[str, str]:
    """Return the settings that name the job definitions that earlier deploys left: CloudFormation refuses to
    create them again.
    """
    stack = f"{configuration.stack_prefix}Pipelines"
    names = retained_definitions(
        session.create_client("batch"), session.create_client("cloudformation"), stack
    )
    directory = project.root / ".sluice"
    directory.mkdir(exist_ok=True)
    return as_settings(names, directory)


def _cdk(project: Project, *arguments: str, settings: Mapping[str, str] | None = None) -> None:
    environment = {**os.environ, **(settings or {}), VARIABLE: str(project.root)}
    command = [*CDK, *arguments, "--no-notices", "--output", str(project.root / ".sluice" / "cdk.out")]
    subprocess.run(command, cwd=app_of(project.root), check=True, env=environment)  # noqa: S603 - the CDK's command line


if __name__ == "__main__":
    sys.exit(main())
