"""Judges whether a job that has ended did its work: an exit code is believed only with the word of the job's
supervisor, or with the manifest of a plan. See docs/decisions/0022-success-is-proven.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sluice import keys
from sluice.advance.batch_events import JobEnded
from sluice.aws.clients import client
from sluice.items.manifest import written_manifest
from sluice.ledger.ledger import Assignment
from sluice.run import child_ranges
from sluice.run.compiled import CompiledStep, Kind
from sluice.run.state import StepRecord, StepState

_CHILDREN_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a job ended, as it is to be recorded; ``failed_children`` are those without a word, where that was
    looked at.
    """

    state: StepState
    reason: str | None = None
    succeeded: int | None = None
    failed_children: str | None = None


def verdict(event: JobEnded, found: Assignment | None, bucket: str) -> Verdict | None:
    """Return how a job ended by what it left; None when its end is recorded already.

    Costs nothing for a step without a supervisor, and a listing for each thousand children of any other.
    """
    said = Verdict(event.state, event.reason, event.succeeded)
    if found is None or found.step is None or not _is_of(event, found.step):
        return said
    if found.step.state in (StepState.SUCCEEDED, StepState.FAILED):
        return None
    return _judged(event, said, found.pipeline.step(found.step.name), found.step, bucket)


def _judged(event: JobEnded, said: Verdict, step: CompiledStep, record: StepRecord, bucket: str) -> Verdict:
    if step.kind is Kind.PLAN:
        return said if _has_items(event, record, bucket) else _WITHOUT_ITEMS
    if not step.supervised or (event.state is StepState.FAILED and record.size == 1):
        return said
    return _by_words(said, step, record, _without_word(event, record, bucket))


_WITHOUT_ITEMS = Verdict(
    StepState.FAILED, "AWS Batch reports success, but the plan ended before it announced its items"
)


def _is_of(event: JobEnded, record: StepRecord) -> bool:
    """Return whether an event is of the job that the ledger has, or may still register."""
    return record.generation == event.name.generation and record.job_id in (None, event.job_id)


def _has_items(event: JobEnded, record: StepRecord, bucket: str) -> bool:
    """Return whether a plan that succeeded has found its items: their announcement may still be under way."""
    if event.state is StepState.FAILED or record.planned:
        return True
    prefix = keys.manifests_of_job(event.name.run_id, record.name, event.job_id)
    return written_manifest(client("s3"), bucket, prefix) is not None


def _without_word(event: JobEnded, record: StepRecord, bucket: str) -> list[int]:
    """Return the children of a generation that have no word, by their numbers in the whole step."""
    prefix = keys.words_prefix(event.name.run_id, record.name, record.generation)
    words = {keys.child_of_word(key) for key in _keys(bucket, prefix)}
    return [child for child in record.indexes if child not in words]


def _keys(bucket: str, prefix: str) -> Iterator[str]:
    """Yield the keys below a prefix, a thousand a call."""
    more: dict[str, str] = {}
    while True:
        page = client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix, **more)
        yield from (one["Key"] for one in page.get("Contents", ()))
        if not page.get("NextContinuationToken"):
            return
        more = {"ContinuationToken": page["NextContinuationToken"]}


def _by_words(said: Verdict, step: CompiledStep, record: StepRecord, missing: list[int]) -> Verdict:
    """Return what holds of a job whose ``missing`` children have no word."""
    if not missing:
        return said
    failed = child_ranges.to_text(missing) if step.kind is Kind.ARRAY else None
    reason = said.reason if said.state is StepState.FAILED else _unproven(step, record, missing)
    return Verdict(StepState.FAILED, reason, record.size - len(missing), failed)


def _unproven(step: CompiledStep, record: StepRecord, missing: list[int]) -> str:
    said = "AWS Batch reports success, but"
    if step.kind is not Kind.ARRAY:
        return f"{said} the job's supervisor never said that the work was done"
    children = child_ranges.to_text(missing)
    if len(children) > _CHILDREN_CHARACTERS:
        children = f"{children[:_CHILDREN_CHARACTERS]}…"
    return (
        f"{said} the supervisors of {len(missing)} of {record.size} children never said that the work was"
        f" done: {children}"
    )
