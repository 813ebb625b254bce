"""The settings of a deploy, checked before anything is synthesised."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, TypeVar

from sluice.compute import Compute, QueueKey
from sluice.errors import SluiceError
from sluice.pipeline.validation.offered import Offered

Checked = TypeVar("Checked")


class ConfigurationError(SluiceError):
    """The configuration of the app has mistakes; all of them are listed."""


class Architecture(StrEnum):
    """What the machines are, and so what the images are built for."""

    X86_64 = "x86_64"
    ARM64 = "arm64"


# Families that AWS keeps current; unlike a list of ours they exist in every Region:
# https://docs.aws.amazon.com/batch/latest/userguide/instance-type-compute-table.html
DEFAULT_INSTANCE_TYPES = {Architecture.X86_64: ("default_x86_64",), Architecture.ARM64: ("default_arm64",)}
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-loggroup.html
LOG_RETENTION_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653)

_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE = re.compile(r"\+[1-9]\d{6,14}")
# Rules get names of at most 64 characters, cut evenly from the stack's name and the rule's: 24 are left of
# each, and the policies of the queues know the rules of the stack `<prefix>Pipelines` by the beginning.
_STACK_PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,14}")
_INSTANCE_TYPE = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z0-9-]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """The app's settings; each is read from the CDK context (``-c nat=true``), then from the environment
    (``SLUICE_NAT=true``).

    The two addresses are ``ALERT_EMAIL`` and ``ALERT_PHONE`` in the environment; all others begin with
    ``SLUICE_``.
    """

    alert_email: str | None = None
    """The address that gets an e-mail when a run fails or a message is set aside."""
    alert_phone: str | None = None
    """The number that gets an SMS for the same, such as +4915112345678."""
    stack_prefix: str = "Sluice"
    """What the names of the stacks begin with; another prefix is another Sluice in the same account."""
    job_architecture: Architecture = Architecture.X86_64
    """What jobs run on and images are built for: x86_64 or arm64."""
    instance_types: tuple[str, ...] = ()
    """Instance families or types with commas between them; empty: Batch's current ones."""
    max_vcpus_spot: int = 256
    """The most vCPUs that the spot environment has at a time (1 to 100,000)."""
    max_vcpus_on_demand: int = 64
    """The most vCPUs that the on-demand environment has at a time (1 to 100,000)."""
    arm_instance_types: tuple[str, ...] = DEFAULT_INSTANCE_TYPES[Architecture.ARM64]
    """Instance families or types for steps with ``compute="arm"``; as many vCPUs at a time as the other two
    environments have.
    """
    gpu_instance_types: tuple[str, ...] = ("g4dn", "g5")
    """Instance families or types for steps with ``compute="gpu"``; not every Region has every family."""
    max_vcpus_gpu: int = 64
    """The most vCPUs that each of the two GPU environments has at a time (1 to 100,000)."""
    max_vcpus_fargate: int = 64
    """The most vCPUs that each of the two Fargate environments has at a time (1 to 100,000); a new account's
    quota is 6.
    """
    keep_queues: tuple[str, ...] = ()
    """Queues that stay though no pipeline names them any more, with commas between them, such as
    fargate-normal: runs still use them.
    """
    nat: bool = False
    """Whether jobs run in private subnets behind a NAT gateway, which costs money while idle; multi-node
    steps need it.
    """
    webhooks: bool = True
    """Whether a Webhook gets its address; a Region without function URLs cannot give one."""
    webhook_concurrency: int | None = None
    """The most requests to a webhook that are answered at a time (1 to 1,000), reserved for it; without, as
    many as the account allows.
    """
    work_retention_days: int = 30
    """Days after which what a run left in the work bucket expires (1 to 3,650)."""
    log_retention_days: int = 30
    """Days that logs of Lambdas and jobs are kept: one of CloudWatch's steps, such as 7, 30 or 365."""
    dashboard: bool = True
    """Whether there is a CloudWatch dashboard: free as one of an account's first three, $3 a month beyond."""

    @property
    def machines(self) -> tuple[str, ...]:
        """Return the instance types or families that both environments may launch."""
        return self.instance_types or DEFAULT_INSTANCE_TYPES[self.job_architecture]

    def architecture_of(self, compute: Compute) -> Architecture:
        """Return what the machines of a step are, and so what its image is built for; NVIDIA's run with
        Intel's and AMD's.
        """
        fixed = {Compute.ARM: Architecture.ARM64, Compute.GPU: Architecture.X86_64}
        return fixed.get(compute, self.job_architecture)

    @property
    def offered(self) -> Offered:
        """Return what pipelines get of these settings."""
        return Offered(
            nat=self.nat, max_vcpus_on_demand=self.max_vcpus_on_demand, instance_types=self.instance_types
        )

    @classmethod
    def read(cls, context: Callable[[str], object | None], environment: Mapping[str, str]) -> Configuration:
        """Read and check the settings; raises ConfigurationError that names every wrong one. An empty value
        is no value.
        """
        values: dict[str, Any] = {}
        mistakes: list[str] = []
        for name in (setting.name for setting in fields(cls)):
            given = context(name)
            text = str(environment.get(variable(name), "") if given is None else given).strip()
            try:
                if text:
                    values[name] = _READERS[name](text)
            except ValueError as error:
                mistakes.append(f"  - {variable(name)}: expected {error}, found {text!r}.")
        if mistakes:
            raise ConfigurationError(
                "\n".join(
                    ["The configuration has mistakes; docs/settings.md lists every setting:", *mistakes]
                )
            )
        return cls(**values)


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return name.upper() if name.startswith("alert_") else f"SLUICE_{name.upper()}"


def _matching(pattern: re.Pattern[str], expected: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(expected)
        return text

    return read


def _number(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(text)

    return read


def _one_of(choices: Mapping[str, Checked]) -> Callable[[str], Checked]:
    def read(text: str) -> Checked:
        if text.lower() not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return choices[text.lower()]

    return read


def _list_of(read_one: Callable[[str], str]) -> Callable[[str], tuple[str, ...]]:
    return lambda text: tuple(read_one(part.strip()) for part in text.split(","))


def _queue(text: str) -> str:
    try:
        return str(QueueKey.parse(text))
    except ValueError as error:
        raise ValueError("keys of queues with commas between them, such as fargate-normal") from error


_TYPES = _list_of(
    _matching(_INSTANCE_TYPE, "instance types or families with commas between them, such as m7i,c7i.large")
)
_YES_OR_NO = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_READERS: dict[str, Callable[[str], object]] = {
    "alert_email": _matching(_MAIL, "an e-mail address, such as me@example.com"),
    "alert_phone": _matching(_PHONE, "a number in E.164 form, such as +4915112345678"),
    "stack_prefix": _matching(
        _STACK_PREFIX,
        "a letter, then at most 14 letters, digits or hyphens (CloudFormation cuts the names of rules)",
    ),
    "job_architecture": _one_of({str(one): one for one in Architecture}),
    "instance_types": _TYPES,
    "arm_instance_types": _TYPES,
    "gpu_instance_types": _TYPES,
    "max_vcpus_gpu": _number(1, 100_000),
    "max_vcpus_fargate": _number(1, 100_000),
    "keep_queues": _list_of(_queue),
    "max_vcpus_spot": _number(1, 100_000),
    "max_vcpus_on_demand": _number(1, 100_000),
    "nat": _one_of(_YES_OR_NO),
    "webhooks": _one_of(_YES_OR_NO),
    "webhook_concurrency": _number(1, 1_000),
    "work_retention_days": _number(1, 3_650),
    "log_retention_days": _one_of({str(days): days for days in LOG_RETENTION_DAYS}),
    "dashboard": _one_of(_YES_OR_NO),
}
