"""The kinds of work: a plan, a child of an array, a fan-in, a cleanup. Each gets a context and the user's function."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from containers.step.api import Item, Out, Upload
from containers.step.parts import Parts, part_keys, read_results
from containers.step.place import Place
from sluice import keys
from sluice.compiled import CompiledStep, Kind
from sluice.errors import NotNamedError
from sluice.ledger import Assignment
from sluice.manifest import read_slice, slice_bounds, write_manifest
from sluice.messages import Planned
from sluice.settings import JobSettings
from sluice.trigger import S3Object

Function = Callable[..., Any]
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
_DELETE_AT_ONCE = 1000


class StepError(Exception):
    """The user's function raised while it worked on an item."""

    def __init__(self, item: int, cause: BaseException) -> None:
        self.item = item
        self.cause = cause
        super().__init__(f"item {item}: {type(cause).__name__}: {cause}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """All that a kind of work needs."""

    place: Place
    settings: JobSettings
    assignment: Assignment
    s3: Any
    sns: Callable[[], Any]

    @property
    def step(self) -> CompiledStep:
        """Return the step of the run's pipeline that this job is."""
        return self.assignment.pipeline.step(self.place.step)

    @property
    def upload(self) -> Upload:
        """Return the run's input."""
        return Upload(S3Object.from_dict(self.assignment.trigger), self.s3)

    @property
    def out(self) -> Out:
        """Return where the run publishes."""
        return Out(self.s3, self.settings.results_bucket, self.assignment.pipeline.name, self.place.run)


def plan(context: Context, function: Function) -> str:
    """Find the items, write them down and announce them."""
    if context.assignment.step is not None and context.assignment.step.planned:
        return "planned before"
    place, bucket = context.place, context.settings.work_bucket
    key = keys.manifest(place.run, place.step, f"{place.job_id}-{place.attempt}")
    count = write_manifest(context.s3, bucket, key, function(context.upload))
    message = Planned(run=place.run, step=place.step, generation=place.generation, job_id=place.job_id, items=count, manifest=key)
    context.sns().publish(TopicArn=context.settings.plan_topic, Message=message.to_json())
    return f"{count} items"


def child(context: Context, function: Function) -> str:
    """Work on the items of one slice, without those that an earlier attempt finished."""
    parts, done = _own_parts(context)
    previous = _previous(context)
    worked = 0
    try:
        for number, value in _slice(context):
            if number in done:
                continue
            item = Item(value, number=number, upload=context.upload, previous=previous.get(number))
            try:
                result = function(item, context.out)
            except Exception as error:
                raise StepError(number, error) from error
            parts.add(number, result)
            worked += 1
    finally:
        # Also when this attempt is told to end: the next one goes on from here.
        parts.flush()
    return f"{worked} items" + (f", {len(done)} of an earlier attempt" if done else "")


def _own_parts(context: Context) -> tuple[Parts, set[int]]:
    """Return where to go on; only a second attempt looks for what an earlier one left."""
    place, bucket = context.place, context.settings.work_bucket
    prefix = keys.child_results_prefix(place.run, place.step, place.child)
    done: set[int] = set()
    written = 0
    if place.attempt > 1 or place.generation > 0:
        done = {number for number, _ in read_results(context.s3, bucket, prefix)}
        written = len(part_keys(context.s3, bucket, prefix))
    return Parts(context.s3, bucket, place, first=written), done


def _previous(context: Context) -> dict[int, Any]:
    if context.step.each is None:
        return {}
    prefix = keys.child_results_prefix(context.place.run, context.step.each, context.place.child)
    return dict(read_results(context.s3, context.settings.work_bucket, prefix))


def _slice(context: Context) -> Iterator[tuple[int, dict[str, Any]]]:
    record = context.assignment.step
    if record is None or record.shared is None:
        raise NotNamedError(f"The ledger knows no items for {context.place.run} {context.place.step}.")
    start, stop = slice_bounds(record.shared.items, record.children, context.place.child)
    return enumerate(read_slice(context.s3, context.settings.work_bucket, record.shared.manifest, start, stop), start=start)


def job(context: Context, function: Function) -> str:
    """Run once; what the children of the steps before returned is read as it is asked for."""

    def results(step: str) -> Iterator[tuple[int, Any]]:
        return read_results(context.s3, context.settings.work_bucket, keys.results_prefix(context.place.run, step))

    function(results, context.out)
    return "done"


def cleanup(context: Context, function: Function | None = None) -> str:
    """Remove the run's transient objects."""
    bucket = context.settings.work_bucket
    found = part_keys(context.s3, bucket, keys.run_prefix(context.place.run))
    for start in range(0, len(found), _DELETE_AT_ONCE):
        objects = [{"Key": key} for key in found[start : start + _DELETE_AT_ONCE]]
        answer = context.s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        if answer.get("Errors"):
            first = answer["Errors"][0]
            raise RuntimeError(f"{len(answer['Errors'])} objects could not be deleted, first {first['Key']}: {first['Code']}.")
    return f"{len(found)} objects removed"


def gate(context: Context, function: Function | None = None) -> str:
    """Do nothing: a gate only stands between many parents and one step."""
    return "passed"


KINDS: dict[Kind, Callable[[Context, Any], str]] = {
    Kind.PLAN: plan,
    Kind.ARRAY: child,
    Kind.JOB: job,
    Kind.CLEANUP: cleanup,
    Kind.GATE: gate,
}
