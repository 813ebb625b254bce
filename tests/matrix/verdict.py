"""What must hold when everything has come to its end, whatever went wrong on the way."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from scheduler.states import NAMES
from sluice import keys
from sluice.alerts.series_records import PREFIX
from sluice.ledger import records
from sluice.run.compiled import CompiledStep, Kind
from sluice.run.state import Run, RunState, StepRecord, StepState
from tests.matrix.one_at_a_time import together
from tests.matrix.work_done import undone

if TYPE_CHECKING:
    from tests.matrix.harness import Harness
    from tests.matrix.scenarios import Scenario

# Two calls to the third party at a time are allowed, and one is what it comes to when the jobs miss each
# other; three is an objection.
# In which attempt an item failed depends on the fault, too.
_TIMING = re.compile(rb'"most_at_once": [12]\b|(?<=,)"attempt":[0-9]+(?=[,}])')
_MARK = re.compile(r"run-(?:\d{5}|a)\b")
Files = Mapping[str, bytes]


def published(harness: Harness, run_id: str) -> Files:
    """Return the files that a run published, by their names, without what depends on how its jobs happened to
    fall in time.
    """
    objects = harness.buckets.objects.get(harness.deployment.environment("SLUICE_RESULTS_BUCKET"), {})
    marker = f"/{run_id}/"
    return {
        (name := key.partition(marker)[2]): _comparable(name, body)
        for key, body in objects.items()
        if marker in key and not (key.endswith(f"/{keys.FAILED_ITEMS}") and not body)
    }


def _comparable(name: str, body: bytes) -> bytes:
    """Return what must be equal: of the receipt the files and the counts of items, no times or checksums;
    of the report that it is there.
    """
    if name == keys.REPORT:
        return b""
    if name != keys.RECEIPT:
        return _TIMING.sub(b"", body)
    found = json.loads(body)
    # An empty file of failed items may be there or not: it is of steps that ran again.
    names = [one["name"] for one in found["files"] if one["name"] != keys.FAILED_ITEMS or one["size"]]
    return json.dumps([names, found["items"]]).encode()


def by_mark(harness: Harness) -> dict[str, list[Run]]:
    """Return the runs by the mark with which they were begun."""
    found: dict[str, list[Run]] = {}
    for run in harness.runs():
        for mark in set(_MARK.findall(json.dumps(run.trigger))):
            found.setdefault(mark, []).append(run)
    return found


def objections(
    harness: Harness, begun: Mapping[str, Scenario], expected: Callable[[str], Files]
) -> Iterator[str]:
    """Yield what does not hold for what was begun with these marks; ``expected`` returns the files that a
    scenario publishes.
    """
    runs = by_mark(harness)
    for mark, scenario in begun.items():
        if scenario.together is not None:
            yield from _of_runs(harness, harness.runs(), scenario)
            yield from scenario.together(harness, mark)
            continue
        files, mine = expected(scenario.name), runs.get(mark, [])
        if scenario.gathers:
            yield from _scattered(harness, mark, scenario, files)
        elif len(mine) == 1:
            yield from (f"{mark}: {one}" for one in _of_run(harness, mine[0], scenario, files))
        else:
            yield f"{mark}: {len(mine)} runs of it are in the ledger"
    for scenario in {one.name: one for one in begun.values() if one.gathers}.values():
        yield from _of_runs(harness, _groups(harness, scenario), scenario)


def _of_runs(harness: Harness, runs: list[Run], scenario: Scenario) -> Iterator[str]:
    """Yield what does not hold for runs whose files are looked at elsewhere."""
    for run in runs:
        yield from (f"{run.run_id}: {one}" for one in _of_run(harness, run, scenario, None))


def _groups(harness: Harness, scenario: Scenario) -> list[Run]:
    return [run for run in harness.runs() if run.pipeline.name == scenario.name]


def _scattered(harness: Harness, mark: str, scenario: Scenario, files: Files) -> Iterator[str]:
    """Yield what does not hold for the files of a burst: in how many groups they are is open, but each is in
    one, and was counted once.
    """
    expected = sorted(json.loads(files["words.json"])["of each"].values())
    everywhere = [
        json.loads(published(harness, run.run_id).get("words.json", "{}")).get("of each", {})
        for run in _groups(harness, scenario)
    ]
    found = [(key, words) for each in everywhere for key, words in each.items() if f"/{mark}-" in key]
    if len(dict(found)) != len(found) or sorted(words for _, words in found) != expected:
        yield f"{mark}: the files with their words are {found}, of {expected}"


def _of_run(harness: Harness, run: Run, scenario: Scenario, files: Files | None) -> Iterator[str]:
    """Yield what does not hold for a run; ``files`` are what it had to publish, None when that is looked at
    elsewhere.
    """
    alerts = failure_mails(harness, run.run_id)
    if run.state is not scenario.ends:
        yield f"the run is {run.state} (failed step: {run.failed_step})"
    if scenario.ends is RunState.SUCCEEDED:
        yield from _steps(harness, run, scenario)
        yield from undone(harness, run)
        yield from _objects(harness, run, files)
    if scenario.alerted and not alerts and not is_gathered(harness, run):
        yield "no alert of the failure was sent"
    yield from (f"an alert was sent: {body[:300]}" for body in alerts if not scenario.alerted)
    yield from work_objections(harness, run)


def _objects(harness: Harness, run: Run, files: Files | None) -> Iterator[str]:
    """Yield what is wrong with what a succeeded run published, and what its cleanup left."""
    if files is not None and published(harness, run.run_id) != files:
        yield f"the results differ: {_difference(published(harness, run.run_id), files)}"
    work = harness.buckets.objects.get(harness.deployment.environment("SLUICE_WORK_BUCKET"), {})
    left = [key for key in work if f"/{run.run_id}/" in key]
    # What lacks items is kept for a retry of these: docs/decisions/0044-outdated-steps.md.
    lacks_items = any(record.failed_items for record in run.steps.values())
    if left and not lacks_items:
        yield f"the cleanup left {left[:3]}"
    if lacks_items and not left:
        yield "the cleanup removed what a retry of the failed items needs"


def unrest(harness: Harness) -> list[str]:
    """Return what is still going on in a harness in which everything should have ended, and what was set
    aside.
    """
    found = [f"the job {name} has not ended" for name in harness.fleet.unfinished()]
    for name, held in harness.messages.held.items():
        if held.waiting or held.invisible:
            found.append(
                f"{name} holds {[message.body[:200] for message in held.waiting]} and {held.invisible} that"
                " are not visible"
            )
    found += [f"a finished item was worked on again: {work}" for work in harness.repeated]
    found += together(harness)
    return found


def _steps(harness: Harness, run: Run, scenario: Scenario) -> Iterator[str]:
    jobs = {job.id: f"{job.spec.name} {NAMES[job.status]}" for job in harness.fleet.scheduler.jobs.values()}
    for step in run.pipeline.steps:
        record = run.steps.get(step.name)
        if record is None:
            yield f"the step {step.name} is not recorded"
        elif not _is_excused(step, record, scenario):
            yield from _step(step, record, jobs)


def _is_excused(step: CompiledStep, record: StepRecord, scenario: Scenario) -> bool:
    """Return whether a step need not have succeeded, or has no job: the files are a plan's items."""
    is_tolerated = record.state is StepState.FAILED and step.name in scenario.tolerated
    return is_tolerated or step.of_uploads


def _step(step: CompiledStep, record: StepRecord, jobs: Mapping[str, str]) -> Iterator[str]:
    # The end of a cleanup comes after the run's, when no process looks after events that are lost.
    more = [StepState.SUBMITTED] if step.kind is Kind.CLEANUP else []
    if record.state not in (StepState.SUCCEEDED, StepState.EMPTY, *more):
        yield f"the step {step.name} is {record.state}"
    elif record.state is not StepState.EMPTY:
        job = jobs.get(record.job_id or "", "")
        if "SUCCEEDED" not in job and not record.is_done_in_spite:
            yield f"the job of {step.name} is {record.job_id} in the ledger, and {job} in Batch"


def work_objections(harness: Harness, run: Run) -> Iterator[str]:
    """Yield work of jobs that the ledger never named, and work that was done again though no machine was
    lost.

    What failed is done again by the next generation; that it repeats nothing that had finished is looked at
    for all runs together.
    """
    done: Counter[tuple[str, int, str, int | None]] = Counter()
    for work in harness.works:
        if work.run != run.run_id:
            continue
        named = harness.named.get((run.run_id, work.step, work.generation), set())
        if named != {work.job}:
            yield (
                f"the job {work.job} of {work.step}, generation {work.generation}, worked, and the ledger"
                f" named {sorted(named)}"
            )
        done[work.step, work.generation, work.child, work.item] += 1
    for (step, generation, child, item), times in done.items():
        gang = (
            run.pipeline.step(step).kind is Kind.MULTI_NODE
        )  # All its nodes begin again when one of their machines is lost.
        mine = {
            of: number
            for (name, of), number in harness.fleet.lost.items()
            if name == f"{run.run_id}_{step}_{generation}"
        }
        lost = sum(mine.values()) if gang else mine.get(int(child), 0)
        if times > 1 + lost:
            yield (
                f"{step}, child {child}, item {item} was worked on {times} times, and {lost} machines were"
                " lost"
            )


def failure_mails(harness: Harness, run_id: str) -> list[str]:
    return [body for _, body in harness.messages.mail if run_id in body and "failed at the step" in body]


def is_gathered(harness: Harness, run: Run) -> bool:
    """Return whether the run's failure is counted among equal ones, whose digest was sent or is due."""
    return is_in_digest(harness, run.run_id, run.pipeline.name)


def is_in_digest(harness: Harness, subject: str, pipeline: str, event: str = "") -> bool:
    """Return whether an event of a run, or of what stands for a set, is counted in a series of its pipeline
    of which a digest was sent or is due.

    See docs/decisions/0024: the sweep sends it, also when nothing follows.
    """
    items = harness.table.items
    counted = any(pk == records.pk(subject) and f"counted:{event}" in sk for pk, sk in items)
    series = [item for (pk, _), item in items.items() if pk.startswith(f"{PREFIX}{pipeline}#")]
    is_due = any("unfinished" in item for item in series)
    is_sent = any(f"of the pipeline {pipeline}" in body for _, body in harness.messages.mail)
    return counted and (is_due or is_sent)


def _difference(found: Files, expected: Files) -> str:
    names = [name for name in {**found, **expected} if found.get(name) != expected.get(name)]
    return ", ".join(
        f"{name}: {found.get(name, b'nothing')[:80]!r} for {expected.get(name, b'nothing')[:80]!r}"
        for name in sorted(names)
    )
