"""Uploads whose events never come, and the job that lists what is there and starts their runs.

All is drawn from a source of its own: pipelines that are not reconciled are what they would be without it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sluice.backfill.target import targets_to_json
from sluice.ledger.pauses import PAUSES
from sluice.pipeline.backfills import backfill_pipeline, upload_targets
from sluice.pipeline.compiling import JobDefinitions, compile_pipeline
from sluice.pipeline.definition import S3Upload, Schedule
from sluice.pipeline.trigger_names import schedule_name
from sluice.run.compiled import CompiledPipeline
from tests.simulation.chaos import HOUR, MINUTE, Level
from tests.simulation.scripts import DEFINITIONS, OWN_DEFINITIONS, Script
from tests.simulation.ways_in.rules import definition_of, message_of, queue_of

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

_SHARE, _LOST_SHARE = 0.5, 0.3
_YOUNG_SECONDS = 16 * MINUTE
"""Younger objects are left to their events."""
_MORE_TIMES = 2
"""How often it is begun when all may be found: one of them may meet a pause whose effect came late."""
_MORE_TIMES_BY_REPORT = 1
"""The first of them may read a report that was begun before all may be found."""
DEFINITION = "backfill"


@dataclass(frozen=True)
class BackfillScript(Script):
    """The pipeline that Sluice adds to one with ``reconcile=``, whose runs work on ``of``; ``upload`` is the
    trigger that is reconciled.
    """

    of: str
    upload: S3Upload

    @property
    def reads_reports(self) -> bool:
        """Return whether the objects may come from reports of S3 Inventory."""
        return self.upload.inventory is not None

    def compiled_as(self, followed: bool) -> CompiledPipeline:
        """Return it as a deploy compiles it."""
        own = OWN_DEFINITIONS
        steps = {step.name: DEFINITIONS[DEFINITION] for step in self.pipeline.steps}
        definitions = JobDefinitions(steps=steps, cleanup=own["cleanup"], gate=own["gate"])
        return compile_pipeline(self.pipeline, definitions, followed=followed)


def drawn_backfills(draw: random.Random, scripts: Mapping[str, Script]) -> dict[str, BackfillScript]:
    """Return the pipelines that are added for some of those that uploads start, by their names.

    Not where runs wait for one another: what is found late comes late, and in no order.
    """
    found: dict[str, BackfillScript] = {}
    for script in scripts.values():
        (trigger,) = script.pipeline.triggers
        is_free = script.pipeline.max_concurrent_runs is None
        if isinstance(trigger, S3Upload) and is_free and draw.random() < _SHARE:
            upload = replace(trigger, reconcile="1h")
            added = backfill_pipeline(replace(script.pipeline, triggers=[upload]))
            schedules = [one for one in added.triggers if isinstance(one, Schedule)]
            found[added.name] = BackfillScript(replace(added, triggers=[*schedules]), {}, script.name, upload)
    return found


class Reconciler:
    """Has events lost, and begins the runs that look for their objects every hour. ``lost`` are the uploads
    of which no event came, as what was asked for names them.
    """

    def __init__(self, here: Simulation, draw: random.Random) -> None:
        """Have lost nothing."""
        self._here, self.draw = here, draw
        self.lost: set[str] = set()
        self._backfills = [one for one in here.scripts.values() if isinstance(one, BackfillScript)]
        self._of = {one.of for one in self._backfills}
        by_report = any(one.reads_reports for one in self._backfills)
        self._last, self._more = 0.0, _MORE_TIMES + _MORE_TIMES_BY_REPORT * by_report

    def begin(self) -> None:
        """Begin the first ones with the simulation, so that all objects are younger."""
        if self._backfills:
            self._hourly()

    def loses(self, pipeline: str, mark: str) -> bool:
        """Return whether the event of an upload never comes."""
        chaos = self._here.chaos
        if pipeline not in self._of or chaos.level is Level.CALM or chaos.is_over:
            return False
        if self.draw.random() >= _LOST_SHARE:
            return False
        self.lost.add(mark)
        self._last = self._here.clock.seconds
        chaos.faults["upload event lost"] += 1
        return True

    def variables(self, pipeline: str) -> dict[str, str]:
        """Return what the definition of a backfill's job says of the pipeline that it is about."""
        made, script = self._here.deployment, self._here.scripts[pipeline]
        assert isinstance(script, BackfillScript)
        of = self._here.scripts[script.of]
        reconciled = replace(of.pipeline, triggers=[script.upload])
        targets = upload_targets(reconciled, made.inbox, definition_of(made, of))
        return {"SLUICE_BACKFILL_TARGETS": targets_to_json(targets)}

    def _hourly(self) -> None:
        here = self._here
        time = here.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        for script in self._backfills:
            (trigger,) = script.pipeline.triggers
            assert isinstance(trigger, Schedule)
            detail: dict[str, Any] = {"time": time, "expression": trigger.expression, "input": trigger.input}
            message = message_of(here.deployment, script, schedule_name(trigger), json.dumps(detail))
            here.messages.send(queue_of(here.deployment, "trigger"), message)
        if self._all_may_be_found():
            self._more -= 1
        here.clock.later(HOUR, self._hourly, idle=self._more <= 0)

    def _all_may_be_found(self) -> bool:
        here = self._here
        is_paused = any((PAUSES, name) in here.table.items for name in self._of)
        return here.chaos.is_over and not is_paused and here.clock.seconds > self._last + _YOUNG_SECONDS
