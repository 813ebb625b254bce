"""Starts runs: stores files where a trigger takes them, or beside a request, and sends requests."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from starlette.concurrency import run_in_threadpool

from console import contract
from console.answers import NotFoundError
from console.live.cloud import Catalog, KnownPipeline, UploadTrigger
from sluice.operate.deployment import Deployment
from sluice.operate.errors import RequestError
from sluice.operate.start.sending import send_request
from sluice.operate.start.uploads import upload_file
from sluice.run.job_names import run_id
from sluice.triggers.inbox import request_key
from sluice.triggers.trigger_event import S3Object
from sluice.visible import has_hidden

_MAX_NAME = 255
_MISSING = ("NoSuchKey", "404", "NotFound")


@dataclass(frozen=True, slots=True)
class Starter:
    """Starts runs of the pipelines of a catalog."""

    client: Callable[[str], Any]
    deployment: Callable[[], Deployment]
    catalog: Callable[[], Catalog]

    async def store(
        self, pipeline: str, name: str, token: str, prefix: str | None, body: AsyncIterator[bytes]
    ) -> contract.StoredFile:
        """Store a file; raises RequestError for one that the pipeline does not take."""
        known = self._known(pipeline)
        _check_name(name)
        trigger = _trigger_of(known, name, prefix)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "upload"
            with path.open("wb") as file:
                async for piece in body:
                    file.write(piece)
            return await run_in_threadpool(self._store, known, trigger, name, token, path)

    def _store(
        self, known: KnownPipeline, trigger: UploadTrigger | None, name: str, token: str, path: Path
    ) -> contract.StoredFile:
        pipeline = known.form.name
        if trigger is None:
            key = request_key(pipeline, token, name)
        else:
            key = f"{trigger.prefix}{'' if trigger.prefix.endswith('/') else '/'}{name}"
        bucket = (trigger.bucket if trigger else None) or self.deployment().inbox
        stored = upload_file(self.client("s3"), bucket, path, key, lambda _: None)
        starts = trigger is not None and not trigger.gathers
        return contract.StoredFile(
            name=name,
            key=key,
            size=stored.size,
            run_ids=(run_id(pipeline, trigger.name, stored.identity()),) if trigger and starts else (),
            of_request=trigger is None,
            gathered=trigger is not None and trigger.gathers,
        )

    def start(self, pipeline: str, request: contract.StartRequest) -> contract.Started:
        """Send a request; raises RequestError for a pipeline that takes none, or unknown files."""
        known = self._known(pipeline)
        if not known.takes_requests:
            raise RequestError(f"Expected a Manual trigger of {pipeline}, found none: it starts with files.")
        given = request.input
        if request.files:
            if not (given is None or isinstance(given, dict)) or "uploads" in (given or {}):
                raise RequestError(
                    "Expected a JSON object without 'uploads' beside files, found another input."
                )
            stored = [self._stored(pipeline, request.token, name) for name in request.files]
            given = {**(given or {}), "uploads": [one.to_item() for one in stored]}
        prefix = self.deployment().prefix
        return contract.Started(
            (send_request(self.client("events"), pipeline, request.token, given, None, prefix),)
        )

    def _stored(self, pipeline: str, token: str, name: str) -> S3Object:
        bucket, key = self.deployment().inbox, request_key(pipeline, token, name)
        try:
            found = self.client("s3").head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _MISSING:
                raise
            raise RequestError(f"Expected the file {name!r} to be stored, found that it is not.") from error
        return S3Object(
            bucket=bucket,
            key=key,
            version_id=found.get("VersionId", ""),
            etag=found["ETag"].strip('"'),
            size=found["ContentLength"],
        )

    def _known(self, pipeline: str) -> KnownPipeline:
        known = self.catalog().find(pipeline)
        if known is None:
            raise NotFoundError(f"Expected the name of a pipeline, found {pipeline!r}.")
        return known


def _trigger_of(known: KnownPipeline, name: str, prefix: str | None) -> UploadTrigger | None:
    """Return the upload trigger that takes a file, None where it goes with a request."""
    candidates = [one for one in known.uploads if one.takes(name) and prefix in (None, one.prefix)]
    if len(candidates) > 1:
        names = ", ".join(one.prefix for one in candidates)
        raise RequestError(
            f"Expected one upload trigger for {name!r}, found several: choose by prefix: {names}."
        )
    if candidates:
        return candidates[0]
    if not known.takes_requests:
        raise RequestError(
            f"Expected a file that a trigger of {known.form.name} takes ({_endings(known)}), found {name!r}."
        )
    return None


def _endings(known: KnownPipeline) -> str:
    """Return in words what the files of a pipeline's upload triggers end with."""
    found = {f"*{suffix}" for one in known.uploads for suffix in one.suffixes}
    return " and ".join(sorted(found)) or "no files"


def _check_name(name: str) -> None:
    if not 0 < len(name.encode()) <= _MAX_NAME or name in (".", "..") or "/" in name or has_hidden(name):
        raise RequestError(
            f"Expected a file's name without slashes and control characters, found {name[:80]!r}."
        )
