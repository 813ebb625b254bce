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


def aggregate(context: Context, function: Function) -> str:
    """Do the work of a plain job; what the children of the arrays before it returned is read as it is asked for."""
    pipeline, step = context.assignment.pipeline, context.step.name
    before = ancestors(pipeline.parents())[step]
    arrays = [one for one in pipeline.steps if one.kind is Kind.ARRAY and one.name in before]

    def known(name: str, names: Collection[str]) -> None:
        if name not in names:
            raise ResultsMissingError(f"Expected an array before {step} ({', '.join(names) or 'there is none'}), found {name!r}.")

    def read(name: str) -> Iterator[tuple[int, Any]]:
        known(name, [array.name for array in arrays if array.returns])
        return read_results(context.s3, context.settings.work_bucket, keys.results_prefix(context.place.run, name))

    def unfinished(name: str) -> list[int]:
        known(name, [array.name for array in arrays])
        return missing(context, name)

    function(Results(read, unfinished), context.out)
    return "done"
