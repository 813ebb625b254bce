"""What a check has found, and what it looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from stacks.configuration import Configuration

_HERE = ("127.0.0.1", "localhost", "::1")


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    NOT_CHECKED = "not checked"
    """It could not be looked at, and why; that is no sign of health."""
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: how it is, and the fix where it is not well."""

    level: Level
    text: str
    fix: str = ""


class Patient:
    """The account and what of Sluice is deployed in it; ``client`` returns botocore's client of a service."""

    def __init__(self, client: Callable[[str], Any], configuration: Configuration) -> None:
        self.client = client
        self.configuration = configuration
        self._resources: dict[str, list[dict[str, str]] | None] = {}

    @cached_property
    def local(self) -> bool:
        """Whether this is a local cloud, which lacks what an account has."""
        return urlsplit(str(self.client("sts").meta.endpoint_url)).hostname in _HERE

    def stack(self, name: str) -> str:
        """Return the whole name of a stack."""
        return self.configuration.stack_prefix + name

    def resources(self, stack: str, kind: str, within: str = "") -> list[str] | None:
        """Return the physical ids of a stack's resources of a type, with some letters in their logical ids;
        None without the stack.
        """
        if stack not in self._resources:
            self._resources[stack] = self._listed(self.stack(stack))
        listed = self._resources[stack]
        if listed is None:
            return None
        return [
            one["PhysicalResourceId"]
            for one in listed
            if one["ResourceType"] == kind and within in one["LogicalResourceId"]
        ]

    def _listed(self, stack: str) -> list[dict[str, str]] | None:
        pages = self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
        try:
            return [
                one
                for page in pages
                for one in page["StackResourceSummaries"]
                if one.get("PhysicalResourceId")
            ]
        except ClientError as error:
            # What CloudFormation answers for a stack that there is not.
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            return None


Check = Callable[[Patient], Iterator[Finding]]


def ok(text: str) -> Finding:
    """Return that something is well."""
    return Finding(Level.OK, text)


def not_checked(why: str, fix: str = "") -> Finding:
    """Return that something could not be looked at."""
    return Finding(Level.NOT_CHECKED, why, fix)


def warning(text: str, fix: str) -> Finding:
    """Return what will hold something up, or may."""
    return Finding(Level.WARNING, text, fix)


def error(text: str, fix: str) -> Finding:
    """Return what keeps something from working."""
    return Finding(Level.ERROR, text, fix)


def not_deployed(patient: Patient, stack: str) -> Finding:
    """Return that a check needs a stack that is not there."""
    return not_checked(
        f"The stack {patient.stack(stack)} is not deployed.", "Deploy it with `make deploy`, then look again."
    )
