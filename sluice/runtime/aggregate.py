"""A job that runs once; after an array it is the fan-in."""

from __future__ import annotations

from sluice.runtime.context import Context, Function
from sluice.runtime.results import results_before


def aggregate(context: Context, function: Function) -> str:
    """Do the work of a plain job; what the steps before it returned is read as it is asked for."""
    function(results_before(context), context.out)
    return "done"
