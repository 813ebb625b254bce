"""The items of each array of a run, by what its plans found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluice.pipeline.definition import Array, Plan
from sluice.run.state import Run
from tests.simulation.scripts import Script, Value, planned

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation


def items_of_run(here: Simulation, run: Run) -> dict[str, list[Value]]:
    """Return the items of the arrays; of a plan that was attempted more than once those of the attempt whose
    items were worked on, which must be one.
    """
    script, mark, files = here.script_of(run.run_id), here.mark_of(run.run_id), here.files_of(run.run_id)
    counts = {
        name: _attempt(here, run.run_id, script, name, mark)
        for name, step in script.steps.items()
        if isinstance(step, Plan) and not step.of_uploads
    }
    return {
        name: script.items(name, mark, files, counts.__getitem__)
        for name, step in script.steps.items()
        if isinstance(step, Array)
    }


def _attempt(here: Simulation, run: str, script: Script, plan: str, mark: str) -> str:
    """Return the attempt of a plan whose items were worked on; where none was, one that found nothing, if
    there is one.
    """
    mine = [work for work in here.done if work.run == run]
    arrays = _arrays_of(script, plan)
    used = [str(work.value["by"]) for work in mine if work.step in arrays and work.value]
    attempts = [work.attempt for work in mine if work.step == plan]
    return used[0] if used else _that_found_nothing(attempts, plan, mark)


def _that_found_nothing(attempts: list[str], plan: str, mark: str) -> str:
    empty = [one for one in attempts if _is_empty(plan, mark, one)]
    return next(iter([*empty, *attempts]), "none")


def _is_empty(plan: str, mark: str, attempt: str) -> bool:
    return next(planned(plan, mark, attempt), None) is None


def _arrays_of(script: Script, plan: str) -> set[str]:
    arrays = [name for name, step in script.steps.items() if isinstance(step, Array)]
    return {name for name in arrays if script.source(name).items_of == plan}
