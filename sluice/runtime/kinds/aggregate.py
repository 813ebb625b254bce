"""A job that runs once; after an array it is the fan-in."""

from __future__ import annotations

from sluice.runtime.results import upstream_results
from sluice.runtime.step_context import StepContext
from sluice.runtime.step_function import Function
from sluice.runtime.worker.report import Report, Returned


def aggregate(context: StepContext, function: Function, report: Report) -> Returned:
    """Do the work of a plain job. The results of upstream steps are read when the function asks for them."""
    report.begins()
    function(upstream_results(context), context.out)
    return Returned(text="done")
