"""How many runs of a pipeline may run at the same time, and which of them are alike. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sluice.errors import MalformedMessageError
from sluice.limits import MAX_CONCURRENT_RUNS
from sluice.triggers.trigger_event import S3Object

PIPELINE, PARTITION, OBJECT = "pipeline", "partition", "object"
BACKFILL = "backfill"
"""The runs that backfills begin with a limit of their own have one key together, in each pipeline."""
MAX_CONCURRENT = "max_concurrent_runs"
"""The member of a message's definition that limits the runs of a backfill."""
NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class Concurrency:
    """At most ``max_runs`` runs of one key run at the same time; the others wait in the order of their
    arrival.

    ``per`` says what has a key of its own: the pipeline, each partition key of triggers, or each S3 object.
    With ``replace`` of ``newest`` a run that waits is replaced by a newer one of its key.
    """

    max_runs: int
    per: str = PIPELINE
    replace: str = ""

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any] | None) -> Concurrency | None:
        """Return what a compiled pipeline says, None for one without a limit."""
        return cls(**stored) if stored else None

    @classmethod
    def of_backfill(cls, definition: Mapping[str, Any]) -> Concurrency | None:
        """Return the limit that a backfill gave the runs that it begins, by the definition in their messages;
        None without. Raises MalformedMessageError.
        """
        limit = definition.get(MAX_CONCURRENT)
        if limit is None:
            return None
        if type(limit) is not int or not 1 <= limit <= MAX_CONCURRENT_RUNS:
            raise MalformedMessageError(
                f"Expected {MAX_CONCURRENT} from 1 to {MAX_CONCURRENT_RUNS}, found {limit!r}."
            )
        return cls(limit, BACKFILL)

    @property
    def replaces(self) -> bool:
        """Return whether a newer run replaces one that waits."""
        return self.replace == NEWEST

    def key_of(self, trigger: Mapping[str, Any]) -> str:
        """Return the key of a run by its stored trigger; runs whose trigger has none share the empty one."""
        if self.per == BACKFILL:
            return BACKFILL
        if self.per == OBJECT and _is_object(trigger):
            return f"s3://{trigger['bucket']}/{trigger['key']}"
        if self.per == PARTITION:
            partition = trigger.get("partition") or {}
            return json.dumps(partition, sort_keys=True, separators=(",", ":")) if partition else ""
        return ""

    def version_order(self, trigger: Mapping[str, Any]) -> str:
        """Return the place of a run's file among the versions of its object, the larger the newer; empty
        where arrival alone orders runs.
        """
        return S3Object.from_dict(trigger).order if self.per == OBJECT and _is_object(trigger) else ""


def _is_object(trigger: Mapping[str, Any]) -> bool:
    return trigger.get("kind") == S3Object.kind
