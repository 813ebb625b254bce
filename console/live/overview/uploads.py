"""Finds files of the inbox that no trigger takes, with the trigger that nearly did."""

from __future__ import annotations

from typing import Any

from console import contract
from console.live.cloud import Catalog
from sluice.operate.start.unmatched import unmatched_uploads
from sluice.visible import visible

MAX_KEYS = 5_000
"""So many keys are looked at: five listings."""
_MAX_SHOWN = 100


def shown_uploads(s3: Any, bucket: str, catalog: Catalog) -> contract.Uploads:
    """Return the newest files that started nothing, by the triggers that the project has now."""
    taken = [one for known in catalog.pipelines for one in known.taken]
    found = unmatched_uploads(s3, bucket, taken, limit=_MAX_SHOWN, max_keys=MAX_KEYS)
    uploads = tuple(
        contract.Upload(key=visible(one.key), size=one.size, at=one.at.isoformat(), text=visible(one.why))
        for one in found.uploads
    )
    return contract.Uploads(uploads=uploads, more=found.more or found.unread)
