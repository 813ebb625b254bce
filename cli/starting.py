"""Starts runs and knows their ids at once: an id is derived from what starts the run, so nothing has to be
looked for.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from s3transfer.futures import TransferFuture
from s3transfer.manager import TransferConfig, TransferManager
from s3transfer.subscribers import BaseSubscriber

from cli.failures import CommandError, UsageError
from sluice.errors import MalformedMessageError
from sluice.pipeline.compiling import JobDefinitions, compile_pipeline
from sluice.pipeline.definition import Manual, Pipeline, S3Upload
from sluice.pipeline.trigger_names import MANUAL, upload_name
from sluice.run.job_names import run_id
from sluice.run.overrides import overridden
from sluice.triggers.rerun import DETAIL_TYPE, SOURCE
from sluice.triggers.trigger_event import MAX_INPUT_BYTES, Request, S3Object

_PART_BYTES = 8 * 1024 * 1024
Progress = Callable[[int], None]
"""Hears how many more bytes have arrived."""


@dataclass(frozen=True, slots=True)
class Sending:
    """A file and the upload trigger that it starts."""

    path: Path
    upload: S3Upload

    @property
    def key(self) -> str:
        """Return the object's key in the inbox."""
        return f"{self.upload.prefix}{'' if self.upload.prefix.endswith('/') else '/'}{self.path.name}"


def sendings(pipeline: Pipeline, paths: Sequence[Path], prefix: str | None) -> list[Sending]:
    """Return which file starts which trigger; raises UsageError with every file that starts none, or that
    starts several.
    """
    uploads = [one for one in pipeline.triggers if isinstance(one, S3Upload) and prefix in (None, one.prefix)]
    if not uploads:
        found = "none" if prefix is None else f"none with the prefix {prefix!r}"
        raise UsageError(f"Expected an S3Upload trigger of {pipeline.name} for these files, found {found}.")
    problems = [sentence for path in paths for sentence in _problems(path, uploads)]
    problems += given_twice(paths)
    if problems:
        raise UsageError("Expected files that each start one trigger, found: " + "; ".join(problems) + ".")
    return [Sending(path, _matching(path, uploads)[0]) for path in paths]


def given_twice(paths: Sequence[Path]) -> list[str]:
    """Return a sentence for each name that several files have: one name is one object."""
    return [
        f"{name}: given {count} times, and one name is one object"
        for name, count in Counter(path.name for path in paths).items()
        if count > 1
    ]


def missing(path: Path) -> list[str]:
    """Return what is wrong with a path that is no file."""
    return [] if path.is_file() else [f"{path}: " + ("a folder" if path.is_dir() else "no such file")]


def _problems(path: Path, uploads: Sequence[S3Upload]) -> list[str]:
    if problems := missing(path):
        return problems
    matching = _matching(path, uploads)
    if not matching:
        return [
            f"{path}: no trigger takes it, they take "
            + " and ".join(sorted({f"*{upload.suffix}" for upload in uploads}))
        ]
    if len(matching) > 1:
        return [
            f"{path}: several triggers take it, choose one with --prefix: "
            + ", ".join(upload.prefix for upload in matching)
        ]
    return []


def _matching(path: Path, uploads: Sequence[S3Upload]) -> list[S3Upload]:
    return [upload for upload in uploads if path.name.endswith(upload.suffix)]


def run_of(pipeline: str, upload: S3Upload, stored: S3Object) -> str:
    """Return the id of the run that an upload starts, of a trigger that does not gather."""
    return run_id(pipeline, upload_name(upload), stored.identity())


def send(s3: Any, bucket: str, path: Path, key: str, progress: Progress) -> S3Object:
    """Upload a file, in parts when it is large, and return the version that is stored."""
    with TransferManager(
        s3, TransferConfig(multipart_threshold=_PART_BYTES, multipart_chunksize=_PART_BYTES)
    ) as manager:
        manager.upload(str(path), bucket, key, subscribers=[_Heard(progress)]).result()
    # The version that stands there now; another one between these two calls would be another run, which is
    # followed instead.
    stored = s3.head_object(Bucket=bucket, Key=key)
    return S3Object(
        bucket=bucket,
        key=key,
        version_id=stored.get("VersionId", ""),
        etag=stored["ETag"].strip('"'),
        size=stored["ContentLength"],
    )


class _Heard(BaseSubscriber):
    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def on_progress(self, future: TransferFuture, bytes_transferred: int, **_: Any) -> None:
        self._progress(bytes_transferred)


def request(
    events: Any, pipeline: Pipeline, token: str, given: Any, overrides: Mapping[str, Any] | None = None
) -> str:
    """Ask for a run by an event on the default bus, and return the run's id; the same token asks for the same
    run.

    ``overrides`` are what its steps are asked for otherwise; see docs/machines.md. Raises UsageError for a
    pipeline without a Manual trigger, CommandError when EventBridge does not take the event.
    """
    if not any(isinstance(trigger, Manual) for trigger in pipeline.triggers):
        raise UsageError(
            f"Expected a Manual trigger of {pipeline.name}, found none. Give files for its upload trigger, or"
            " add Manual() and deploy."
        )
    if (
        size := len(json.dumps(given).encode()) + len(json.dumps(overrides or {}).encode())
    ) > MAX_INPUT_BYTES:
        raise UsageError(
            f"Expected an input of at most {MAX_INPUT_BYTES} bytes of JSON, found {size}. Put it into an"
            " object and give its key."
        )
    otherwise = {"overrides": overrides} if overrides is not None else {}
    detail = json.dumps({"pipeline": pipeline.name, "input": given, "token": token, **otherwise})
    answer: Mapping[str, Any] = events.put_events(
        Entries=[{"Source": SOURCE, "DetailType": DETAIL_TYPE, "Detail": detail}]
    )
    if answer.get("FailedEntryCount"):
        entry = answer["Entries"][0]
        raise CommandError(
            f"EventBridge refused the request: {entry.get('ErrorCode')}: {entry.get('ErrorMessage')}. Nothing"
            " has begun; try again."
        )
    return run_id(pipeline.name, MANUAL, Request(token=token, input=given).identity())


def check_overrides(pipeline: Pipeline, overrides: Mapping[str, Any], queues: Mapping[str, str]) -> None:
    """Raise UsageError with what the trigger Lambda would say of these overrides, for a pipeline as this
    repository has it.
    """
    names = JobDefinitions(steps={step.name: "" for step in pipeline.steps}, cleanup="", gate="")
    try:
        overridden(run_id(pipeline.name, MANUAL, {}), compile_pipeline(pipeline, names), overrides, queues)
    except MalformedMessageError as error:
        raise UsageError(str(error)) from error
