"""The variables of a job that repeats a part of a step: which children run again, and what is missing to a
command behind failed steps.

The ledger has both; these variables are for those without the ledger: a person who looks for a child's log in
an older generation (``DescribeJobs`` shows a job's variables for a week), and a command. What AWS Batch would
refuse as too long is left out, or shortened.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sluice.errors import LimitError
from sluice.limits import check_submit_job
from sluice.run.compiled import CompiledStep, Kind
from sluice.run.state import GenerationSpec

CHILDREN = "SLUICE_CHILDREN"
"""The children, by their numbers in the whole step, that a later generation works on, such as ``3,17-19``."""
MISSING = "SLUICE_MISSING"
"""JSON: for each lost step before a command, its failed children; ``"*"`` for a step that never ran, null for
more than can be listed.
"""


def add_child_environment(request: dict[str, Any], step: CompiledStep, spec: GenerationSpec) -> None:
    """Add the variables to a SubmitJob request; each in the first of its forms that AWS Batch takes. Nodes
    get none.
    """
    if step.kind is Kind.MULTI_NODE:
        return
    overrides = request["containerOverrides"]
    for name, forms in _forms(step, spec):
        for value in forms:
            longer = {**overrides, "environment": [*overrides["environment"], {"name": name, "value": value}]}
            if _taken({**request, "containerOverrides": longer}):
                request["containerOverrides"] = overrides = longer
                break


def _forms(step: CompiledStep, spec: GenerationSpec) -> Iterator[tuple[str, tuple[str, ...]]]:
    if spec.missing and not step.returns:
        yield MISSING, (_json(spec.missing), _json(dict.fromkeys(spec.missing)))
    if spec.children is not None:
        yield CHILDREN, (spec.children,)


def _json(value: Any) -> str:
    return json.dumps(dict(value), separators=(",", ":"), sort_keys=True)


def _taken(request: dict[str, Any]) -> bool:
    try:
        check_submit_job(request)
    except LimitError:
        return False
    return True
