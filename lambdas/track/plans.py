"""Finds the plans whose messages were lost: the message of a plan that has ended can be lost on its way to
fan_out.
"""

from __future__ import annotations

from collections.abc import Iterator

from lambdas.consuming import logger
from sluice import keys
from sluice.aws.clients import full_client
from sluice.items.manifest import written_manifest
from sluice.messages import Planned
from sluice.run.compiled import Kind
from sluice.run.state import Run, StepRecord, StepState


def unannounced(run: Run, bucket: str) -> Iterator[Planned]:
    """Yield what the plans that succeeded would have announced, read from their manifests; see
    docs/decisions/0019-crash-matrix.md.
    """
    for record in run.steps.values():
        if not _is_unannounced(run, record):
            continue
        prefix = keys.manifests_of_job(run.run_id, record.name, str(record.job_id))
        found = written_manifest(full_client("s3"), bucket, prefix)
        logger.warning(
            "The message of a plan did not come.", run=run.run_id, step=record.name, manifest=found
        )
        if found is not None:
            key, items = found
            yield Planned(
                run=run.run_id,
                step=record.name,
                generation=record.generation,
                job_id=str(record.job_id),
                items=items,
                manifest=key,
            )


def _is_unannounced(run: Run, record: StepRecord) -> bool:
    has_succeeded = record.state is StepState.SUCCEEDED and record.job_id is not None
    return has_succeeded and not record.planned and run.pipeline.step(record.name).kind is Kind.PLAN
