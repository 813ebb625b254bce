"""What must hold in the end of a simulation, by what was asked for and what was done: the ledger is believed
in nothing but the state of a run, which is compared with the work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeVar

from sluice.errors import MalformedMessageError
from sluice.messages import JobWaiting, parse_from_job
from sluice.run.failures.failed_cleanup import failed_cleanup
from sluice.run.state import Run, RunState
from tests.matrix.verdict import failure_mails, is_gathered, work_objections
from tests.simulation.chaos import Level
from tests.simulation.verdict.chains import lost_chains
from tests.simulation.verdict.order import too_early
from tests.simulation.verdict.run_order import out_of_order
from tests.simulation.verdict.sets import wrong_sets
from tests.simulation.verdict.success import unproven
from tests.simulation.verdict.times import missed_times
from tests.simulation.verdict.uploads import lost_files, lost_runs

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

_T = TypeVar("_T")


def findings(here: Simulation) -> list[str]:
    """Return what does not hold."""
    runs = here.runs()
    found = [
        *lost_chains(here, runs),
        *lost_runs(here, runs),
        *lost_files(here, runs),
        *wrong_sets(here, runs),
        *missed_times(here, runs),
        *out_of_order(here, runs),
    ]
    for run in runs:
        found += [f"{run.run_id}: {one}" for one in _of_run(here, run)]
    return [*found, *_left(here), *_twice(here)]


def _of_run(here: Simulation, run: Run) -> Iterator[str]:
    states = [state for _, state in here.ended[run.run_id]]
    if _is_stranded(here, run):
        yield f"it is still {run.state}, long after the last fault, and nobody was told"
    if run.state is RunState.SUCCEEDED:
        yield from unproven(here, run)
        if failed_cleanup(run) and not _was_told(here, run):
            yield "its cleanup failed, and no alert of that was sent"
    if run.state is RunState.CANCELLED and run.run_id not in here.people.cancelled:
        yield "it is cancelled, and nobody asked for that"
    if RunState.FAILED in states:
        yield from _of_failure(here, run)
    yield from too_early(here, run)
    yield from _of_work(here, run)
    yield from _after_cancellation(here, run)


def _is_stranded(here: Simulation, run: Run) -> bool:
    return run.state in (RunState.RUNNING, RunState.WAITING) and not here.began_in_calm_times(run.run_id)


def _of_failure(here: Simulation, run: Run) -> Iterator[str]:
    """Yield what is wrong with a run that has failed, now or before somebody had it go on."""
    if not _was_told(here, run):
        yield "it failed, and no alert of that was sent"
    if may_fail_for_ever(here, run):
        return
    if here.chaos.level is not Level.WILD and not here.chaos.causes[run.run_id]:
        failed = run.steps.get(run.failed_step or "")
        yield f"it failed at {run.failed_step or 'some step'}, and nothing had made it fail: {failed}"
    if run.state is RunState.FAILED and run.run_id not in here.people.cancelled:
        yield f"it failed at {run.failed_step}, also when somebody had it go on in calm times"


def _was_told(here: Simulation, run: Run) -> bool:
    return bool(failure_mails(here, run.run_id)) or is_gathered(here, run)


def may_fail_for_ever(here: Simulation, run: Run) -> bool:
    """Return whether a run's own functions, or what was deleted of it, make it fail whoever has it go on."""
    script = here.script_of(run.run_id)
    return run.run_id in here.chaos.damaged or any(one.fails_always for one in script.behaviours.values())


def _of_work(here: Simulation, run: Run) -> Iterator[str]:
    """Yield work that the ledger never had registered, and work that was done again for nothing.

    Commands in images without Sluice ask nobody: a look-up that misses their job runs them twice.
    """
    commands = {step.name for step in here.script_of(run.run_id).pipeline.steps if step.command}
    for one in work_objections(here, run):
        if not any(f" {name}," in f" {one}" or f"of {name}," in one for name in commands):
            yield one


def _after_cancellation(here: Simulation, run: Run) -> Iterator[str]:
    at = here.people.cleared.get(run.run_id)
    if at is None or here.people.retried.get(run.run_id, -1.0) > at:
        return
    mine = [work for work in here.done if work.run == run.run_id and work.began > at]
    late = [work for work in mine if (work.job, work.attempt.rpartition("-")[2]) not in here.chaos.adrift]
    if late:
        yield f"`cancel` said that nothing was left of it, and then {late[0].step} began ({late[0].job})"


def _unfinished(here: Simulation) -> Iterator[str]:
    names = here.fleet.unfinished()
    return (name for name in names if not here.began_in_calm_times(name.partition("_")[0]))


def _left(here: Simulation) -> Iterator[str]:
    """Yield what is still going on, and messages that nobody can handle."""
    yield from (f"the job {name} has not ended" for name in _unfinished(here))
    excused = _dead_letters_of(here, "fan_out", "track") if here.chaos.level is Level.WILD else set()
    for name, held in here.messages.held.items():
        if name in excused:
            continue
        waiting = [one for one in held.waiting if not _is_repeated(here, name, one.body)]
        if waiting or held.invisible:
            bodies = [message.body[:200] for message in waiting]
            yield f"{name} holds {len(bodies)} messages, {held.invisible} out of sight: {bodies[:2]}"


def _is_repeated(here: Simulation, queue: str, body: str) -> bool:
    """Return whether a message that was set aside is a sweep, or asks for the registration of a job: it has
    met a fault at each of five times, of which an alarm tells, and what it was to do the next sweep has done.
    """
    if here.chaos.level is Level.CALM:
        return False
    if queue in _dead_letters_of(here, "track"):
        return body.startswith('{"sweep": true')
    return queue in _dead_letters_of(here, "fan_out") and _is_waiting(body)


def _is_waiting(body: str) -> bool:
    try:
        return isinstance(parse_from_job(body), JobWaiting)
    except MalformedMessageError:
        return False


def _dead_letters_of(here: Simulation, *stages: str) -> set[str]:
    """Return the dead-letter queues of stages that start no runs and send nothing: a long outage fills them,
    and the sweep finds out itself what their messages said. What starts runs, and alerts, never are.
    """
    functions = here.deployment.functions
    return {here.deployment.queues[functions[stage].queue].dead_letters for stage in stages}


def _twice(here: Simulation) -> Iterator[str]:
    """Yield what was done twice where nothing went wrong but the order of messages."""
    if here.chaos.level is not Level.CALM:
        return
    names = Counter(job.spec.name for job in here.fleet.scheduler.jobs.values())
    yield from (f"{name} was submitted {times} times" for name, times in _more_than_once(names))
    mails = Counter(mail for mail in here.messages.mail if "failed at the step" in mail[1])
    yield from (f"an alert was sent {times} times: {mail[1][:200]}" for mail, times in _more_than_once(mails))
    yield from _returned_twice(here)


def _returned_twice(here: Simulation) -> Iterator[str]:
    """Yield the functions that returned twice for an item, but for what was never stored.

    An array whose run fails for certain is ended early. What a child has returned it stores in the 30 seconds
    that AWS Batch gives it; only of one that is killed then it is lost, and done anew when somebody has the
    run go on. That nothing stored is done again, ``work_objections`` see.
    """
    stored = (work for work in here.done if work.place not in here.fleet.killed)
    done = Counter((work.run, work.step, work.item) for work in stored)
    for (run, step, item), times in _more_than_once(done):
        if times > 1 + _done_anew(here, run, step):
            yield f"{run}: {step} returned {times} times for item {item}"


def _done_anew(here: Simulation, run: str, step: str) -> int:
    """Return how often a step may have been done anew: with each retry by a person, where it may have run
    behind a failure.
    """
    script = here.script_of(run)
    return here.people.tries[run] if step in script.behind_failures() else 0


def _more_than_once(counter: Counter[_T]) -> Iterator[tuple[_T, int]]:
    yield from ((what, times) for what, times in counter.items() if times > 1)
