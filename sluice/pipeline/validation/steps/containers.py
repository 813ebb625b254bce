"""Checks what a step's container has: parameters, secrets, folders, limits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sluice.compute import Compute
from sluice.errors import Mistake
from sluice.limits import OWN_VARIABLE, is_own_variable
from sluice.pipeline.definition import Step
from sluice.pipeline.mounts import EfsMount, HostMount
from sluice.pipeline.secret_sources import SERVICE, Secret, read_source
from sluice.pipeline.validation.fields import check_fields, is_number, listed, of_type

_REF = "Ref::"
_PARAMETER = re.compile(r"[A-Za-z0-9_-]{1,128}")
_KEY = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+")
_ANYWHERE = f"aws:{SERVICE}:region:000000000000"


def check_parameters(where: str, step: Step) -> Iterator[Mistake]:
    """Yield the parameters that no word of the command names, and the words that name none.

    Source: https://docs.aws.amazon.com/batch/latest/userguide/job_definition_parameters.html#parameters
    """
    if not isinstance(step.parameters, dict):
        return
    if not step.parameters or step.run is None:
        yield from _check_references(where, step)
    else:
        fix = "Functions read environment=, or the run's input."
        yield Mistake(f"{where}.parameters", "none beside run=", _named(step.parameters), fix)


def _check_references(where: str, step: Step) -> Iterator[Mistake]:
    words = [word for word in listed(step.command) if isinstance(word, str)]
    named = {word.removeprefix(_REF) for word in words if word.startswith(_REF)}
    for name in step.parameters:
        yield from _check_parameter(f"{where}.parameters", name, named)
    for name in sorted(named - set(step.parameters)):
        yield Mistake(
            f"{where}.command",
            "a default for each parameter",
            f"{_REF}{name}",
            f'Write parameters={{"{name}": "…"}}.',
        )
    for word in (word for word in words if _REF in word[1:]):
        yield Mistake(
            f"{where}.command",
            f"{_REF}… as a word of its own",
            repr(word),
            "Split the word in two, or use environment=.",
        )


def _check_parameter(place: str, name: object, named: set[str]) -> Iterator[Mistake]:
    if not (isinstance(name, str) and _PARAMETER.fullmatch(name)):
        yield Mistake(place, "names of letters, digits, _ and -", repr(name), "Rename it.")
    elif name not in named:
        expected = f"a word {_REF}{name} in command="
        yield Mistake(place, expected, "none", "Add the word, or drop the parameter.")


def check_secrets(where: str, step: Step) -> Iterator[Mistake]:
    """Yield the variables of secrets that are reserved or set twice, and secrets whose source is invalid."""
    if not isinstance(step.secrets, dict):
        return
    for name, secret in step.secrets.items():
        place = f"{where}.secrets[{name!r}]"
        if not is_own_variable(name):
            yield Mistake(f"{where}.secrets", OWN_VARIABLE, repr(name), "Rename it.")
        elif isinstance(step.environment, dict) and name in step.environment:
            yield Mistake(
                place, "a variable that environment= does not set", repr(name), "Rename one of the two."
            )
        yield from _check_source(place, secret.source if isinstance(secret, Secret) else secret)
        if isinstance(secret, Secret):
            yield from _check_key(place, secret.kms_key)


def _check_source(place: str, source: object) -> Iterator[Mistake]:
    if isinstance(source, str) and read_source(source, place=_ANYWHERE) is None:
        expected = "the name or ARN of a secret, or ssm: and the name of a parameter, or its ARN"
        fix = 'Write, for instance, "my-app/api-key" or "ssm:/my-app/api-key".'
        yield Mistake(place, expected, repr(source), fix)


def _check_key(place: str, key: object) -> Iterator[Mistake]:
    if not (isinstance(key, str) and _KEY.fullmatch(key)):
        fix = "Take it from the secret's description."
        yield Mistake(place, "the ARN of a key as kms_key=", repr(key), fix)


def check_mounts(where: str, step: Step) -> Iterator[Mistake]:
    """Yield what is wrong with each folder, folders with the same path, and a HostMount on Fargate."""
    seen: set[str] = set()
    for number, mount in enumerate(listed(step.mounts)):
        place = f"{where}.mounts[{number}]"
        if not isinstance(mount, HostMount | EfsMount):
            continue  # reported as a field of a wrong type
        yield from check_fields(place, mount, (HostMount, EfsMount))
        if mount.path == "/":
            yield Mistake(f"{place}.path", "a folder other than /", "'/'", "The image's own files are there.")
        if str(mount.path) in seen:
            yield Mistake(
                f"{place}.path",
                "a path of its own",
                repr(mount.path),
                "Change one of the two paths.",
            )
        seen.add(str(mount.path))
        if isinstance(mount, HostMount) and step.compute in (Compute.FARGATE, Compute.FARGATE_SPOT):
            yield Mistake(
                place,
                "EfsMount on Fargate",
                "HostMount",
                "Fargate has no machine of yours; use EfsMount, or storage=.",
            )
        if isinstance(mount, EfsMount) and mount.access_point is not None and mount.root != "/":
            yield Mistake(
                f"{place}.root",
                "none beside access_point=",
                repr(mount.root),
                "The access point has its own; drop root=.",
            )


def check_memory_folders(where: str, step: Step) -> Iterator[Mistake]:
    """Yield folders in memory that are more than the job's memory, or where a mount is."""
    if not of_type(step.tmpfs, dict):
        return
    size = sum(filter(is_number, step.tmpfs.values()))
    if is_number(step.memory) and size >= step.memory:
        expected = f"less than the memory of the step together, {step.memory} MiB"
        yield Mistake(f"{where}.tmpfs", expected, f"{size} MiB", "Raise memory=, or lower them.")
    yield from _check_paths(where, step)


def _check_paths(where: str, step: Step) -> Iterator[Mistake]:
    mounted = {mount.path for mount in listed(step.mounts) if isinstance(mount, HostMount | EfsMount)}
    for path in step.tmpfs:
        if path == "/" or path in mounted:
            yield Mistake(f"{where}.tmpfs", "a path of its own other than /", repr(path), "Change the path.")


def check_ulimits(where: str, step: Step) -> Iterator[Mistake]:
    """Yield the limits whose soft value is above the hard one."""
    if not of_type(step.ulimits, dict):
        return
    for name, limit in step.ulimits.items():
        if (
            isinstance(limit, tuple)
            and len(limit) == 2
            and all(type(one) is int for one in limit)
            and _above(*limit)
        ):
            yield Mistake(
                f"{where}.ulimits[{name!r}]",
                "a soft limit of at most the hard one",
                repr(limit),
                "Swap the two.",
            )


def _above(soft: int, hard: int) -> bool:
    return hard != -1 and (soft == -1 or soft > hard)


def _named(value: dict[Any, Any]) -> str:
    return ", ".join(str(name) for name in value)
