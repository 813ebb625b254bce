"""How many vCPUs EC2 and Fargate give this account, for each kind of machine, against what the compute
environments, deployed or to be deployed, may grow to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from botocore.exceptions import ClientError

from cli.commands.doctor.account import Account
from cli.commands.doctor.checks.machines.compute import compute_environments
from cli.commands.doctor.finding import Finding, error, not_checked, ok, warning
from cli.project import current_project
from sluice.compute import QueueKey
from sluice.pipeline.backfills import BackfillPipelines
from sluice.pipeline.loading import load_pipelines
from stacks.configuration import Configuration


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota in vCPUs: where Service Quotas has it, and what it is of."""

    service: str
    code: str
    of: str


# https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html: by the first letters of an
# instance type; all others are standard.
_STANDARD = "A, C, D, H, I, M, R, T and Z"
_EC2: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "SPOT": {
        "": ("L-34B43A08", _STANDARD),
        "g": ("L-3819A6DF", "G and VT"),
        "p": ("L-7212CCBC", "P2, P3 and P4"),
        "p5": ("L-C4BD4855", "P5"),
        "inf": ("L-B5D1601B", "Inf"),
        "trn": ("L-6B0D517C", "Trn"),
        "f": ("L-88CF9481", "F"),
        "x": ("L-E3A00192", "X"),
        "dl": ("L-85EED4F7", "DL"),
    },
    "EC2": {
        "": ("L-1216C47A", _STANDARD),
        "g": ("L-DB2E81BA", "G and VT"),
        "p": ("L-417A185B", "P"),
        "inf": ("L-1945791B", "Inf"),
        "trn": ("L-2C3B7624", "Trn"),
        "f": ("L-74FC7D96", "F"),
        "x": ("L-7295265B", "X"),
        "dl": ("L-6E869C2A", "DL"),
    },
}
_WORDS = {"SPOT": "spot", "EC2": "on-demand"}
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
_FARGATE = {
    "FARGATE": Quota("fargate", "L-3032A538", "Fargate on-demand"),
    "FARGATE_SPOT": Quota("fargate", "L-36FBB829", "Fargate spot"),
}
_SAME = {"gr": "g", "vt": "g"}
_LETTERS = re.compile(r"[a-z]+")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a compute environment may launch: its type (SPOT, EC2, FARGATE, FARGATE_SPOT), its instance types,
    and how many vCPUs at a time.
    """

    type: str
    instance_types: Sequence[str]
    max_vcpus: int


def vcpus(account: Account) -> Iterator[Finding]:
    """Compare each quota that some environment draws on with the sum of those that do."""
    if account.local:
        yield not_checked("The local cloud has no quotas: its machines are this machine.")
        return
    sums: dict[Quota, int] = {}
    for wanted in _deployed(account) or _configured(account.configuration):
        for quota in _quotas_of(wanted):
            sums[quota] = sums.get(quota, 0) + wanted.max_vcpus
    for quota, most in sums.items():
        yield _compared(account, quota, most)


def _deployed(account: Account) -> list[Wanted]:
    found = [one.get("computeResources") for one in compute_environments(account) or []]
    return [Wanted(one["type"], one.get("instanceTypes", ()), one.get("maxvCpus", 0)) for one in found if one]


def _configured(configuration: Configuration) -> list[Wanted]:
    """Return the environments that the next deploy makes."""
    pipelines = load_pipelines(current_project().root, configuration.offered)
    kept = [one for one in pipelines if not configuration.offered.leaves_out(one)]
    keys = BackfillPipelines(kept).queues | set(configuration.keep_queues)
    names = {name for key in keys for name in QueueKey.parse(key).environments}
    return [_environment(name, configuration) for name in sorted(names - {"Unmanaged"})]


def _environment(name: str, given: Configuration) -> Wanted:
    """Return what an environment of ``sluice.compute.ENVIRONMENTS`` may launch."""
    if name.startswith("Fargate"):
        spot = "FARGATE_SPOT" if name == "FargateSpot" else "FARGATE"
        return Wanted(spot, (), given.max_vcpus_fargate)
    kind = "SPOT" if name.endswith("Spot") else "EC2"
    usual = given.max_vcpus_spot if kind == "SPOT" else given.max_vcpus_on_demand
    if name.startswith("Gpu"):
        return Wanted(kind, given.gpu_instance_types, given.max_vcpus_gpu)
    return Wanted(kind, given.arm_instance_types if name.startswith("Arm") else given.machines, usual)


def _quotas_of(wanted: Wanted) -> set[Quota]:
    if wanted.type in _FARGATE:
        return {_FARGATE[wanted.type]}
    quotas = _EC2[wanted.type]
    families = {_family(one, quotas) for one in wanted.instance_types}
    return {
        Quota("ec2", quotas[family][0], f"EC2 {_WORDS[wanted.type]} ({quotas[family][1]})")
        for family in families
    }


def _family(instance_type: str, quotas: Mapping[str, tuple[str, str]]) -> str:
    """Return the key of an instance type's or family's quota."""
    if instance_type[:2] in quotas and instance_type[:2].startswith("p"):
        return instance_type[:2]
    letters = _LETTERS.match(instance_type)
    found = _SAME.get(letters[0], letters[0]) if letters else ""
    return found if found in quotas else ""


def _compared(account: Account, quota: Quota, most: int) -> Finding:
    try:
        answer = account.quotas.get_service_quota(ServiceCode=quota.service, QuotaCode=quota.code)
    except ClientError as refused:
        if refused.response["Error"]["Code"] != "NoSuchResourceException":
            raise
        return not_checked(f"The Region has no quota {quota.code}: {quota.of}.")
    value = int(answer["Quota"]["Value"])
    text = f"This account has {value} vCPUs of {quota.of}; the compute environments may grow to {most}"
    if value >= most:
        return ok(f"{text}.")
    fix = (
        f"aws service-quotas request-service-quota-increase --service-code {quota.service} --quota-code"
        f" {quota.code} --desired-value {most}; or deploy with a smaller SLUICE_MAX_VCPUS_…"
    )
    if value < 1:
        return error(f"{text}: no machine can start.", fix)
    return warning(f"{text}: jobs beyond the quota wait as RUNNABLE.", fix)
