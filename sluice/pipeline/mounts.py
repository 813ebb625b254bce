"""Folders in a step's container besides those of its image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

_PATH = r"^/([^/]+(/[^/]+)*)?$"

Path = Annotated[str, Field(pattern=_PATH, max_length=4096)]


@dataclass(frozen=True, kw_only=True)
class HostMount:
    """A folder of the machine, as ``path`` in the container; its files are lost with the machine."""

    source: Path
    """The folder on the machine; Docker creates a missing one."""
    path: Path
    read_only: bool = False


@dataclass(frozen=True, kw_only=True)
class EfsMount:
    """A file system of Amazon EFS, or an access point of one, as ``path`` in the container.

    It is mounted with TLS under the job's own role, so the file system's policy may name that role.
    docs/machines.md describes how it is made reachable. Source:
    https://docs.aws.amazon.com/batch/latest/userguide/efs-volumes.html
    """

    file_system: Annotated[str, Field(pattern=r"^fs-[0-9a-f]{8,40}$")]
    path: Path
    access_point: Annotated[str, Field(pattern=r"^fsap-[0-9a-f]{8,40}$")] | None = None
    """The mount then has the folder and the user of the access point."""
    root: Path = "/"
    """The folder of the file system that is mounted; an access point has its own."""
    read_only: bool = False


Mount = HostMount | EfsMount
