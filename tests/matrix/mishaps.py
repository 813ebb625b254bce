"""What goes wrong with the work itself: workers that end, machines that are taken back with notice, results
that are deleted.

Each is found by playing a scenario once without it: at each call of a function, and at each AWS call between
a child's end and the last fan-in's.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from sluice import keys
from sluice.run.compiled import Kind
from sluice.run.state import Run, RunState
from sluice.runtime.supervisor.supervising import Worker
from tests.matrix.faults import Call
from tests.matrix.installed import here
from tests.matrix.person import mends
from tests.matrix.scenarios import Scenario
from tests.matrix.verdict import Files, by_mark, failure_mails, is_gathered, objections, published, unrest
from tests.matrix.workers import ENDS, NOTICE_SECONDS, DyingWorker, NoticedWorker

if TYPE_CHECKING:
    from tests.matrix.harness import Harness, Work

Expected = Callable[[str], Files]
_MOST_RETRIES = 3
_FAILED_ITEM = re.compile(rb'"step":"([^"]+)","i":([0-9]+)')


@dataclass(frozen=True, slots=True)
class Mishap:
    """Something that goes wrong with the work, at the ``at``-th call of a function, or AWS call, of all."""

    at: int

    def worker(self) -> Worker | None:
        """Return what does the work of all jobs; None: nothing special."""
        return None

    def before(self, call: Call) -> None:
        """Do something before a call is made."""

    def of(self, scenario: Scenario) -> Scenario:
        """Return the scenario in which it happens."""
        return scenario

    def objections(
        self, harness: Harness, mark: str, scenario: Scenario, expected: Expected
    ) -> Iterator[str]:
        """Yield what does not hold in the end."""
        yield from (*objections(harness, {mark: scenario}, expected), *unrest(harness))


@dataclass(frozen=True, slots=True)
class WorkerEnds(Mishap):
    """The worker of a job ends in a call of its function; a person has a run go on that failed of that."""

    how: str

    def __str__(self) -> str:
        return f"worker ends with {self.how} in call {self.at} of a function"

    def worker(self) -> Worker:
        """Return the worker that ends."""
        return DyingWorker(self.at, ENDS[self.how])

    def of(self, scenario: Scenario) -> Scenario:
        """Return the scenario with a person in it."""

        def begin(harness: Harness, mark: str) -> None:
            scenario.begin(harness, mark)
            mends(harness, partial(_runs, harness, mark, scenario), times=_MOST_RETRIES)

        return replace(scenario, begin=begin)

    def objections(
        self, harness: Harness, mark: str, scenario: Scenario, expected: Expected
    ) -> Iterator[str]:
        """Yield what does not hold: whatever failed was told to somebody, and the results are the same."""
        failed = any(run.reopened for run in _runs(harness, mark, scenario))
        scenario = replace(scenario, alerted=scenario.alerted or failed)
        files = partial(_with_own_errors, harness, expected)
        yield from Mishap.objections(self, harness, mark, scenario, files)


def _runs(harness: Harness, mark: str, scenario: Scenario) -> list[Run]:
    """Return the runs of a scenario; the mark is in the lists of files of those that gather."""
    return harness.runs() if scenario.gathers else by_mark(harness).get(mark, [])


def _with_own_errors(harness: Harness, expected: Expected, scenario: str) -> Files:
    """Return the files that a scenario publishes, with the run's own list of failed items where it names the
    same: an item that always fails may have ended its worker instead.
    """
    files = dict(expected(scenario))
    for run in harness.runs():
        found = published(harness, run.run_id).get(keys.FAILED_ITEMS, b"")
        if keys.FAILED_ITEMS in files and _numbers(found) == _numbers(files[keys.FAILED_ITEMS]):
            files[keys.FAILED_ITEMS] = found
    return files


def _numbers(failed_items: bytes) -> list[tuple[bytes, bytes]]:
    return _FAILED_ITEM.findall(failed_items)


@dataclass(frozen=True, slots=True)
class Noticed(Mishap):
    """A machine is taken back with notice, and the item under way is done in time or not."""

    is_long: bool

    def __str__(self) -> str:
        item = "an item that takes longer than the notice" if self.is_long else "an item"
        return f"notice of reclaim in {item}, call {self.at} of a function"

    def worker(self) -> Worker:
        """Return the worker that has the notice."""
        return NoticedWorker(self.at, 2 * NOTICE_SECONDS if self.is_long else 0.0)

    def objections(
        self, harness: Harness, mark: str, scenario: Scenario, expected: Expected
    ) -> Iterator[str]:
        """Yield what does not hold: nothing is worked on twice but the one item that was not done in time."""
        yield from Mishap.objections(self, harness, mark, scenario, expected)
        yield from (f"the notice came to nothing: {self}" for _ in [0] if not harness.fleet.noticed)
        assert isinstance(harness.worker, NoticedWorker)
        done = Counter(harness.works) - Counter(harness.worker.failed)
        twice = [work for work, times in done.items() if times - 1 > _lost_without_notice(harness, work)]
        if len(twice) > self.is_long:
            yield f"worked on twice, though their machine gave notice: {twice}"


def _lost_without_notice(harness: Harness, work: Work) -> int:
    """Return how many machines a child lost without a notice; of nodes all begin again with one of them."""
    run, fleet = harness.run_of(work.run), harness.fleet
    assert run is not None
    job = f"{work.run}_{work.step}_{work.generation}", int(work.child)
    is_gang = run.pipeline.step(work.step).kind is Kind.MULTI_NODE
    return fleet.lost[job] - fleet.lost_in_time[job] + (len(fleet.noticed) if is_gang else 0)


@dataclass(frozen=True, slots=True)
class Deleted(Mishap):
    """What a child returned is deleted before a call."""

    step: str
    child: int

    def __str__(self) -> str:
        return f"results of {self.step}, child {self.child}, deleted before call {self.at}"

    def before(self, call: Call) -> None:
        """Delete them when it is time."""
        if call.number != self.at:
            return
        harness = here()
        bucket = harness.deployment.environment("SLUICE_WORK_BUCKET")
        for run in harness.runs():
            prefix = keys.child_results_prefix(run.run_id, self.step, self.child)
            found = [
                {"Key": key} for key in harness.buckets.objects.get(bucket, {}) if key.startswith(prefix)
            ]
            if found:  # a child whose worker was killed returned nothing
                harness.buckets.delete_objects(Bucket=bucket, Delete={"Objects": found})

    def objections(
        self, harness: Harness, mark: str, scenario: Scenario, expected: Expected
    ) -> Iterator[str]:
        """Yield what does not hold: the run succeeds with all results, or it fails with what is missing and
        publishes nothing of it.
        """
        yield from (one for one in unrest(harness) if "was worked on again" not in one)
        runs = _runs(harness, mark, scenario)
        if all(run.state is scenario.ends for run in runs):
            yield from objections(harness, {mark: scenario}, expected)
        for run in runs:
            if run.state is not scenario.ends:
                yield from self._of_failed(harness, run, expected(scenario.name))

    def _of_failed(self, harness: Harness, run: Run, files: Files) -> Iterator[str]:
        if run.state is not RunState.FAILED:
            yield f"the run is {run.state}"
            return
        if not (failure_mails(harness, run.run_id) or is_gathered(harness, run)):
            yield "it failed, and no alert of that was sent"
        reason = str(run.steps[str(run.failed_step)].reason)
        if "deleted, or did" not in reason:
            yield f"{run.failed_step} failed, and its reason does not say what is gone: {reason}"
        found = published(harness, run.run_id).items()
        wrong = [name for name, body in found if name != keys.FAILED_ITEMS and files.get(name) != body]
        if wrong:
            yield f"it failed, and published {wrong}"


def mishaps_of(harness: Harness, calls: int) -> Iterator[Mishap]:
    """Yield every mishap of a scenario that was played without one, in which functions were called so
    often.
    """
    for at in range(calls):
        yield from (WorkerEnds(at, how) for how in ENDS)
        yield from (Noticed(at, is_long) for is_long in (False, True))
    for run in harness.runs():
        for step in run.pipeline.steps:
            if step.kind is Kind.ARRAY and step.returns:
                yield from _deletions(harness, run, step.name)


def _deletions(harness: Harness, run: Run, step: str) -> Iterator[Mishap]:
    """Yield deletions between the end of an array's children and the end of the last job of the author's: at
    each call, of one child after the other.
    """
    ends = _last_calls(harness)
    children = {
        child: ends[name]
        for child in range(run.steps[step].children)
        if (name := f"{step}_0:{child} attempt 1") in ends
    }
    first, last = min(children.values(), default=0), _last_of_author(run, ends)
    for at in range(first + 1, last + 1 if children else 0):
        ended = [child for child, end in children.items() if end < at]
        yield Deleted(at, step, ended[at % len(ended)])


def _last_of_author(run: Run, ends: dict[str, int]) -> int:
    """Return the last call of a job that is not Sluice's own."""
    own = {one.name for one in run.pipeline.steps if one.kind in (Kind.CLEANUP, Kind.GATE, Kind.START)}
    return max(at for name, at in ends.items() if name.split("_")[0] not in own)


def _last_calls(harness: Harness) -> dict[str, int]:
    """Return the number of the last call of each job's attempt."""
    return {call.who: call.number for call in harness.calls.made if call.stage == "job"}
