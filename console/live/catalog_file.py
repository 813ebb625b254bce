"""The catalog of a project's pipelines as a file: written at synthesis, read by the deployed console, which
has no pipeline files.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from console import contract
from console.live.cloud import Catalog, KnownPipeline, ScheduleTrigger, UploadTrigger
from sluice.triggers.schedule_times import times_between
from sluice.triggers.upload_patterns import TakenKeys

_VERSION = 1
_SOON = timedelta(days=2 * 366)


def next_time(expression: str, timezone: str) -> str | None:
    """Return when a schedule comes next within two years; None for a rate, which counts from its deploy."""
    if expression.startswith("rate"):
        return None
    now = datetime.now(UTC)
    times = times_between(expression, ZoneInfo(timezone), now, now + _SOON)
    return next((at.isoformat() for at in times), None)


def catalog_text(catalog: Catalog) -> str:
    """Return a catalog as JSON."""
    pipelines = [asdict(one) for one in catalog.pipelines]
    return json.dumps({"version": _VERSION, "pipelines": pipelines}, ensure_ascii=False, sort_keys=True)


def read_catalog(text: str | bytes) -> Catalog:
    """Return the catalog in a file, with the next times of schedules as of now; with a note for a file of
    another version.
    """
    document = json.loads(text)
    if document.get("version") != _VERSION:
        return Catalog(note="The console is older than the pipelines that are deployed. Deploy again.")
    return Catalog(tuple(map(_known, document["pipelines"])))


def _known(found: Mapping[str, Any]) -> KnownPipeline:
    schedules = tuple(ScheduleTrigger(**one) for one in found["schedules"])
    return KnownPipeline(
        form=_form(found["form"], schedules),
        uploads=tuple(UploadTrigger(**_with_suffixes(one)) for one in found["uploads"]),
        takes_requests=found["takes_requests"],
        schedules=schedules,
        taken=tuple(TakenKeys(**_with_suffixes(one)) for one in found["taken"]),
    )


def _with_suffixes(found: Mapping[str, Any]) -> dict[str, Any]:
    return {**found, "suffixes": tuple(found["suffixes"])}


def _form(found: Mapping[str, Any], schedules: tuple[ScheduleTrigger, ...]) -> contract.Pipeline:
    triggers = [contract.Trigger(**one) for one in found["triggers"]]
    for one in schedules:
        triggers[one.place] = replace(triggers[one.place], next=next_time(one.expression, one.timezone))
    lists = {name: tuple(found[name]) for name in ("steps", "after")}
    return contract.Pipeline(**{**found, **lists, "triggers": tuple(triggers)})
