"""Makes what a single step function is given, for tests of one function alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sluice import keys
from sluice.items.manifest import write_manifest
from sluice.runtime.interface.out import Out
from sluice.runtime.interface.step_types import Item, Results, Trigger
from sluice.runtime.interface.upload import Upload, Uploads
from sluice.runtime.stored.result_parts import encode
from sluice.testing.errors import HarnessError
from sluice.testing.inputs import TOKEN, store
from sluice.testing.memory.buckets import Buckets
from sluice.testing.memory.clients import INBOX, SETTINGS
from sluice.testing.outcome import Published
from sluice.triggers.trigger_event import Request, UploadGroup

_PIPELINE, _RUN = "test", "test-run"
Returned = Mapping[int, Any] | Sequence[Any]
"""What an array returned: by the number of the item, or in order."""


def passed_on(number: int, returned: Any) -> Any:
    """Return what a later step is given of what the function returned for an item."""
    return json.loads(encode(number, returned))["r"]


class MemoryOut(Out):
    """Publishes into memory; ``files`` has what was published."""

    __slots__ = ()

    @property
    def files(self) -> dict[str, Published]:
        """Return the published files, by name."""
        buckets: Any = self.s3
        prefix = keys.result(self.pipeline, self.run, "")
        return {
            key.removeprefix(prefix): Published(body, buckets.types[self.bucket, key])
            for key, body in sorted(buckets.objects.get(self.bucket, {}).items())
        }


def make_upload(content: bytes | str = b"", key: str = "file") -> Upload:
    """Return an uploaded file with this content; text is UTF-8."""
    buckets = Buckets(INBOX)
    return Upload(store(buckets, key, content), buckets)


def make_uploads(files: Mapping[str, bytes | str]) -> Uploads:
    """Return a group of files, by their keys."""
    buckets, manifest = Buckets(INBOX), keys.uploads(_RUN)
    stored = [asdict(store(buckets, key, content)) for key, content in sorted(files.items())]
    write_manifest(buckets, SETTINGS.work_bucket, manifest, stored)
    group = UploadGroup(
        bucket=INBOX,
        prefix="",
        suffix="",
        group="0001",
        files=len(stored),
        work_bucket=SETTINGS.work_bucket,
        manifest=manifest,
    )
    return Uploads(group, buckets)


def make_item(
    value: Mapping[str, Any] | None = None,
    *,
    number: int = 0,
    trigger: Trigger | None = None,
    previous: Any = None,
    upload: bytes | str | None = None,
    key: str = "file",
) -> Item:
    """Return an item with this value.

    ``upload`` is the content of the file that started the run, where ``trigger`` is none; a request without
    an input has started it where neither is given. Without a value such a file is the item.
    """
    previous = passed_on(number, previous)
    if upload is not None and trigger is not None:
        raise HarnessError("Expected an upload or a trigger, found both.")
    if upload is not None:
        found = make_upload(upload, key)
        given = asdict(found.source) if value is None else dict(value)
        return Item(given, number=number, trigger=found, previous=previous, s3=found.s3)
    started_by = trigger or Request(token=TOKEN)
    return Item(dict(value or {}), number=number, trigger=started_by, previous=previous)


def make_results(
    returned: Mapping[str, Returned],
    *,
    missing: Mapping[str, Sequence[int]] | None = None,
    trigger: Trigger | None = None,
) -> Results:
    """Return the results of upstream arrays: ``make_results({"count": [{"a": 1}, {"b": 2}]})``.

    ``missing`` are the items of each array that have no result.
    """

    def read(array: str) -> Iterator[tuple[int, Any]]:
        if array not in returned:
            raise HarnessError(f"Expected an array of {', '.join(returned)}, found {array!r}.")
        given = returned[array]
        pairs = sorted(given.items()) if isinstance(given, Mapping) else enumerate(given)
        yield from ((number, passed_on(number, value)) for number, value in pairs)

    def unfinished(array: str) -> list[int]:
        return sorted((missing or {}).get(array, ()))

    return Results(read, unfinished, trigger or Request(token=TOKEN))


def make_out() -> MemoryOut:
    """Return where a step publishes; ``out.files`` has what it published."""
    return MemoryOut(Buckets(INBOX), SETTINGS.results_bucket, _PIPELINE, _RUN)
