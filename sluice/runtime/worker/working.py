"""Does a worker's work: loads the user's function, runs it as its kind of step asks, and says how that
ended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sluice.aws.transient import is_transient
from sluice.run.compiled import Kind
from sluice.runtime.errors import Stopped
from sluice.runtime.failure_report import failure_of
from sluice.runtime.kinds.aggregate import aggregate
from sluice.runtime.kinds.multi_node import run_node
from sluice.runtime.kinds.plan import plan
from sluice.runtime.kinds.work import work
from sluice.runtime.step_context import StepContext
from sluice.runtime.step_function import StepFunction
from sluice.runtime.tracebacks import print_traceback
from sluice.runtime.worker.report import Outcome, Report, Returned

WORKED_ON_BY_USERS: Mapping[Kind, Callable[[StepContext, Any, Report], Returned]] = {
    Kind.PLAN: plan,
    Kind.ARRAY: work,
    Kind.JOB: aggregate,
    Kind.MULTI_NODE: run_node,
}


def do_work(context: StepContext, function: StepFunction, report: Report) -> Outcome:
    """Return how the work ended. Code that calls ``exit`` has failed. Raises Stopped."""
    kind = context.step.kind
    try:
        return WORKED_ON_BY_USERS[kind](context, function.load(kind), report)
    except Stopped:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a step raises is reported
        print_traceback(getattr(error, "cause", error))
        return failure_of(error, is_transient=is_transient(error))
