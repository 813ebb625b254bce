"""The pipeline that Sluice adds to one with ``reconcile=``: its one job lists objects, and has those
processed that were not.

It is a pipeline, so that a backfill that runs as a job is a run: seen, followed, cancelled, retried and
reported as any other. See docs/decisions/0052-reconcile.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sluice.backfill.job import Reconcile
from sluice.backfill.target import Target
from sluice.duration import seconds_of
from sluice.pipeline.compiling import own_compute, queues_of
from sluice.pipeline.definition import Job, Manual, Pipeline, S3Upload, Schedule
from sluice.pipeline.trigger_names import upload_name
from sluice.pipeline.validation.triggers.grouping import grouping_of
from sluice.pipeline.validation.triggers.reconciles import (
    ON_REQUEST,
    backfill_name,
    has_backfill_job,
)

STEP = "backfill"
FOLDER, REPORTS_FOLDER = "backfill", "backfill_reports"
"""The folders of Sluice's own ``containers/`` that its image is made of: the code, and, beside it, what reads
reports of S3 Inventory, where some may be read: these packages are ten times the rest.
"""
MIN_AGE = "15m"
"""Objects that are younger are left to their events, which S3 may send late."""
_FUNCTION = "containers.backfill.steps:backfill"
_MEMORY_MIB, _REPORTS_MEMORY_MIB = 1024, 2048
"""Of a report in ORC a stripe is in memory."""
_TIMEOUT_SECONDS = 172_800
"""Two days: ten million objects, a run each, take some hours."""
_ATTEMPTS = 10
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))


@dataclass(frozen=True, slots=True)
class BackfillPipelines:
    """The pipelines of a project, and those that Sluice adds to them for their backfills."""

    pipelines: Sequence[Pipeline]

    @property
    def added(self) -> list[Pipeline]:
        """Return those that Sluice adds."""
        return [backfill_pipeline(one) for one in self.pipelines if has_backfill_job(one)]

    @property
    def all(self) -> list[Pipeline]:
        """Return all that a deploy has."""
        return [*self.pipelines, *self.added]

    @property
    def queues(self) -> set[str]:
        """Return the keys of the queues that a deploy has for them."""
        return queues_of(self.all)


def backfill_pipeline(pipeline: Pipeline, environment: Mapping[str, str] | None = None) -> Pipeline:
    """Return the pipeline that backfills another one: on request, and on the schedules of its triggers.
    ``environment`` are the variables of its job.
    """
    job = Job(
        STEP,
        run=_FUNCTION,
        compute=own_compute(pipeline).value,
        vcpus=_smallest(pipeline),
        memory=_REPORTS_MEMORY_MIB if reads_reports(pipeline) else _MEMORY_MIB,
        timeout=_TIMEOUT_SECONDS,
        attempts=_ATTEMPTS,
        environment=dict(environment or {}),
    )
    return Pipeline(
        name=backfill_name(pipeline.name),
        triggers=[Manual(), *_schedules(pipeline)],
        steps=[job],
        tags=pipeline.tags,
        shared=[FOLDER] if reads_reports(pipeline) else [],
    )


def folder_of(pipeline: Pipeline) -> str:
    """Return the folder that the image of a pipeline's backfill is made of."""
    return REPORTS_FOLDER if reads_reports(pipeline) else FOLDER


def reads_reports(pipeline: Pipeline) -> bool:
    """Return whether the job of a pipeline's backfill may read reports of S3 Inventory."""
    return any(isinstance(one, S3Upload) and one.inventory for one in pipeline.triggers)


def upload_targets(pipeline: Pipeline, inbox: str, definition: Mapping[str, str]) -> list[Target]:
    """Return what the upload triggers of a pipeline take; ``inbox`` is that bucket's name."""
    return [
        Target(
            pipeline=pipeline.name,
            trigger=upload_name(one),
            definition=definition,
            bucket=one.bucket or inbox,
            prefix=one.prefix,
            suffixes=one.suffixes,
            group_of=grouping_of(one).of if one.gathers else None,
            in_order=pipeline.max_concurrent_runs is not None,
            inventory=one.inventory or "",
        )
        for one in pipeline.triggers
        if isinstance(one, S3Upload)
    ]


def _schedules(pipeline: Pipeline) -> list[Schedule]:
    """Return a schedule for each interval, with the triggers that it reconciles."""
    by_interval: dict[str, list[S3Upload]] = {}
    for one in pipeline.triggers:
        if isinstance(one, S3Upload) and one.reconcile not in (None, ON_REQUEST):
            by_interval.setdefault(rate(str(one.reconcile)), []).append(one)
    return [
        Schedule(expression, input=_input(uploads)) for expression, uploads in sorted(by_interval.items())
    ]


def _input(uploads: Sequence[S3Upload]) -> dict[str, Any]:
    names = tuple(upload_name(one) for one in uploads)
    return Reconcile(triggers=names, every=str(uploads[0].reconcile), min_age=MIN_AGE).to_dict()


def rate(interval: str) -> str:
    """Return an interval as EventBridge Scheduler has it: ``rate(7 days)`` for ``7d``."""
    seconds = seconds_of(interval) or 0
    unit, length = next((unit, length) for unit, length in _UNITS if seconds % length == 0)
    number = seconds // length
    return f"rate({number} {unit}{'' if number == 1 else 's'})"


def _smallest(pipeline: Pipeline) -> float:
    return 0.5 if own_compute(pipeline).is_fargate else 1
