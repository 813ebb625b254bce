"""What a pipeline may do and a person should know: each is a warning at synthesis, and no mistake."""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sluice.compute import Compute
from sluice.pipeline.definition import Array, MultiNode, Pipeline, Step
from sluice.pipeline.mounts import HostMount
from sluice.pipeline.retry_rules import unhandled_faults
from sluice.pipeline.validation.fields import listed
from sluice.pipeline.validation.steps.retry_rules import runs_function

# Folders that have somewhere below them what gives whoever has it the machine: sockets, homes, programs.
_ABOVE = (
    *("/", "/run", "/var", "/var/lib", "/etc", "/sys", "/home"),
    *("/usr", "/bin", "/sbin", "/lib", "/lib64"),
)
# And those of which everything does: the engine's and all containers' files, the agent's credentials,
# devices, and the files of processes, of which /proc/1/root is /.
_WHOLE = (
    *("/var/lib/docker", "/var/lib/containerd", "/var/lib/ecs", "/run/docker", "/run/containerd"),
    *("/etc/docker", "/etc/ecs", "/proc", "/dev", "/boot", "/root"),
)
_SHARED_MEMORY = "/dev/shm"  # noqa: S108 - of the machine, not ours
_SOCKET = re.compile(r"/(docker|containerd)\.sock$")

_SECRET_WORDS = {"PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "CREDENTIAL", "CREDENTIALS", "APIKEY"}
_SECRET_KEYS = {("API", "KEY"), ("ACCESS", "KEY"), ("PRIVATE", "KEY"), ("SECRET", "KEY"), ("AUTH", "KEY")}
# A variable that ends so says where a secret is, or something about it.
_ABOUT = {
    "ARN",
    "NAME",
    "URL",
    "URI",
    "PATH",
    "FILE",
    "ID",
    "HOST",
    "TTL",
    "LIMIT",
    "TYPE",
    "BUCKET",
    "REGION",
}
_SECRET_VALUES = (
    re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b"),
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    re.compile(r"\b(gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|xox[abprs]-[\w-]{10,}|sk_live_\w{10,})"),
    # A password inside an address.
    re.compile(r"://[^/\s:@]+:[^/\s@]+@"),
)


@dataclass(frozen=True, slots=True)
class Risk:
    """A warning: its id, the field that it is about, and what it says."""

    id: str
    where: str
    text: str


def risks_of(pipeline: Pipeline) -> Iterator[Risk]:
    """Yield the risks of a valid pipeline: the whole machine as a folder, secrets in plain sight, and faults
    of a machine for which a whole array runs again.
    """
    for step in pipeline.steps:
        where = f"{pipeline.name}: steps[{step.name!r}]"
        yield from _mounts(where, step)
        yield from _faults(where, step)
        groups: list[Any] = [step, *(listed(step.groups) if isinstance(step, MultiNode) else [])]
        for variables in (one.environment for one in groups):
            yield from _variables(where, variables)


def _faults(where: str, step: Step) -> Iterator[Risk]:
    found = unhandled_faults(step.retry, function=runs_function(step), compute=Compute.of(step.compute))
    if step.retry and found and step.attempts > 1 and isinstance(step, Array) and step.command is not None:
        names = " and ".join(f"{name}…" for name in found)
        yield Risk(
            "sluice:machine-faults",
            f"{where}.retry",
            f"its rules leave no room for one about {names}. Such an end of a container is the machine's"
            " fault and comes with the words of a program's, so AWS Batch ends the child; a command knows its"
            " child by AWS_BATCH_JOB_ARRAY_INDEX alone, so all of its children run again then, once. Join two"
            " rules by a pattern that ends in *, and only that child does.",
        )


def _mounts(where: str, step: Step) -> Iterator[Risk]:
    for number, mount in enumerate(step.mounts):
        if not isinstance(mount, HostMount):
            continue
        source = _real(mount.source)
        if _gives_the_machine(source):
            what = "all of the machine" if source == "/" else f"the machine's {source}"
            yield Risk(
                "sluice:host-mount",
                f"{where}.mounts[{number}]",
                f"HostMount gives the step {what}, and so every job on it: files, images and credentials of"
                ' other pipelines\' jobs too. Mount a folder such as /scratch, or write machines="own" in the'
                " pipeline.",
            )


def _gives_the_machine(source: str) -> bool:
    if source in _ABOVE or _SOCKET.search(source):
        return True
    below = any(f"{source}/".startswith(f"{folder}/") for folder in _WHOLE)
    return below and source != _SHARED_MEMORY


def _real(source: str) -> str:
    """Return what a path comes to on a machine, where /var/run is /run."""
    path = posixpath.normpath(source)
    path = "/" if path == "//" else path
    return f"/run{path.removeprefix('/var/run')}" if f"{path}/".startswith("/var/run/") else path


def _variables(where: str, variables: dict[str, str]) -> Iterator[Risk]:
    for name, value in variables.items():
        if _is_secret_name(name) or any(one.search(value) for one in _SECRET_VALUES):
            yield Risk(
                "sluice:secret-in-environment",
                f"{where}.environment[{name!r}]",
                "it looks like a secret, and environment= is in the template, in the job definition and in"
                f' every description of a job. Write secrets={{"{name}": "…"}} with the name of a secret of'
                " Secrets Manager, or ssm:/a/name.",
            )


def _is_secret_name(name: str) -> bool:
    words = name.upper().split("_")
    if words[-1] in _ABOUT:
        return False
    pairs = set(itertools.pairwise(words))
    return bool(_SECRET_WORDS & set(words) or _SECRET_KEYS & pairs)
