"""Finds the manifests of ended plans whose message was lost on its way to fan_out."""

from __future__ import annotations

from collections.abc import Iterator

from lambdas.consuming import logger
from sluice import keys
from sluice.aws.clients import client
from sluice.items.manifest import written_manifest
from sluice.messages import Planned
from sluice.run.compiled import Kind
from sluice.run.state import Run, StepState


def unannounced(run: Run, bucket: str) -> Iterator[Planned]:
    """Yield the missing messages of the plans that succeeded, made from their manifests; see
    docs/decisions/0019-crash-matrix.md.
    """
    for record in run.steps.values():
        plan = run.pipeline.step(record.name).kind is Kind.PLAN
        if not plan or record.planned or record.state is not StepState.SUCCEEDED or record.job_id is None:
            continue
        found = written_manifest(
            client("s3"), bucket, keys.manifests_of_job(run.run_id, record.name, record.job_id)
        )
        logger.warning("The message of a plan is missing.", run=run.run_id, step=record.name, manifest=found)
        if found is not None:
            key, items = found
            yield Planned(
                run=run.run_id,
                step=record.name,
                generation=record.generation,
                job_id=record.job_id,
                items=items,
                manifest=key,
            )
