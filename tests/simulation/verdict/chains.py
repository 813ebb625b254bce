"""Whether behind each run that succeeded one run of each pipeline began that waits for it, and behind runs
with a key in common one of each pipeline that joins them.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluice.pipeline.definition import AfterRun
from sluice.run.state import Run, RunState
from tests.simulation.scripts import Script
from tests.simulation.ways_in.marks import key_of
from tests.simulation.ways_in.rules import joined_by

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

_Key = tuple[str, ...]
_SLACK = 30.0
"""Between the reading of a clock and the write that tells of it."""
_SETTLED = 60.0 + 120.0
"""After that what an invocation began is over: its time-out, and a write that takes effect late."""


@dataclass(frozen=True, slots=True)
class _Version:
    """A version of a run that succeeded, and when. ``is_whole`` says that it stayed so and left a receipt."""

    pipeline: str
    mark: str
    at: float
    is_whole: bool


def lost_chains(here: Simulation, runs: list[Run]) -> Iterator[str]:
    """Yield the versions of runs behind which not one run of each pipeline that waits for them began.

    A run whose cleanup failed has no receipt, and starts none. Of a run that was retried the last version
    must have one; an earlier one, which may have been replaced before it was looked at, has one at most.
    """
    versions = [one for run in runs for one in _versions(here, run)]
    for script in here.scripts.values():
        (trigger,) = script.pipeline.triggers
        if isinstance(trigger, AfterRun):
            mine = [run for run in runs if run.pipeline.name == script.name]
            before = [one for one in versions if one.pipeline in trigger.pipelines]
            yield from _of_chain(here, script, mine, before)


def _of_chain(here: Simulation, script: Script, runs: list[Run], before: list[_Version]) -> Iterator[str]:
    (trigger,) = script.pipeline.triggers
    assert isinstance(trigger, AfterRun)
    found = Counter(here.mark_of(run.run_id) for run in runs)
    yield from _unknown(script.name, found, {one.mark for one in before})
    if trigger.joins:
        yield from _wrong_joins(here, runs, before)
        yield from _lost_joins(here, script, found, before)
        yield from _older_results(here, runs, before)
        return
    for one in before:
        if one.is_whole and not found[one.mark]:
            yield f"{script.name} was to run behind {one.mark}, and no run of it is in the ledger"


def _versions(here: Simulation, run: Run) -> Iterator[_Version]:
    """Yield the versions of a run that succeeded, by the states that it was seen in: each time that it goes
    on is another one, but for its cleanup alone.
    """
    number, before = 0, ""
    for at, state in here.ended[run.run_id]:
        has_ended = before in (RunState.FAILED, RunState.SUCCEEDED, RunState.CANCELLED)
        number += has_ended and (run.run_id, at) not in here.cleaned_again
        if state == RunState.SUCCEEDED:
            is_last = number == run.reopened and run.state is RunState.SUCCEEDED
            mark = f"{run.run_id}/{number}"
            yield _Version(str(run.pipeline.name), mark, at, is_last and _has_receipt(run))
        before = state


def _has_receipt(run: Run) -> bool:
    cleanup = run.steps.get("cleanup")
    return cleanup is not None and not cleanup.failed


def _unknown(name: str, found: Counter[str], known: set[str]) -> Iterator[str]:
    """Yield the runs that follow nothing that succeeded, and those that follow the same."""
    for mark, times in found.items():
        if times > 1:
            yield f"{name} ran behind {mark} {times} times"
        if unknown := [one for one in mark.split() if one not in known]:
            yield f"{name} ran behind {unknown}, which did not succeed"


def _wrong_joins(here: Simulation, runs: list[Run], before: list[_Version]) -> Iterator[str]:
    """Yield the runs that do not have results of each pipeline, all with the same key."""
    pipelines = {one.mark: one.pipeline for one in before}
    for run in runs:
        (trigger,) = here.script_of(run.run_id).pipeline.triggers
        assert isinstance(trigger, AfterRun)
        marks = here.mark_of(run.run_id).split()
        if sorted(pipelines.get(one, "") for one in marks) != sorted(trigger.pipelines):
            yield f"{run.run_id} joins {marks}, and not one run of each of {trigger.pipelines}"
        by = joined_by(trigger, here.scripts)
        if len(keys := {_key(here, one, by) for one in marks}) > 1:
            yield f"{run.run_id} joins {marks} by {by}, whose keys are {sorted(keys)}"


def _older_results(here: Simulation, runs: list[Run], before: list[_Version]) -> Iterator[str]:
    """Yield the runs with older results of a pipeline than one that had begun long before, with the same key.

    An end that is reported late is of no use any more when a newer one is recorded; two invocations at a time
    may each start what they know of.
    """
    ends = {one.mark: one for one in before}
    joins = sorted((here.begun[run.run_id], run.run_id) for run in runs)
    for (began, earlier), (at, run) in itertools.combinations(joins, 2):
        if at - began <= _SETTLED or key_of(here, earlier) != key_of(here, run):
            continue
        newest = {ends[mark].pipeline: ends[mark] for mark in _known(here, earlier, ends)}
        for mark in _known(here, run, ends):
            known = newest.get(ends[mark].pipeline)
            if known is not None and known.at - ends[mark].at > _SETTLED + 2 * here.chaos.skew:
                yield f"{run} joins {mark}, {at - began:.0f} s after {earlier} joined the newer {known.mark}"


def _known(here: Simulation, run: str, ends: dict[str, _Version]) -> list[str]:
    return [mark for mark in here.mark_of(run).split() if mark in ends]


def _lost_joins(
    here: Simulation, script: Script, found: Counter[str], before: list[_Version]
) -> Iterator[str]:
    """Yield the keys of which no run has the newest results of each pipeline.

    Which are newest is told by the clocks of the Lambdas that recorded the ends. What ended later, and did
    not stay so, may be among them.
    """
    (trigger,) = script.pipeline.triggers
    assert isinstance(trigger, AfterRun)
    by = joined_by(trigger, here.scripts)
    of_key: defaultdict[_Key, list[_Version]] = defaultdict(list)
    for one in before:
        of_key[_key(here, one.mark, by)].append(one)
    for key, mine in of_key.items():
        newest = [_newest(mine, name, here) for name in trigger.pipelines]
        wanted = [" ".join(marks) for marks in itertools.product(*newest)]
        if wanted and not any(found[mark] for mark in wanted):
            yield f"{script.name} was to join one of {wanted[:4]} by {by} of {key}, and did not"


def _newest(versions: list[_Version], pipeline: str, here: Simulation) -> list[str]:
    """Return the marks of a pipeline's that may be the newest; none where there is no whole one."""
    versions = [one for one in versions if one.pipeline == pipeline]
    whole = [one.at for one in versions if one.is_whole]
    if not whole:
        return []
    since = max(whole) - 2 * here.chaos.skew - _SLACK
    return [one.mark for one in versions if one.at >= since]


def _key(here: Simulation, mark: str, by: list[str]) -> _Key:
    key = key_of(here, mark.rpartition("/")[0])
    return tuple(key[name] for name in by)
