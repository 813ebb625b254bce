"""What the backend is given: clients of a cloud with Sluice deployed, and what the project says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from console import contract
from sluice.ledger.ledger import Ledger
from sluice.operate.deployment import Deployment
from sluice.triggers.upload_patterns import TakenKeys


class Cloud(Protocol):
    """A cloud; ``client`` returns a low-level client of a service."""

    @property
    def client(self) -> Callable[[str], Any]:
        """Return what makes clients."""
        ...

    @property
    def deployment(self) -> Deployment:
        """Return the names of what is deployed."""
        ...

    @property
    def ledger(self) -> Ledger:
        """Return the ledger."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadTrigger:
    """An upload trigger as far as a file needs it; ``name`` is that of the ledger."""

    name: str
    prefix: str
    suffixes: tuple[str, ...]
    gathers: bool
    bucket: str | None = None
    """Another bucket than the inbox."""

    def takes(self, file: str) -> bool:
        """Return whether a file of this name, put below the prefix, starts it."""
        return file.endswith(self.suffixes)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleTrigger:
    """A schedule; ``place`` is its place among the triggers of the form."""

    place: int
    expression: str
    timezone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPipeline:
    """A pipeline of the project: its form, its upload triggers and its schedules."""

    form: contract.Pipeline
    uploads: tuple[UploadTrigger, ...]
    takes_requests: bool
    schedules: tuple[ScheduleTrigger, ...] = ()
    taken: tuple[TakenKeys, ...] = ()
    """The keys of the inbox that its triggers take."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """The pipelines of the project; ``note`` says why there are none."""

    pipelines: tuple[KnownPipeline, ...] = ()
    note: str | None = None

    def find(self, name: str) -> KnownPipeline | None:
        """Return a pipeline by its name."""
        return next((one for one in self.pipelines if one.form.name == name), None)
