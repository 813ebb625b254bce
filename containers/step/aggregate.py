"""A job that runs once; after an array it is the fan-in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from containers.step.context import Context, Function
from containers.step.errors import ResultsMissingError
from containers.step.parts import read_results
from sluice import keys
from sluice.compiled import Kind
from sluice.graph import ancestors

_RETURNING = (Kind.ARRAY, Kind.MULTI_NODE)


def aggregate(context: Context, function: Function) -> str:
    """Do the work of a plain job; what the steps before it returned is read as it is asked for."""
    pipeline, step = context.assignment.pipeline, context.step.name
    before = ancestors(pipeline.parents())[step]
    arrays = [one.name for one in pipeline.steps if one.kind in _RETURNING and one.returns and one.name in before]

    def results(name: str) -> Iterator[tuple[int, Any]]:
        if name not in arrays:
            raise ResultsMissingError(f"Expected an array or nodes before {step} ({', '.join(arrays) or 'there is none'}), found {name!r}.")
        return read_results(context.s3, context.settings.work_bucket, keys.results_prefix(context.place.run, name))

    function(results, context.out)
    return "done"
