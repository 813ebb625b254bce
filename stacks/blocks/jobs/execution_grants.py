"""What an execution role may do beyond its own images and logs: read secrets, and pull from private
registries.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from sluice.pipeline.secret_sources import SERVICE, Secret, Source, read_source

# https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html
_ECR = re.compile(
    r"(?P<account>\d{12})\.dkr[.-]ecr(-fips)?\.(?P<region>[a-z0-9-]+)\.(amazonaws\.com(\.cn)?|on\.aws|on\.amazonwebservices\.com\.cn)"
    r"/(?P<repository>[a-z0-9._/-]+)([:@].*)?"
)


def source_of(secret: str | Secret, scope: iam.IRole) -> Source:
    """Return where a secret is: in this account and Region unless it names others."""
    stack = Stack.of(scope)
    text = secret.source if isinstance(secret, Secret) else secret
    source = read_source(text, place=f"{stack.partition}:{SERVICE}:{stack.region}:{stack.account}")
    assert source is not None, "validation accepts nothing else"  # noqa: S101
    return source


def allow_read_secrets(role: iam.Role, secrets: Iterable[str | Secret]) -> None:
    """Allow a role to read exactly these secrets, and to decrypt with the keys that they name.

    A secret under the key that AWS manages needs no permission of its own:
    https://docs.aws.amazon.com/batch/latest/userguide/execution-IAM-role.html
    """
    for secret in dict.fromkeys(secrets):
        source = source_of(secret, role)
        role.add_to_policy(iam.PolicyStatement(actions=[source.action], resources=[source.resource]))
        if isinstance(secret, Secret):
            via = {
                "StringEquals": {
                    "kms:ViaService": (
                        f"{source.service}.{source.arn.split(':')[3]}.{Stack.of(role).url_suffix}"
                    )
                }
            }
            role.add_to_policy(
                iam.PolicyStatement(actions=["kms:Decrypt"], resources=[secret.kms_key], conditions=via)
            )


def allow_pull(role: iam.Role, images: Iterable[str]) -> None:
    """Allow a role to pull those of these images that are in a private registry of Amazon ECR; other
    registries need no permission.

    A repository of another account must allow this account too:
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html
    """
    found = [match for image in dict.fromkeys(images) if (match := _ECR.fullmatch(image))]
    if not found:
        return
    partition = Stack.of(role).partition
    repositories = [
        f"arn:{partition}:ecr:{one['region']}:{one['account']}:repository/{one['repository']}"
        for one in found
    ]
    actions = ["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"]
    role.add_to_policy(iam.PolicyStatement(actions=actions, resources=repositories))
    role.add_to_policy(iam.PolicyStatement(actions=["ecr:GetAuthorizationToken"], resources=["*"]))
