"""A job that runs once; after an array it is the fan-in."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from containers.step.api import Results
from containers.step.context import Context, Function
from containers.step.errors import ResultsMissingError
from containers.step.missing import missing
from containers.step.parts import read_results
from sluice import keys
from sluice.compiled import Kind
from sluice.graph import ancestors

_RETURNING = (Kind.ARRAY, Kind.MULTI_NODE)


def aggregate(context: Context, function: Function) -> str:
    """Do the work of a plain job; what the steps before it returned is read as it is asked for."""
    pipeline, step = context.assignment.pipeline, context.step.name
    before = ancestors(pipeline.parents())[step]
    returning = [one.name for one in pipeline.steps if one.kind in _RETURNING and one.returns and one.name in before]
    arrays = [one.name for one in pipeline.steps if one.kind is Kind.ARRAY and one.name in before]

    def known(name: str, names: Collection[str], kind: str) -> None:
        if name not in names:
            raise ResultsMissingError(f"Expected {kind} before {step} ({', '.join(names) or 'there is none'}), found {name!r}.")

    def read(name: str) -> Iterator[tuple[int, Any]]:
        known(name, returning, "an array or nodes")
        return read_results(context.s3, context.settings.work_bucket, keys.results_prefix(context.place.run, name))

    def unfinished(name: str) -> list[int]:
        known(name, arrays, "an array")
        return missing(context, name)

    function(Results(read, unfinished), context.out)
    return "done"
