"""Sluice: event-driven batch pipelines on AWS Batch.

What a pipeline's author imports stands here: ``from sluice import Pipeline, S3Upload, Plan, Array, Job``.
What step code is given is in ``sluice.steps``. The names are loaded when they are asked for, so that no
Lambda and no job imports pydantic.

The packages build on one another in this order, each importing only what stands before it: the modules of
this folder, ``aws``, ``triggers``, ``items``, ``run``, ``ledger``, ``receipts``, ``ordering``, ``alerts``,
``advance``, ``grouping``, ``backfill``, ``sets``, ``runtime``, ``pipeline``, ``testing``, ``operate``. See
docs/layout.md.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sluice.pipeline.after import Resubmit as Resubmit
    from sluice.pipeline.after import always as always
    from sluice.pipeline.after import finished as finished
    from sluice.pipeline.after_run import AfterRun as AfterRun
    from sluice.pipeline.definition import INPUT as INPUT
    from sluice.pipeline.definition import Array as Array
    from sluice.pipeline.definition import FileSet as FileSet
    from sluice.pipeline.definition import Job as Job
    from sluice.pipeline.definition import Limit as Limit
    from sluice.pipeline.definition import Manual as Manual
    from sluice.pipeline.definition import MultiNode as MultiNode
    from sluice.pipeline.definition import NodeGroup as NodeGroup
    from sluice.pipeline.definition import Pipeline as Pipeline
    from sluice.pipeline.definition import Plan as Plan
    from sluice.pipeline.definition import S3Upload as S3Upload
    from sluice.pipeline.definition import Schedule as Schedule
    from sluice.pipeline.definition import Webhook as Webhook
    from sluice.pipeline.mounts import EfsMount as EfsMount
    from sluice.pipeline.mounts import HostMount as HostMount
    from sluice.pipeline.permissions import Allow as Allow
    from sluice.pipeline.permissions import read as read
    from sluice.pipeline.permissions import write as write
    from sluice.pipeline.retry_rules import EvaluateOnExit as EvaluateOnExit
    from sluice.pipeline.secret_sources import Secret as Secret

_MODULES = {
    "sluice.pipeline.after": ("Resubmit", "always", "finished"),
    "sluice.pipeline.after_run": ("AfterRun",),
    "sluice.pipeline.definition": (
        "INPUT",
        "Array",
        "FileSet",
        "Job",
        "Limit",
        "Manual",
        "MultiNode",
        "NodeGroup",
        "Pipeline",
        "Plan",
        "S3Upload",
        "Schedule",
        "Webhook",
    ),
    "sluice.pipeline.mounts": ("EfsMount", "HostMount"),
    "sluice.pipeline.permissions": ("Allow", "read", "write"),
    "sluice.pipeline.retry_rules": ("EvaluateOnExit",),
    "sluice.pipeline.secret_sources": ("Secret",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}
__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:
    """Return a name of the public interface; its module is imported now."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'sluice' has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    """Return the public names beside the module's own."""
    return sorted({*globals(), *__all__})
