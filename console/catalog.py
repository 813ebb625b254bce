"""Makes the catalog of a project's pipelines: their forms and triggers. Where pipeline files can be read,
which is on a machine with the project, and at synthesis for a Lambda; not in one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from console import contract
from console.live.catalog_file import catalog_text, next_time
from console.live.cloud import Catalog, KnownPipeline, ScheduleTrigger, UploadTrigger
from sluice.errors import SluiceError
from sluice.operate.pipeline_graph import ordered, results_of, triggers_of
from sluice.operate.start.taken_keys import taken_keys
from sluice.pipeline.definition import Manual, Pipeline, S3Upload, Schedule, Trigger, Webhook
from sluice.pipeline.loading import load_pipelines
from sluice.pipeline.trigger_names import upload_name
from sluice.pipeline.validation.chains import upstream_of
from sluice.visible import visible


def catalog_of(root: Path) -> Catalog:
    """Return the pipelines of ``root/pipelines``; with a note instead where their files have mistakes."""
    try:
        return Catalog(tuple(map(known, load_pipelines(root))))
    except SluiceError as error:
        return Catalog(note=visible(str(error), keep="\n"))


def text_of_catalog(pipelines: Iterable[Pipeline]) -> str:
    """Return what the deployed console is given of pipelines, as JSON."""
    return catalog_text(Catalog(tuple(map(known, pipelines))))


def known(pipeline: Pipeline) -> KnownPipeline:
    """Return what a console needs of a pipeline."""
    uploads = tuple(
        UploadTrigger(
            name=upload_name(one),
            prefix=one.prefix,
            suffixes=one.suffixes,
            gathers=one.gathers,
            bucket=one.bucket,
        )
        for one in pipeline.triggers
        if isinstance(one, S3Upload)
    )
    takes_requests = any(isinstance(one, Manual) for one in pipeline.triggers)
    only = f"Only where it was deployed with {pipeline.only_with}." if pipeline.only_with else None
    form = contract.Pipeline(
        name=pipeline.name,
        triggers=tuple(map(_trigger, pipeline.triggers, triggers_of(pipeline))),
        steps=tuple(step.name for step in ordered(pipeline)),
        takes_input=takes_requests,
        takes_files=takes_requests or bool(uploads),
        schema=_schema(pipeline),
        note=only,
        after=tuple(upstream_of(pipeline)),
        results=results_of(pipeline),
    )
    schedules = tuple(
        ScheduleTrigger(place=place, expression=one.expression, timezone=one.timezone)
        for place, one in enumerate(pipeline.triggers)
        if isinstance(one, Schedule)
    )
    return KnownPipeline(
        form=form,
        uploads=uploads,
        takes_requests=takes_requests,
        schedules=schedules,
        taken=taken_keys([pipeline]),
    )


def _trigger(trigger: Trigger, text: str) -> contract.Trigger:
    if isinstance(trigger, S3Upload):
        return contract.Trigger(
            kind="upload",
            text=text,
            prefix=trigger.prefix,
            suffix=" or ".join(trigger.suffixes),
            gathers=trigger.gathers,
        )
    if isinstance(trigger, Schedule):
        return contract.Trigger(
            kind="schedule", text=text, next=next_time(trigger.expression, trigger.timezone)
        )
    return contract.Trigger(kind=type(trigger).__name__.lower(), text=text)


def _schema(pipeline: Pipeline) -> Mapping[str, Any] | None:
    """Return the schema that a webhook of the pipeline holds its input to: the only one that there is."""
    found = (one.schema if isinstance(one, Webhook) else None for one in pipeline.triggers)
    return next((dict(one) for one in found if one), None)
