"""What the children of the arrays before a step returned: jobs are given it, plans and arrays when they ask
for it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from sluice import keys
from sluice.run.compiled import Kind
from sluice.run.graph import before
from sluice.runtime.context import Context, Function
from sluice.runtime.errors import ResultsMissingError
from sluice.runtime.missing import missing
from sluice.runtime.result_parts import read_results
from sluice.runtime.step_types import Results

_RETURNING = (Kind.ARRAY, Kind.MULTI_NODE)


def asked_for(function: Function, context: Context) -> dict[str, Results]:
    """Return the results as an argument for a function that has a parameter called ``results``, and nothing
    for any other.
    """
    return {"results": results_before(context)} if "results" in inspect.signature(function).parameters else {}


def results_before(context: Context) -> Results:
    """Return what reads the results of an array before this step by its name; it raises ResultsMissingError
    for what is none.
    """
    pipeline, step = context.assignment.pipeline, context.step.name
    earlier = before(pipeline.parents(), step)
    returning = [
        one.name for one in pipeline.steps if one.kind in _RETURNING and one.returns and one.name in earlier
    ]

    arrays = [one.name for one in pipeline.steps if one.kind is Kind.ARRAY and one.name in earlier]

    def known(name: str, names: list[str], kind: str) -> None:
        if name not in names:
            raise ResultsMissingError(
                f"Expected {kind} before {step} ({', '.join(names) or 'there is none'}), found {name!r}."
            )

    def read(name: str) -> Iterator[tuple[int, Any]]:
        known(name, returning, "an array or nodes")
        return read_results(
            context.s3, context.settings.work_bucket, keys.results_prefix(context.place.run, name)
        )

    def unfinished(name: str) -> list[int]:
        known(name, arrays, "an array")
        return missing(context, name)

    return Results(read, unfinished, context.trigger)
