"""Runs whole pipelines in the process of a test, and makes what a single step function is given.

``from sluice.testing import run``: no cloud, no Docker, no sockets, and the real decisions, manifests,
results and failure rules. See docs/testing.md. The names are loaded when they are asked for: pytest loads the
plugin of this package in every session.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sluice.testing.builders import make_item as make_item
    from sluice.testing.builders import make_out as make_out
    from sluice.testing.builders import make_results as make_results
    from sluice.testing.builders import make_upload as make_upload
    from sluice.testing.builders import make_uploads as make_uploads
    from sluice.testing.commands import Command as Command
    from sluice.testing.errors import HarnessError as HarnessError
    from sluice.testing.faults import machine_lost as machine_lost
    from sluice.testing.faults import refused as refused
    from sluice.testing.faults import worker_killed as worker_killed
    from sluice.testing.outcome import ItemOutcome as ItemOutcome
    from sluice.testing.outcome import Published as Published
    from sluice.testing.outcome import RunOutcome as RunOutcome
    from sluice.testing.outcome import StepOutcome as StepOutcome
    from sluice.testing.running import run as run

_MODULES = {
    "builders": ("make_item", "make_out", "make_results", "make_upload", "make_uploads"),
    "commands": ("Command",),
    "errors": ("HarnessError",),
    "faults": ("machine_lost", "refused", "worker_killed"),
    "outcome": ("ItemOutcome", "Published", "RunOutcome", "StepOutcome"),
    "running": ("run",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}
__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:
    """Return a name of the public interface; its module is imported now."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'sluice.testing' has no attribute {name!r}")
    return getattr(import_module(f"sluice.testing.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    """Return the public names beside the module's own."""
    return sorted({*globals(), *__all__})
