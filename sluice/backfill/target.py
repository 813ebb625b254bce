"""What a backfill looks for: the objects that an upload trigger takes, as far as they are asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sluice.messages import GroupedUpload, Triggered
from sluice.run.concurrency import MAX_CONCURRENT
from sluice.triggers.trigger_event import S3Object
from sluice.triggers.upload_patterns import AGAIN_MARK, OWN_GROUPS_MARK

GROUP_SECONDS = 900
"""How long a group of a backfill stays open, should what fills it die: then the sweep hands it over."""


_STORED = ("pipeline", "trigger", "definition", "bucket", "prefix", "suffixes", "group_of", "inventory")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An upload trigger of a pipeline, by its name, and the objects in question: from ``since`` up to,
    without, ``until``. ``group_of`` is how many files one run has, None for a run each.

    ``again`` says in which repetition objects are taken that were processed before; empty for none.
    ``in_order`` where the order of the keys counts, because the pipeline's runs wait for each other.
    ``max_concurrency`` is how many of the runs that a backfill begins are under way at the same time.
    ``inventory`` is the folder of the bucket's reports that a job may read, empty for none.
    """

    pipeline: str
    trigger: str
    definition: Mapping[str, str]
    bucket: str
    prefix: str
    suffixes: tuple[str, ...] = ("",)
    group_of: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    again: str = ""
    in_order: bool = False
    max_concurrency: int | None = None
    inventory: str = ""

    @property
    def patterns(self) -> tuple[str, ...]:
        """Return the objects that it takes, such as ``s3://bucket/sales/*.csv``, for each suffix."""
        return tuple(f"s3://{self.bucket}/{self.prefix}*{suffix}" for suffix in self.suffixes)

    @property
    def identity(self) -> str:
        """Return the trigger's name that runs and records are of: the events' own, but in a repetition."""
        return f"{self.trigger}{AGAIN_MARK}{self.again}" if self.again else self.trigger

    def takes(self, key: str, size: int, modified: datetime) -> bool:
        """Return whether an object below the prefix is one of those; the empty object that stands for a
        folder never is.
        """
        if key.endswith("/") and size == 0:
            return False
        early = self.since is not None and modified < self.since
        late = self.until is not None and modified >= self.until
        return key.endswith(self.suffixes) and not early and not late

    def below(self, prefix: str) -> Target | None:
        """Return the part of it whose keys begin so; None when no key can."""
        if prefix.startswith(self.prefix):
            return replace(self, prefix=prefix)
        return self if self.prefix.startswith(prefix) else None

    @property
    def _started(self) -> dict[str, Any]:
        """Return what a run starts with, as messages have it."""
        limit = {MAX_CONCURRENT: self.max_concurrency} if self.max_concurrency else {}
        return {**self.definition, **limit}

    def message(self, file: S3Object) -> Triggered:
        """Return the message that S3's event of an object would have become."""
        stored = {"key": file.key, "size": file.size, "etag": file.etag}
        if file.version_id:
            stored["version-id"] = file.version_id
        detail = {"bucket": {"name": file.bucket}, "object": stored}
        return Triggered(
            pipeline=self.pipeline,
            trigger=self.identity,
            definition=self._started,
            detail=detail,
            time=file.time,
        )

    def grouped(self) -> GroupedUpload:
        """Return what the groups of a backfill begin with: their own, which no event fills, of files whose
        records are the events'.
        """
        return GroupedUpload(
            pipeline=self.pipeline,
            trigger=f"{self.identity}{OWN_GROUPS_MARK}backfill",
            definition=self._started,
            detail={},
            within=GROUP_SECONDS,
            of=self.group_of or 1,
        )


def targets_to_json(targets: Sequence[Target]) -> str:
    """Return targets as the job of a backfill is given them."""
    return json.dumps([{name: getattr(one, name) for name in _STORED} for one in targets])


def targets_from_json(text: str) -> list[Target]:
    """Read what ``targets_to_json`` wrote."""
    return [Target(**{**one, "suffixes": tuple(one["suffixes"])}) for one in json.loads(text)]
