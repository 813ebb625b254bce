"""What must hold when everything has come to its end, whatever went wrong on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from local.batch.states import NAMES
from sluice.compiled import Kind
from sluice.run import Run, RunState, StepState
from tests.matrix.world import World

Files = Mapping[str, bytes]


def published(world: World, run_id: str) -> Files:
    """Return the files that a run published, by their names."""
    objects = world.buckets.objects.get(world.deployment.environment("SLUICE_RESULTS_BUCKET"), {})
    marker = f"/{run_id}/"
    return {key.partition(marker)[2]: body for key, body in objects.items() if marker in key}


def objections(world: World, run_id: str, ends: RunState, files: Files) -> list[str]:
    """Return what does not hold for a run that had to end like this, with these files."""
    run = world.run_of(run_id)
    if run is None:
        return ["the run is not in the ledger"]
    found = [f"the run is {run.state} (failed step: {run.failed_step})"] if run.state is not ends else []
    if ends is RunState.SUCCEEDED:
        found += _steps(world, run)
        if published(world, run_id) != files:
            found.append(f"the results differ: {_difference(published(world, run_id), files)}")
        found += [f"somebody was told: {body[:300]}" for body in _told(world, run_id)]
        work = world.buckets.objects.get(world.deployment.environment("SLUICE_WORK_BUCKET"), {})
        if left := [key for key in work if f"/{run_id}/" in key]:
            found.append(f"the cleanup left {left[:3]}")
    elif not _told(world, run_id):
        found.append("nobody was told of the failure")
    return found + list(_work(world, run))


def unrest(world: World) -> list[str]:
    """Return what is still going on in a world in which everything should have ended, and what was set aside."""
    found = [f"the job {name} has not ended" for name in world.fleet.unfinished()]
    for name, held in world.messages.held.items():
        if held.waiting or held.invisible:
            found.append(f"{name} holds {[message.body[:200] for message in held.waiting]} and {held.invisible} that are not visible")
    found += [f"a finished item was worked on again: {work}" for work in world.repeated]
    return found


def _steps(world: World, run: Run) -> Iterator[str]:
    jobs = {job.id: f"{job.spec.name} {NAMES[job.status]}" for job in world.fleet.scheduler.jobs.values()}
    for step in run.pipeline.steps:
        record = run.steps.get(step.name)
        # The end of a cleanup comes behind the run's, when nobody looks after events that are lost.
        ends = (StepState.SUCCEEDED, StepState.EMPTY, *([StepState.SUBMITTED] if step.kind is Kind.CLEANUP else []))
        if record is None or record.state not in ends:
            yield f"the step {step.name} is {record.state if record else 'not recorded'}"
        elif record.state is not StepState.EMPTY and "SUCCEEDED" not in jobs.get(record.job_id or "", ""):
            yield f"the job of {step.name} is {record.job_id} in the ledger, and {jobs.get(record.job_id or '')} in Batch"


def _work(world: World, run: Run) -> Iterator[str]:
    """Yield work of jobs that the ledger does not name, and work that was done again though no machine was lost."""
    done: Counter[tuple[str, str, int | None]] = Counter()
    for work in world.works:
        if work.run != run.run_id:
            continue
        record = run.steps.get(work.step)
        if record is None or record.job_id != work.job:
            yield f"the job {work.job} of {work.step} worked, and the ledger names {record.job_id if record else None}"
        done[work.step, work.child, work.item] += 1
    for (step, child, item), times in done.items():
        gang = run.pipeline.step(step).kind is Kind.MULTI_NODE  # All its nodes begin again when one of their machines is lost.
        mine = {of: number for (name, of), number in world.fleet.lost.items() if name.startswith(f"{run.run_id}_{step}_")}
        lost = sum(mine.values()) if gang else mine.get(int(child), 0)
        if times > 1 + lost:
            yield f"{step}, child {child}, item {item} was worked on {times} times, and {lost} machines were lost"


def _told(world: World, run_id: str) -> list[str]:
    return [body for _, body in world.messages.mail if run_id in body and "failed at the step" in body]


def _difference(found: Files, expected: Files) -> str:
    names = [name for name in {**found, **expected} if found.get(name) != expected.get(name)]
    return ", ".join(f"{name}: {found.get(name, b'nothing')[:80]!r} for {expected.get(name, b'nothing')[:80]!r}" for name in sorted(names))
