"""What starts the run of a test: files, a request, a time of a schedule, a webhook's delivery."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from sluice import keys
from sluice.items.manifest import write_manifest
from sluice.messages import Triggered
from sluice.pipeline.definition import AfterRun, FileSet, Manual, Pipeline, S3Upload, Schedule, Webhook
from sluice.pipeline.trigger_names import MANUAL, schedule_name, upload_name
from sluice.run.job_names import run_id
from sluice.testing.errors import HarnessError
from sluice.testing.memory.buckets import Buckets
from sluice.testing.memory.clients import INBOX, SETTINGS
from sluice.testing.sets import set_of, set_trigger
from sluice.testing.sets import taken as patterns_taken
from sluice.triggers.inbox import request_key
from sluice.triggers.trigger_event import (
    Request,
    S3Object,
    ScheduledTime,
    TriggerEvent,
    UploadGroup,
    UploadSet,
    WebhookDelivery,
    parse_trigger,
)
from sluice.triggers.upload_patterns import prefix_and_suffix
from sluice.triggers.upstream_runs import UpstreamRuns

Files = Mapping[str, bytes | str]
TOKEN = "test"  # noqa: S105 - the name of a request, no secret
_SAMPLE_TIME = "2030-01-31T09:00:00Z"
_KINDS: Mapping[type, type] = {
    S3Object: S3Upload,
    UploadGroup: S3Upload,
    UploadSet: FileSet,
    Request: Manual,
    ScheduledTime: Schedule,
    WebhookDelivery: Webhook,
    UpstreamRuns: AfterRun,
}


@dataclass(frozen=True, slots=True)
class Start:
    """What starts a run, and the id of the run that it starts."""

    run_id: str
    event: TriggerEvent


def start_of(
    pipeline: Pipeline, buckets: Buckets, files: Files, run_input: Any, event: TriggerEvent | None
) -> Start:
    """Store the files and return what starts the run.

    Raises HarnessError where the pipeline has no trigger for it.
    """
    if event is not None:
        return _given(pipeline, files, run_input, event)
    if files:
        return _with_files(pipeline, buckets, files, run_input)
    return _without_files(pipeline, run_input)


def store(buckets: Buckets, key: str, content: bytes | str, bucket: str = INBOX) -> S3Object:
    """Put a file into the inbox or another bucket, and return the version that is stored."""
    body = content.encode() if isinstance(content, str) else bytes(content)
    stored = buckets.put_object(Bucket=bucket, Key=key, Body=body)
    return S3Object(
        bucket=bucket,
        key=key,
        version_id=stored.get("VersionId", ""),
        etag=stored["ETag"].strip('"'),
        size=len(body),
    )


def _given(pipeline: Pipeline, files: Files, run_input: Any, event: TriggerEvent) -> Start:
    if files or run_input is not None:
        raise HarnessError("Expected a trigger alone, found files or an input beside it. They are its own.")
    wanted = _KINDS[type(event)]
    if not any(isinstance(one, wanted) for one in pipeline.triggers):
        raise HarnessError(
            f"Expected a {wanted.__name__} trigger of {pipeline.name} for a {type(event).__name__}, found"
            " none."
        )
    return Start(run_id(pipeline.name, event.kind, event.identity()), event)


def _with_files(pipeline: Pipeline, buckets: Buckets, files: Files, run_input: Any) -> Start:
    found = set_trigger(pipeline, list(files))
    if found is not None and run_input is None:
        of_set = [store(buckets, key, content) for key, content in files.items()]
        return Start(*set_of(pipeline, buckets, found, of_set))
    trigger = _trigger_of(pipeline, files)
    if trigger is None:
        return _request_with_files(pipeline, buckets, files, run_input)
    if run_input is not None:
        raise HarnessError("Expected files alone, found an input beside them. An upload has none.")
    bucket = trigger.bucket or INBOX
    stored = [store(buckets, _key(trigger, name), content, bucket) for name, content in files.items()]
    if trigger.gathers:
        return _group(pipeline, buckets, trigger, stored)
    if len(stored) > 1:
        raise HarnessError(
            f"Expected one file, found {len(stored)}: each starts a run of its own. Gather them with"
            " S3Upload(group_within=…), or run each."
        )
    return Start(run_id(pipeline.name, upload_name(trigger), stored[0].identity()), stored[0])


def _trigger_of(pipeline: Pipeline, files: Files) -> S3Upload | None:
    """Return the first upload trigger that takes all of these files."""
    uploads = (one for one in pipeline.triggers if isinstance(one, S3Upload))
    return next((one for one in uploads if _takes_all(one, files)), None)


def _takes_all(trigger: S3Upload, files: Files) -> bool:
    return all(_key(trigger, name).endswith(trigger.suffixes) for name in files)


def _key(trigger: S3Upload, name: str) -> str:
    if name.startswith(trigger.prefix):
        return name
    return f"{trigger.prefix}{'' if trigger.prefix.endswith('/') else '/'}{name}"


def _group(pipeline: Pipeline, buckets: Buckets, trigger: S3Upload, stored: list[S3Object]) -> Start:
    name, group = upload_name(trigger), "0001"
    identity = UploadGroup.identity_of(group)
    manifest = keys.uploads(run_id(pipeline.name, name, identity))
    items = [asdict(file) for file in sorted(stored, key=lambda file: file.key)]
    write_manifest(buckets, SETTINGS.work_bucket, manifest, items)
    event = UploadGroup(
        bucket=trigger.bucket or INBOX,
        prefix=trigger.prefix,
        suffix=prefix_and_suffix(name)[1],
        group=group,
        files=len(stored),
        work_bucket=SETTINGS.work_bucket,
        manifest=manifest,
    )
    return Start(run_id(pipeline.name, name, identity), event)


def _request_with_files(pipeline: Pipeline, buckets: Buckets, files: Files, run_input: Any) -> Start:
    if not any(isinstance(one, Manual) for one in pipeline.triggers):
        taken = [f"{one.prefix}*{one.suffix}" for one in pipeline.triggers if isinstance(one, S3Upload)]
        taken += patterns_taken(pipeline)
        raise HarnessError(
            f"Expected files that a trigger of {pipeline.name} takes ({', '.join(taken) or 'there is none'}),"
            f" found {', '.join(files)}."
        )
    if not (run_input is None or isinstance(run_input, dict)):
        raise HarnessError(f"Expected an input that is a dict beside files, found {run_input!r}.")
    stored = [
        asdict(store(buckets, request_key(pipeline.name, TOKEN, name), content))
        for name, content in files.items()
    ]
    return _requested(pipeline, {**(run_input or {}), "uploads": stored})


def _without_files(pipeline: Pipeline, run_input: Any) -> Start:
    for trigger in pipeline.triggers:
        if isinstance(trigger, Manual):
            return _requested(pipeline, run_input)
        if isinstance(trigger, Schedule):
            return _scheduled(pipeline, trigger, run_input)
        if isinstance(trigger, Webhook):
            detail = {"form": trigger.signature, "id": TOKEN, "event": "", "input": run_input}
            return _parsed(pipeline, "webhook", detail)
    raise HarnessError(
        f"Expected files for {pipeline.name}, which uploads start, found none. Pass"
        ' files={"name": b"content"}.'
    )


def _requested(pipeline: Pipeline, run_input: Any) -> Start:
    return _parsed(pipeline, MANUAL, {"token": TOKEN, "input": run_input})


def _scheduled(pipeline: Pipeline, schedule: Schedule, run_input: Any) -> Start:
    given = schedule.input if run_input is None else run_input
    detail = {"time": _SAMPLE_TIME, "expression": schedule.expression, "input": given}
    return _parsed(pipeline, schedule_name(schedule), detail)


def _parsed(pipeline: Pipeline, trigger: str, detail: dict[str, Any]) -> Start:
    """Return what the trigger Lambda makes of a message; it raises MalformedMessageError."""
    message = Triggered(pipeline=pipeline.name, trigger=trigger, definition={}, detail=detail)
    event = parse_trigger(message)
    if event is None:
        raise HarnessError(f"Expected something that starts a run, found {detail}.")
    return Start(run_id(pipeline.name, trigger, event.identity()), event)


def with_overrides(start: Start, overrides: Mapping[str, Any]) -> Start:
    """Return a request that asks for something of its steps otherwise; raises HarnessError for another
    trigger.
    """
    if not isinstance(start.event, Request):
        raise HarnessError(
            f"Expected a run of a Manual trigger for overrides, found {type(start.event).__name__}."
        )
    return replace(start, event=replace(start.event, overrides=overrides))


def manifests_of(event: TriggerEvent) -> Iterator[tuple[str, int]]:
    """Yield the manifest of a group's files, and how many they are."""
    if isinstance(event, UploadGroup):
        yield event.manifest, event.files
