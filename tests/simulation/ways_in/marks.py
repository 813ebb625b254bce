"""What tells apart what started a run, and the partition key that it gives."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sluice.pipeline.definition import AfterRun, FileSet, Manual, Schedule
from tests.simulation.ways_in.drawn import SET, SETS
from tests.simulation.ways_in.rules import joined_by

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation


def mark_of(trigger: Any) -> str:
    """Return what tells apart what started a run, of what the ledger keeps of it."""
    kind = trigger["kind"]
    if kind == "after-run":
        return " ".join(f"{one['run']}/{one['version']}" for one in trigger["runs"])
    if kind == "s3-set":
        partition, _, generation = trigger["group"].rpartition("#")
        return f"{json.loads(partition)[SET]}#{generation}"
    if kind == "s3-upload":
        return f"{trigger['key']}@{trigger['version_id']}"
    return str(trigger[{"manual": "token", "schedule": "time", "s3-group": "group"}[kind]])


def key_of(here: Simulation, run: str) -> Mapping[str, str]:
    """Return the partition key of a run, by what was asked for."""
    (trigger,) = here.script_of(run).pipeline.triggers
    mark = here.mark_of(run)
    if isinstance(trigger, Manual):
        return here.asker.inputs.get(mark, {})
    if isinstance(trigger, FileSet):
        return {SET: mark.partition("#")[0]}
    if isinstance(trigger, Schedule):
        return {"date": mark[:10], "hour": mark[11:13], SET: SETS[0]}
    if isinstance(trigger, AfterRun):
        first = key_of(here, mark.partition(" ")[0].rpartition("/")[0])
        by = joined_by(trigger, here.scripts)
        return {name: first[name] for name in by} if trigger.joins or by else first
    return {}
