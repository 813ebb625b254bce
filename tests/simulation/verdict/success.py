"""Whether a run that counts as succeeded did its work, and whether what is downstream saw it."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sluice.pipeline.after import Finished
from sluice.pipeline.definition import Array, Plan, Step
from sluice.run.state import Run, RunState
from tests.simulation.chaos import Level
from tests.simulation.scripts import Script, Value, needed_of
from tests.simulation.verdict.items import items_of_run
from tests.simulation.ways_in.reconciling import BackfillScript

if TYPE_CHECKING:
    from tests.simulation.simulation import Done, Simulation


_MANIFEST = re.compile(r"runs/[^/]+/(?P<step>[^/]+)/manifest/(?P<job>[^/]+)-(?P<attempt>\d)/")
_GIVEN_UP_SECONDS = 900.0
"""How long a cleanup waits until an end is recorded."""


class _Work:
    """What was to be done in a run, and what was."""

    def __init__(self, here: Simulation, run: Run) -> None:
        self.script: Script = here.script_of(run.run_id)
        self.may_fail = bool(here.chaos.causes[run.run_id]) or run.run_id in here.chaos.damaged
        self.done: list[Done] = [work for work in here.done if work.run == run.run_id]
        self.tolerable = self.script.tolerable()
        self.items: dict[str, list[Value]] = items_of_run(here, run)

    def done_of(self, array: str) -> dict[int, Value | None]:
        """Return what an array's function was given for the items for which it returned."""
        return {one.item: one.value for one in self.done if one.step == array and one.item is not None}

    def may_lack(self, step: str) -> bool:
        """Return whether a step may lack items, or its whole work: its failures are tolerated, and it had
        some, or what it needs.
        """
        if step not in self.tolerable:
            return False
        chain = [step, *needed_of(self.script.steps[step])]
        fails = any(self.script.behaviour(name).fails_always for name in chain)
        return fails or self.may_fail or any(self.may_lack(name) for name in chain[1:])


def unproven(here: Simulation, run: Run) -> Iterator[str]:
    """Yield what is missing or wrong in a run that succeeded."""
    work = _Work(here, run)
    for name, step in work.script.steps.items():
        if isinstance(step, Array):
            yield from _of_array(work, name)
        elif not isinstance(step, Plan):
            yield from _of_job(work, step, _published(here, run, name))
    # What lacks items is kept for a retry of these.
    if not any(work.may_lack(name) for name in work.tolerable & work.items.keys()):
        yield from _left_behind(here, run)


def _of_job(work: _Work, step: Step, published: Any) -> Iterator[str]:
    """Yield what is wrong with a job. One that an array needs whose failures are tolerated may have failed
    like that, and published nothing: docs/decisions/0016-tolerated-failures.md.
    """
    if published is None and work.may_lack(step.name):
        return
    if not any(one.step == step.name for one in work.done):
        yield f"{step.name} counts as succeeded, and its function never returned"
    if isinstance(work.script, BackfillScript):
        yield from _of_backfill(published)
    elif step.command is None:
        yield from _of_fan_in(work, step, published)


def _of_array(work: _Work, name: str) -> Iterator[str]:
    wanted, done = work.items[name], work.done_of(name)
    missing = [number for number in range(len(wanted)) if number not in done]
    if missing and not work.may_lack(name):
        yield f"{name} counts as succeeded, and nothing was done for its items {missing}"
    for number, value in sorted(done.items()):
        if number >= len(wanted) or value != wanted[number]:
            yield f"{name} was given {value} as item {number} of {wanted}"


def _of_backfill(published: Any) -> Iterator[str]:
    """Yield what is wrong with what a backfill says of itself."""
    if published is None or not published["ended"]:
        yield f"it published {published}, and counts as succeeded"


def _published(here: Simulation, run: Run, step: str) -> Any:
    bucket = here.deployment.environment("SLUICE_RESULTS_BUCKET")
    body = here.buckets.objects.get(bucket, {}).get(f"{run.pipeline.name}/{run.run_id}/{step}.json")
    return None if body is None else json.loads(body)


def _of_fan_in(work: _Work, step: Step, published: Any) -> Iterator[str]:
    if published is None:
        yield f"{step.name} succeeded, and published nothing"
        return
    for array in work.script.read_by(step.name):
        found: dict[int, int] = dict(published[array]["results"])
        if len(found) != len(published[array]["results"]):
            yield f"{step.name} was given items of {array} twice: {published[array]['results']}"
        yield from _of_results(work, step.name, array, found, published[array]["missing"])
        yield from _of_failed(work, step.name, array, found, published[array]["failed"])
    for one in step.after:
        if isinstance(one, Finished):
            yield from _of_share(work, step.name, one, published[one.step]["missing"])


def _of_results(
    work: _Work, step: str, array: str, found: dict[int, int], missing: list[int]
) -> Iterator[str]:
    wanted = {number: work.script.value(array, number, item) for number, item in enumerate(work.items[array])}
    if sorted([*found, *missing]) != sorted(wanted):
        yield f"{step} was given the items {sorted(found)} of {array}, without {missing}, of {len(wanted)}"
    if missing and not work.may_lack(array):
        yield f"{step} was given {array} without {missing}"
    for number, value in found.items():
        if wanted.get(number) != value:
            yield f"{step} was given {value} as result {number} of {array}, not {wanted.get(number)}"


def _of_failed(
    work: _Work, step: str, array: str, found: dict[int, int], failed: list[list[Any]]
) -> Iterator[str]:
    """Yield what is wrong with the failed items that a step was told of."""
    for number, item in failed:
        if number in found:
            yield f"{step} was told that item {number} of {array} failed, and given its result"
        if item != work.items[array][number]:
            yield f"{step} was told that item {number} of {array} failed, as {item}"


def _of_share(work: _Work, step: str, wanted: Finished, missing: list[int]) -> Iterator[str]:
    """Yield an array of which too many items had no results for the step that ran."""
    array = work.script.compiled.step(wanted.step)
    parts, lacking = len(work.items[wanted.step]), set(missing)
    if not array.continues:  # Its children are counted: the first bad item ends one.
        items, parts = parts, -(-parts // work.script.source(wanted.step).items_per_child)
        # Each child has its contiguous share: the first of 5 items in 2 children are 0 and 1.
        starts = [items * child // parts for child in range(parts)]
        lacking = {bisect_right(starts, number) - 1 for number in missing}
    if wanted.at_least is not None and parts - len(lacking) < wanted.at_least * parts - 1e-9:
        least = f"{wanted.at_least:.0%}"
        yield f"{step} ran without {len(lacking)} of {parts} of {wanted.step}, and needs {least}"
    if wanted.at_most is not None and len(lacking) > wanted.at_most:
        yield f"{step} ran without {len(lacking)} of {parts} of {wanted.step}, and bears {wanted.at_most}"


def _expires(here: Simulation, run: Run, key: str) -> bool:
    return _is_of_a_later_attempt(run, key) or _is_recorded_late(here, run, key)


def _is_recorded_late(here: Simulation, run: Run, key: str) -> bool:
    """Return whether an object is a word that came so long before the run's end was recorded that the cleanup
    had given up waiting for that.
    """
    _, _, step, *rest = key.split("/")
    recorded = max(at for at, state in here.ended[run.run_id] if state == RunState.SUCCEEDED)
    return rest[0] == "words" and recorded - here.words.get((run.run_id, step), recorded) > _GIVEN_UP_SECONDS


def _left_behind(here: Simulation, run: Run) -> Iterator[str]:
    """Yield what the cleanup left of a run that succeeded.

    Where it takes more than a quarter of an hour until an end is recorded, as in an outage, the words of that
    step stay, and expire: docs/decisions/0022-success-is-proven.md. So do the items that an attempt of a plan
    finds when those of the attempt before, whose machine is lost, are worked on already.
    """
    work = here.buckets.objects.get(here.deployment.environment("SLUICE_WORK_BUCKET"), {})
    left = [key for key in work if f"/{run.run_id}/" in key]
    if here.chaos.level is Level.WILD:
        left = [key for key in left if "/words/" not in key]
    left = [key for key in left if not _expires(here, run, key)]
    if left and not _is_cleanup_excused(here, run):
        yield f"its cleanup left {left[:3]}"


def _is_of_a_later_attempt(run: Run, key: str) -> bool:
    """Return whether a key is of what an attempt of a plan found behind the one that announced its items."""
    found = _MANIFEST.match(key)
    announced = run.steps[found["step"]].manifest if found and found["step"] in run.steps else None
    before = _MANIFEST.match(announced or "")
    return bool(found and before and found["job"] == before["job"] and found["attempt"] > before["attempt"])


def _is_cleanup_excused(here: Simulation, run: Run) -> bool:
    """Return whether the cleanup had a reason to fail, or something may have been written behind it.

    A job that ends badly behind its last word has done its work, and AWS Batch fails the cleanup with it.
    """
    causes, late = here.chaos.causes[run.run_id], here.chaos.written_late
    has_late_list = run.run_id in here.files and "group" in late
    failed_with_another = bool(causes) and run.steps["cleanup"].failed
    of_its_own = failed_with_another or any("cleanup_" in one for one in causes)
    return run.run_id in late or has_late_list or of_its_own
