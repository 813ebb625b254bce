"""What the upstream arrays of a step returned: every job is given it, plans and arrays when their function
has a parameter for it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from sluice.run.compiled import Kind
from sluice.run.graph import before
from sluice.runtime.errors import ResultsMissingError
from sluice.runtime.interface.step_types import Results
from sluice.runtime.step_context import StepContext
from sluice.runtime.step_function import Function
from sluice.runtime.stored.complete import complete_results
from sluice.runtime.stored.failed_items import failed_items
from sluice.runtime.stored.missing import missing

_RETURNING = (Kind.ARRAY, Kind.MULTI_NODE)


def results_argument(function: Function, context: StepContext) -> dict[str, Results]:
    """Return the results as an argument for a function that has a parameter called ``results``, and nothing
    for any other.
    """
    if "results" not in inspect.signature(function).parameters:
        return {}
    return {"results": upstream_results(context)}


def upstream_results(context: StepContext) -> Results:
    """Return what reads the results of an upstream array by its name. It raises ResultsMissingError for a
    name that is none.
    """
    pipeline, step = context.assignment.pipeline, context.step.name
    upstream = before(pipeline.parents(), step)
    returning = [
        one.name for one in pipeline.steps if one.kind in _RETURNING and one.returns and one.name in upstream
    ]
    arrays = [one.name for one in pipeline.steps if one.kind is Kind.ARRAY and one.name in upstream]

    def check(name: str, names: list[str], kind: str) -> None:
        if name not in names:
            raise ResultsMissingError(
                f"Expected {kind} upstream of {step} ({', '.join(names) or 'there is none'}), found {name!r}."
            )

    def read(name: str) -> Iterator[tuple[int, Any]]:
        check(name, returning, "an array or nodes")
        return complete_results(context, name)

    def unfinished(name: str) -> list[int]:
        check(name, arrays, "an array")
        return missing(context, name)

    def failures(name: str) -> Iterator[tuple[int, dict[str, Any], str]]:
        check(name, arrays, "an array")
        for one in failed_items(context, name):
            yield one.number, one.item, one.reason

    return Results(read, unfinished, context.trigger, failures)
