"""The account: who is calling, the CDK's bootstrap, and the roles that AWS's services have of their own."""

from __future__ import annotations

from collections.abc import Iterator

from botocore.exceptions import ClientError

from cli.account.service_roles import ROLES
from cli.commands.doctor.account import Account
from cli.commands.doctor.finding import Finding, error, not_checked, ok, warning
from cli.deploying.bootstrap import DEFAULT_QUALIFIER, bootstrap_command, qualifier_of, version_parameter

# What the CDK's deployments of today ask for: https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html
BOOTSTRAP_VERSION = 6


def credentials(account: Account) -> Iterator[Finding]:
    """Check who is calling."""
    caller = account.sts.get_caller_identity()
    where = "the local cloud" if account.local else f"the Region {account.sts.meta.region_name}"
    yield ok(f"{caller['Arn']} of the account {caller['Account']}, in {where}.")


def bootstrap(account: Account) -> Iterator[Finding]:
    """Check whether the CDK may deploy here."""
    qualifier = qualifier_of()
    fix = f"Run `{bootstrap_command(qualifier)}`"
    fix += ", or let `make deploy` do it." if qualifier == DEFAULT_QUALIFIER else "."
    try:
        version = account.ssm.get_parameter(Name=version_parameter(qualifier))["Parameter"]["Value"]
    except ClientError as refused:
        if refused.response["Error"]["Code"] != "ParameterNotFound":
            raise
        yield warning(
            f"The account and Region are not bootstrapped for the CDK (qualifier {qualifier}).", fix
        )
        return
    if not str(version).isdecimal() or int(version) < BOOTSTRAP_VERSION:
        yield warning(
            f"The CDK's bootstrap stack has the version {version}; {BOOTSTRAP_VERSION} or newer is needed.",
            fix,
        )
    else:
        yield ok(f"The CDK's bootstrap stack has the version {version}.")


def service_linked_roles(account: Account) -> Iterator[Finding]:
    """Check for the roles with which Batch starts machines."""
    if account.local:
        yield not_checked("The local cloud's Batch needs no service-linked role.")
        return
    for role, service in ROLES.items():
        fix = f"aws iam create-service-linked-role --aws-service-name {service}"
        try:
            account.iam.get_role(RoleName=role)
            yield ok(f"{role} exists.")
        except ClientError as refused:
            if refused.response["Error"]["Code"] != "NoSuchEntity":
                raise
            text = (
                f"{role} does not exist. AWS makes it when it is first needed, if the caller of the deploy"
                " may call iam:CreateServiceLinkedRole."
            )
            yield warning(text, fix)


def stacks(account: Account) -> Iterator[Finding]:
    """Check how the last deployment of each stack ended."""
    for name in ("Storage", "Compute", "Control", "Pipelines"):
        stack = account.stack(name)
        try:
            status = account.cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
        except ClientError as refused:
            if refused.response["Error"]["Code"] != "ValidationError":
                raise
            yield not_checked(f"{stack} is not deployed.", "Deploy it with `make deploy`.")
            continue
        yield _stack(stack, status)


def _stack(stack: str, status: str) -> Finding:
    fix = f"Read why with `aws cloudformation describe-stack-events --stack-name {stack}`, then deploy again."
    if status.endswith("_IN_PROGRESS"):
        return warning(f"{stack} is being deployed: {status}.", "Wait until it is done.")
    return (
        ok(f"{stack}: {status}.")
        if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
        else error(f"{stack}: {status}.", fix)
    )
