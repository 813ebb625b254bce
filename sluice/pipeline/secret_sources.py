"""Where the value of a secret variable comes from: AWS Secrets Manager, or Parameter Store.

Source: https://docs.aws.amazon.com/batch/latest/userguide/specifying-sensitive-data.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html (Name)
_NAME = r"[A-Za-z0-9/_+=.@-]{1,512}"
_SECRET_ARN = re.compile(
    rf"(?P<arn>arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{{12}}:secret:{_NAME})(?P<more>(:[^:]*){{3}})?"
)
_PARAMETER_ARN = re.compile(r"(?P<arn>arn:aws[a-z-]*:ssm:[a-z0-9-]+:\d{12}:parameter/[A-Za-z0-9_./-]+)")
_PARAMETER = re.compile(r"ssm:(?P<name>[A-Za-z0-9_./-]+)")
_SECRET = re.compile(rf"(?P<name>{_NAME})(:(?P<key>[^:]+))?")
SERVICE = "<service>"
# What Secrets Manager appends to the name in an ARN:
# https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_iam-permissions.html
_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A secret that is encrypted with the customer's own key: the execution role must be allowed to decrypt
    with that key too.
    """

    source: str
    kms_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a secret is: its ``service`` (secretsmanager or ssm) and its ARN; ``more`` is the key, stage and
    version that Batch expects after the ARN.
    """

    service: str
    arn: str
    more: str = ""

    @property
    def value_from(self) -> str:
        """Return the value of ``valueFrom`` in a job definition."""
        return self.arn + self.more

    @property
    def resource(self) -> str:
        """Return the resource of a policy; ?????? matches the six characters that AWS appends to a name."""
        return self.arn if self.service == "ssm" or _SUFFIX.fullmatch(self.arn[-7:]) else f"{self.arn}-??????"

    @property
    def action(self) -> str:
        """Return the action that the execution role needs:
        https://docs.aws.amazon.com/batch/latest/userguide/execution-IAM-role.html.
        """
        return "secretsmanager:GetSecretValue" if self.service == "secretsmanager" else "ssm:GetParameters"


def read_source(text: str, *, place: str) -> Source | None:
    """Return the source that a text names, None for an invalid text.

    A text is the ARN of a secret (with ``:json-key:stage:version`` or without), the ARN of a parameter,
    ``ssm:`` and a parameter's name, or the name of a secret, with ``:json-key`` or without. ``place`` is the
    part of an ARN between ``arn:`` and the name, with ``SERVICE`` for the service; it completes names without
    an account.
    """
    if found := _SECRET_ARN.fullmatch(text):
        return Source(service="secretsmanager", arn=found["arn"], more=found["more"] or "")
    if found := _PARAMETER_ARN.fullmatch(text):
        return Source(service="ssm", arn=found["arn"])
    if found := _PARAMETER.fullmatch(text):
        return Source(
            service="ssm",
            arn=f"arn:{place.replace(SERVICE, 'ssm')}:parameter/{found['name'].removeprefix('/')}",
        )
    if found := _SECRET.fullmatch(text):
        arn = f"arn:{place.replace(SERVICE, 'secretsmanager')}:secret:{found['name']}"
        return Source(service="secretsmanager", arn=arn, more=f":{found['key']}::" if found["key"] else "")
    return None
