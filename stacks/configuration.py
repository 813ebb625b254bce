"""The settings of a deploy, checked before anything is synthesised."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, TypeVar

from sluice.compute import Compute, QueueKey
from sluice.errors import SluiceError
from sluice.pipeline.definition import Pipeline
from sluice.pipeline.validation.offered import Offered
from sluice.settings import CONSOLE_ROLES
from sluice.tags import APP, EXPECTED, MAX_OWN, is_tag
from stacks.blocks.machines.instance_sizes import largest

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

DEFAULT_PREFIX = "Sluice"
MAX_ZONES = 6
"""The most zones that a Region has: us-east-1."""
SUBNET_MASK = 20
"""Of each subnet of Sluice's own network: 4,091 addresses, and two kinds in six zones fit into a /16."""

_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE = re.compile(r"\+[1-9]\d{6,14}")
# Rules get names of at most 64 characters, cut evenly from the stack's name and the rule's: 24 are left of
# each, and the policies of the queues know the rules of the stack `<prefix>Pipelines` by the beginning.
_STACK_PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,14}")
_VPC, _SUBNET, _GROUP = (re.compile(rf"{kind}-[0-9a-f]{{8,17}}") for kind in ("vpc", "subnet", "sg"))
_POLICY = re.compile(r"arn:aws:iam::(\d{12}|aws):policy/[\w+=,.@/-]+")
_ROLE_PATH = re.compile(r"/([!-.0-~]+/)*")
_KEY = re.compile(r"arn:aws:kms:[a-z0-9-]+:\d{12}:key/([0-9a-f-]{36}|mrk-[0-9a-f]{32})")
_ISSUER = re.compile(r"(https://[a-z0-9.-]+|http://(localhost|127\.0\.0\.1))(:\d{1,5})?(/[\w.~/-]*)?")
_CLIENT = re.compile(r"[!-~]{1,255}")
_SECRET = re.compile(r"arn:aws:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+")
_CLAIM = re.compile(r"[\w:./-]{1,100}")
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
    stack_prefix: str = DEFAULT_PREFIX
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
    disk_gib: int = 50
    """GiB of disk that each machine of EC2 has, for the images and files of all jobs on it (30 to 16,384)."""
    scale_down_delay: int | None = None
    """Minutes that a machine of EC2 stays after its last job, for the next one (20 to 10,080); without, AWS
    Batch lets it go soon. It costs as long as it stays.
    """
    container_insights: bool | None = None
    """Whether CloudWatch's Container Insights watch the machines, which costs by metric; without, `make
    deploy` leaves the clusters as they are.
    """
    zones: int = 2
    """Zones of the Region in which Sluice's network has a subnet (1 to 6); `make deploy` takes all that there
    are, unless this says otherwise.
    """
    vpc_id: str | None = None
    """A VPC that you have, such as vpc-0123456789abcdef0, in place of one of Sluice's own."""
    subnet_ids: tuple[str, ...] = ()
    """The subnets of that VPC for jobs, with commas between them; they have to reach the internet, or
    endpoints of S3, DynamoDB, SNS, Amazon ECR, Amazon ECS and CloudWatch Logs.
    """
    security_group_ids: tuple[str, ...] = ()
    """Its security groups for jobs, with commas between them; without, Sluice makes one that lets nothing
    in.
    """
    public_addresses: bool = False
    """Whether jobs get public addresses in your subnets: where these lead to the internet without NAT."""
    permissions_boundary: str | None = None
    """The ARN of a policy that bounds every role."""
    role_path: str | None = None
    """The path of every role, instance profile and managed policy, such as /team/."""
    kms_key: str | None = None
    """The ARN of your key in AWS KMS that encrypts buckets, table, queues, topics, logs, secrets and disks;
    its policy has to allow some services: docs/account.md.
    """
    tags: tuple[tuple[str, str], ...] = ()
    """Tags of everything, with commas between them, such as team=data,cost-center=42."""
    webhooks: bool = True
    """Whether a Webhook gets its address; a Region without function URLs cannot give one."""
    webhook_concurrency: int | None = None
    """The most requests to a webhook that are answered at a time (1 to 1,000), reserved for it; without, as
    many as the account allows.
    """
    console: bool = False
    """Whether the console has an address of its own, for people without credentials of AWS. The secret that
    signs its sessions costs $0.40 a month, also while nobody looks. Taken away, its user pool goes with all
    who are in it.
    """
    console_issuer: str | None = None
    """The issuer of your own provider of OpenID Connect, such as https://login.example.com; without, the
    stack makes a Cognito user pool, to which people are invited.
    """
    console_client_id: str | None = None
    """What that provider calls the console."""
    console_client_secret: str | None = None
    """The ARN of a secret in Secrets Manager with that client's secret as its text; without, PKCE alone
    protects a public client.
    """
    console_groups: tuple[tuple[str, str], ...] = ()
    """Which groups of that provider have which role in the console, such as
    watch=analysts,operate=on-call,administer=platform.
    """
    console_groups_claim: str = "groups"
    """Where that provider's ID tokens have a person's groups, as a list."""
    console_mfa: bool = False
    """Whether the console's user pool asks for a second factor: the code of an authenticator app."""
    console_concurrency: int | None = None
    """The most requests to the console that are answered at a time (1 to 1,000), reserved for it; without,
    as many as the account allows.
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

    @property
    def has_private_subnets(self) -> bool:
        """Return whether jobs have no public addresses, but a way out: behind NAT, or in subnets of yours."""
        return not self.public_addresses if self.vpc_id else self.nat

    def architecture_of(self, compute: Compute) -> Architecture:
        """Return what the machines of a step are, and so what its image is built for; NVIDIA's run with
        Intel's and AMD's.
        """
        fixed = {Compute.ARM: Architecture.ARM64, Compute.GPU: Architecture.X86_64}
        return fixed.get(compute, self.job_architecture)

    @property
    def common_tags(self) -> dict[str, str]:
        """Return the tags of everything."""
        return {APP: self.stack_prefix, **dict(self.tags)}

    def tags_of(self, pipeline: Pipeline) -> dict[str, str]:
        """Return the tags of a pipeline's job definitions and jobs, besides those that say which they are."""
        return {**self.common_tags, **pipeline.tags}

    @property
    def offered(self) -> Offered:
        """Return what pipelines get of these settings."""
        gpu, arm = self.gpu_instance_types, self.arm_instance_types
        environments = {
            "Spot": (self.max_vcpus_spot, self.machines),
            "OnDemand": (self.max_vcpus_on_demand, self.machines),
            "GpuSpot": (self.max_vcpus_gpu, gpu),
            "GpuOnDemand": (self.max_vcpus_gpu, gpu),
            "ArmSpot": (self.max_vcpus_spot, arm),
            "ArmOnDemand": (self.max_vcpus_on_demand, arm),
            "Fargate": (self.max_vcpus_fargate, ()),
            "FargateSpot": (self.max_vcpus_fargate, ()),
        }
        return Offered(
            nat=self.has_private_subnets,
            max_vcpus_on_demand=self.max_vcpus_on_demand,
            instance_types=self.instance_types,
            max_vcpus={name: min(most, largest(types)) for name, (most, types) in environments.items()},
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
        mistakes += _together(values)
        if mistakes:
            raise ConfigurationError(
                "\n".join(
                    ["The configuration has mistakes; docs/settings.md lists every setting:", *mistakes]
                )
            )
        return cls(**values)


def _together(values: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with settings of which each is right."""
    return [*_together_in_vpc(values), *_together_for_console(values)]


def _together_for_console(values: Mapping[str, Any]) -> list[str]:
    named = [name for name in values if name.startswith("console_")]
    if not values.get("console"):
        return [f"  - {variable(name)}: expected {variable('console')}=true beside it." for name in named]
    return list(_beside_provider(values) if values.get("console_issuer") else _beside_pool(values, named))


def _beside_provider(values: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong beside a provider of the company's own."""
    issuer = variable("console_issuer")
    for name in ("console_client_id", "console_groups"):
        if name not in values:
            yield f"  - {variable(name)}: expected it beside {issuer}."
    if values.get("console_mfa"):
        yield f"  - {variable('console_mfa')}: expected none beside {issuer}: your provider asks for it."


def _beside_pool(values: Mapping[str, Any], named: Iterable[str]) -> Iterator[str]:
    """Yield what is wrong beside the stack's own user pool."""
    for name in named:
        if name not in ("console_mfa", "console_concurrency"):
            yield f"  - {variable(name)}: expected {variable('console_issuer')} beside it, found none."
    prefix = values.get("stack_prefix", DEFAULT_PREFIX)
    # https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-assign-domain-prefix.html
    for word in ("aws", "amazon", "cognito"):
        if word in prefix.lower():
            text = f"no {word!r} in it, which no domain of Cognito may have, found {prefix!r}"
            yield f"  - {variable('stack_prefix')}: expected {text}."


def _together_in_vpc(values: Mapping[str, Any]) -> list[str]:
    in_vpc = [name for name in ("subnet_ids", "security_group_ids", "public_addresses") if values.get(name)]
    vpc = variable("vpc_id")
    if not values.get("vpc_id"):
        return [f"  - {variable(name)}: expected {vpc} beside it, found none." for name in in_vpc]
    missing = f"  - {variable('subnet_ids')}: expected subnets of {values['vpc_id']}, found none."
    both = f"  - {variable('nat')}: expected false beside {vpc}, found true: your subnets have a way out."
    return [*([] if "subnet_ids" in in_vpc else [missing]), *([both] if values.get("nat") else [])]


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


def _roles(text: str) -> tuple[tuple[str, str], ...]:
    found = [tuple(part.strip() for part in one.partition("=")[::2]) for one in text.split(",")]
    if not all(role in CONSOLE_ROLES and group for role, group in found):
        raise ValueError(
            f"roles ({', '.join(CONSOLE_ROLES)}) with groups, such as watch=analysts,operate=on-call"
        )
    return tuple((role, group) for role, group in found)


def _queue(text: str) -> str:
    try:
        return str(QueueKey.parse(text))
    except ValueError as error:
        raise ValueError("keys of queues with commas between them, such as fargate-normal") from error


def _tag(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not is_tag(key, value):
        raise ValueError(f"tags such as team=data,cost-center=42, with {EXPECTED}")
    return key, value


def _tags(text: str) -> tuple[tuple[str, str], ...]:
    found = [_tag(part.strip()) for part in text.split(",")]
    if len(dict(found)) < len(found) or len(found) > MAX_OWN:
        raise ValueError(f"at most {MAX_OWN} tags, each key once")
    return tuple(found)


def _ids(pattern: re.Pattern[str], example: str) -> Callable[[str], tuple[str, ...]]:
    return _list_of(_matching(pattern, f"ids with commas between them, such as {example}"))


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
    "disk_gib": _number(30, 16_384),
    "scale_down_delay": _number(20, 10_080),
    "container_insights": _one_of(_YES_OR_NO),
    "zones": _number(1, MAX_ZONES),
    "vpc_id": _matching(_VPC, "the id of a VPC, such as vpc-0123456789abcdef0"),
    "subnet_ids": _ids(_SUBNET, "subnet-0123456789abcdef0"),
    "security_group_ids": _ids(_GROUP, "sg-0123456789abcdef0"),
    "public_addresses": _one_of(_YES_OR_NO),
    "permissions_boundary": _matching(
        _POLICY, "the ARN of a policy, such as arn:aws:iam::111122223333:policy/boundary"
    ),
    "role_path": _matching(_ROLE_PATH, "a path that begins and ends with a slash, such as /team/"),
    "kms_key": _matching(
        _KEY, "the ARN of a key, such as arn:aws:kms:eu-central-1:111122223333:key/1234abcd-…"
    ),
    "tags": _tags,
    "webhooks": _one_of(_YES_OR_NO),
    "webhook_concurrency": _number(1, 1_000),
    "console": _one_of(_YES_OR_NO),
    "console_issuer": _matching(_ISSUER, "an address with https, such as https://login.example.com"),
    "console_client_id": _matching(_CLIENT, "an id of at most 255 characters without spaces"),
    "console_client_secret": _matching(
        _SECRET,
        "the ARN of a secret, such as arn:aws:secretsmanager:eu-central-1:111122223333:secret:console-AbCdEf",
    ),
    "console_groups": _roles,
    "console_groups_claim": _matching(_CLAIM, "the name of a claim, such as groups"),
    "console_mfa": _one_of(_YES_OR_NO),
    "console_concurrency": _number(1, 1_000),
    "work_retention_days": _number(1, 3_650),
    "log_retention_days": _one_of({str(days): days for days in LOG_RETENTION_DAYS}),
    "dashboard": _one_of(_YES_OR_NO),
}
