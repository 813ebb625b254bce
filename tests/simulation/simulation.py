"""One simulation: random pipelines, what starts their runs, and everything that follows, from one seed."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial, wraps
from typing import Any

from sluice.ledger.records import FOLLOWED, RUN, RUN_PREFIX
from sluice.pipeline.validation.chains import upstream_of
from sluice.run.compiled import Kind
from sluice.run.state import RunState
from sluice.sets.file_set import NEVER, SetState
from sluice.sets.records import UNFINISHED as SET
from sluice.testing.memory.tables import Table
from tests.matrix.actors import Actor
from tests.matrix.deployment import Deployment, Properties
from tests.matrix.harness import OPEN, SWEEP_SECONDS, Harness, Work
from tests.matrix.installed import inhabit
from tests.matrix.reactions import Reactions
from tests.matrix.scenarios import deployment
from tests.matrix.workers import MortalWorker
from tests.simulation.chaos import DAY, HOUR, Chaos, Level
from tests.simulation.decay import Decay
from tests.simulation.fakes.weak_batch import WeakBatch
from tests.simulation.fakes.weak_table import WeakTable
from tests.simulation.intruder import Intruder
from tests.simulation.people import People
from tests.simulation.scripts import DEFINITIONS, FUNCTIONS, OWN_DEFINITIONS, Author, Script
from tests.simulation.ways_in.asking import ASKED_WITHIN, Asker
from tests.simulation.ways_in.drawn import drawn_quiet
from tests.simulation.ways_in.marks import mark_of
from tests.simulation.ways_in.reconciling import Reconciler, drawn_backfills
from tests.simulation.ways_in.reports import Reports, with_reports
from tests.simulation.ways_in.rules import rules_for

KEPT_MS = int(7 * DAY * 1000)
"""AWS Batch describes a job for seven days after its end:
https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html
"""
MOST_SECONDS = 12 * HOUR
"""After the last fault, and after the last change of the state of a run that began before it: a run that has
not ended by then is stranded. What waits for its turn behind many others may be there for longer.
"""
_SUBMITS_A_SECOND = 50
_MOST_WORK_SECONDS = 700.0
"""For an item: a child of three waits for its registration and works within its time-out of an hour."""
_TEMPLATES = {
    "plan": ("word-count-split", f"{FUNCTIONS}:plan"),
    "work": ("word-count-count", f"{FUNCTIONS}:work"),
    "fan-in": ("word-count-merge", f"{FUNCTIONS}:fan_in"),
    "command": ("hello-fan-shared", ""),
    "backfill": ("reconciled-backfill-backfill", ""),
    "cleanup": ("word-count-cleanup", ""),
    "gate": ("word-count-gate", ""),
    "start": ("hello-fan-start", ""),
}


@dataclass(frozen=True, slots=True)
class Done:
    """A function returned: in which job and attempt, for which item (None: no array's), when it began and
    when it returned, in seconds.
    """

    run: str
    step: str
    generation: int
    job: str
    attempt: str
    item: int | None
    began: float
    returned: float
    value: dict[str, Any] | None
    child: str = ""

    @property
    def place(self) -> tuple[str, str, str]:
        """Return the job, the child and the number of the attempt."""
        return self.job, self.child, self.attempt.rpartition("-")[2]


@cache
def base() -> Deployment:
    """Return what is deployed without any pipeline, with job definitions that random pipelines share."""
    made = deployment()
    batch = [one for one in made.batch if one[0] != "AWS::Batch::JobDefinition"]
    batch += [_definition(made, kind) for kind in _TEMPLATES]
    rules = [rule for rule in made.rules if '"definition"' not in (rule.template or "")]
    return replace(made, batch=batch, rules=rules, definitions={})


def _definition(made: Deployment, kind: str) -> tuple[str, str, Properties]:
    prefix, word = _TEMPLATES[kind]
    found = next(
        properties
        for what, _, properties in made.batch
        if what == "AWS::Batch::JobDefinition"
        and properties["JobDefinitionName"].startswith(f"sluice-{prefix}")
    )
    name = {**DEFINITIONS, **OWN_DEFINITIONS}[kind]
    container = {**found["ContainerProperties"], **({"Command": [word]} if word else {})}
    return (
        "AWS::Batch::JobDefinition",
        name,
        {**found, "JobDefinitionName": name, "ContainerProperties": container},
    )


def deployed_with(scripts: list[Script]) -> Deployment:
    """Return what is deployed with these pipelines."""
    common = base()
    followed = {name for one in scripts for name in upstream_of(one.pipeline)}
    definitions = {f"{one.name}.json": one.compiled_as(one.name in followed).to_json() for one in scripts}
    by_name = {one.name: one for one in scripts}
    rules = [rule for one in scripts for rule in rules_for(common, one, by_name)]
    return replace(common, rules=[*common.rules, *rules], definitions=definitions)


def source(seed: int, what: str = "") -> random.Random:
    """Return what a part of a simulation is drawn from, so that no part changes another one."""
    return random.Random(f"{seed} {what}" if what else seed)  # noqa: S311 - repeatable, not secret


def drawn_scripts(draw: random.Random) -> Iterator[Script]:
    """Return the random pipelines of a simulation, which are what it draws first from its seed."""
    return Author.write_all(draw, draw.randint(1, 4))


def with_quiet(draw: random.Random, script: Script) -> Script:
    """Return a script, whose groups of files may wait for quiet."""
    triggers = [drawn_quiet(draw, one) for one in script.pipeline.triggers]
    return replace(script, pipeline=replace(script.pipeline, triggers=triggers))


def _is_to_come(item: dict[str, Any]) -> bool:
    """Return whether something follows from an item without an event; not from a set that waits for its files
    alone.
    """
    kind = item.get("unfinished", {}).get("S")
    waits_for_files = kind == SET and item["created_at"]["S"] == NEVER and item["state"]["S"] == SetState.OPEN
    return kind in (*OPEN, FOLLOWED) and not waits_for_files


class Simulation(Harness):
    """A cloud with random pipelines, in which anything may go wrong until it calms down."""

    kept_ms = KEPT_MS

    def __init__(self, seed: int, *, level: Level | None = None, is_verbose: bool = False) -> None:
        """Draw everything from the seed; ``is_verbose`` has each call printed."""
        self.is_verbose = is_verbose
        self.seed, self.draw = seed, source(seed)
        self.chaos = Chaos(source(seed, "chaos"), level)
        of_quiet = source(seed, "quiet")
        self.scripts = {one.name: with_quiet(of_quiet, one) for one in drawn_scripts(self.draw)}
        self.written = list(self.scripts)
        of_reconciles, of_reports = source(seed, "reconcile"), source(seed, "reports")
        self.scripts |= with_reports(of_reports, drawn_backfills(of_reconciles, self.scripts))
        self.done: list[Done] = []
        self.ended: dict[str, list[tuple[float, str]]] = {}
        self.cleaned_again: set[tuple[str, float]] = set()
        self.begun: dict[str, float] = {}
        self._reopened: dict[str, str] = {}
        self._moved, self._calm_at = 0.0, math.inf
        self.files: dict[str, list[dict[str, Any]]] = {}
        self.words: dict[tuple[str, str], float] = {}
        """When a job of a run and step first said that its work was done, in seconds."""
        self._marks: dict[str, str] = {}
        super().__init__(
            deployed_with(list(self.scripts.values())),
            choose=self.chaos.choose,
            delivery_faults=self.chaos.delivers,
            seed=seed,
            submits_a_second=_SUBMITS_A_SECOND,
            worker=MortalWorker(self.chaos.worker_ends),
        )
        self.chaos.simulation = self
        self.reconciler = Reconciler(self, of_reconciles)
        self.reports = Reports(self, of_reports)
        self.asker = Asker(self)
        self.people = People(self)
        self.decay = Decay(self)
        self.intruder = Intruder(self)
        self.calls.latency = lambda: self.chaos.draw.expovariate(50)
        self.calls.seconds = self.chaos.seconds
        self.fleet.start_seconds = lambda: self.chaos.draw.expovariate(1 / self.chaos.boot)
        self.fleet.works_on = partial(self.chaos.works_on, source(seed, "stopping"))
        self.actors.started = self._started

    def _make_table(self) -> Table:
        return WeakTable(
            self.deployment.table,
            self._written,
            actors=self.actors,
            draw=self.chaos.draw,
            weakness=self.chaos.table,
        )

    def _batch_client(self) -> Any:
        return WeakBatch(self.fleet, self.clock, self.chaos.draw, self.chaos.batch)

    def _started(self, actor: Actor) -> None:
        if not self.chaos.is_over:
            actor.clock_ahead = self.chaos.clock_ahead(actor.stage)

    def play(self) -> None:
        """Let everything happen."""
        random.seed(self.seed)  # The product's own jitter.
        with inhabit(self):
            self.reactions = Reactions(self.deployment, self.messages, self.actors, self.clock)
            self.reconciler.begin()
            self.reports.begin()
            self.asker.begin()
            for name in self.written:
                self.people.may_pause(name, ASKED_WITHIN)
            self.clock.later(SWEEP_SECONDS, self._sweep, idle=True)
            self._until(lambda: self.chaos.is_over and not (self.clock.busy or self.unfinished()))
            self.actors.close()

    def _until(self, is_over: Callable[[], bool]) -> None:
        calmed = False
        while not is_over() and self.clock.seconds < self._moved + MOST_SECONDS:
            self.clock.step()
            if not calmed:
                self._moved = self.clock.seconds
            if self.chaos.is_over and not calmed:
                calmed, self._calm_at = True, self.clock.seconds
                self.chaos.calm_down()

    def _sweep(self) -> None:
        is_open = any("unfinished" in item for item in self.table.items.values())
        if not self.chaos.is_over or is_open or self.messages.retried:
            super()._sweep()
        else:
            self.clock.later(SWEEP_SECONDS, self._sweep, idle=True)

    # What functions are and do

    def playing(self) -> tuple[Script, str, int, str]:
        """Return the script, the step, the generation and the mark of the job whose turn it is."""
        assert self.actors.current is not None
        run, step, generation = self.actors.current.facts["name"].split("_")
        return self.script_of(run), step, int(generation), self.mark_of(run)

    def attempt(self) -> str:
        """Return which attempt of which job this is."""
        assert self.actors.current is not None
        facts = self.actors.current.facts
        return f"{facts['job'].split('-')[0]}-{facts['attempt']}"

    def script_of(self, run: str) -> Script:
        """Return the script that a run follows."""
        return self.scripts[run.rpartition("-")[0]]

    def mark_of(self, run: str) -> str:
        """Return what tells apart what started a run."""
        if run not in self._marks:
            found = self.run_of(run)
            assert found is not None
            self._marks[run] = mark_of(found.trigger)
        return self._marks[run]

    def noted(self, kind: Kind, function: Any) -> Any:
        """Return a user's function that says when it is called and when it returns."""
        told = super().noted(kind, function)
        if told is None or kind is Kind.START:
            return told

        @wraps(function)
        def called(first: Any, *others: Any, **asked_for: Any) -> Any:
            began = self.clock.seconds
            result = told(first, *others, **asked_for)
            number = getattr(first, "number", None) if kind is Kind.ARRAY else None
            self._returned(number, dict(first) if kind is Kind.ARRAY else None, began)
            return result

        return called

    def _returned(self, item: int | None, value: dict[str, Any] | None, began: float) -> None:
        actor = self.actors.current
        assert actor is not None
        run, step, generation = actor.facts["name"].split("_")
        self.done.append(
            Done(
                run,
                step,
                int(generation),
                actor.facts["job"],
                self.attempt(),
                item,
                began,
                self.clock.seconds,
                value,
                actor.facts["child"],
            )
        )

    def _worked(self, item: int | None) -> Work:
        work = super()._worked(item)
        actor = self.actors.current
        assert actor is not None
        with actor.in_worker():
            actor.wait(min(self.chaos.draw.expovariate(1 / self.chaos.work), _MOST_WORK_SECONDS))
        return work

    def _run(self, task: Any) -> int:
        assert self.actors.current is not None
        pipeline = self.actors.current.facts["name"].partition("_")[0].rpartition("-")[0]
        if pipeline not in self.written and "SLUICE_BACKFILL_TARGETS" in task.variables:
            # All backfills of a simulation share a definition.
            task = replace(task, variables={**task.variables, **self.reconciler.variables(pipeline)})
        began = self.clock.seconds
        code = super()._run(task)
        if "container-assets" not in task.image:
            self._returned(None, None, began)
        return code

    # What is looked at

    def began_in_calm_times(self, run: str) -> bool:
        """Return whether a run began when the faults were over: it may be under way still at the end."""
        return self.begun.get(run, 0.0) > self._calm_at

    def unfinished(self) -> bool:
        """Return whether something is still to come of what has happened."""
        return self.messages.retried or any(_is_to_come(item) for item in self.table.items.values())

    def _written(self, key: tuple[str, str], item: dict[str, Any]) -> None:
        super()._written(key, item)
        self.intruder.sees(key, item)
        if key[1] != RUN or not key[0].startswith(RUN_PREFIX):
            return
        run, state = key[0].removeprefix(RUN_PREFIX), item["state"]["S"]
        self.begun.setdefault(run, self.clock.seconds)
        seen = self.ended.setdefault(run, [])
        before = seen[-1][1] if seen else ""
        if state == before:
            return
        if not self.began_in_calm_times(run):
            self._moved = self.clock.seconds
        reopened = item.get("reopened", {}).get("N", "0")
        if before == RunState.SUCCEEDED and reopened == self._reopened.get(run, "0"):
            self.cleaned_again.add((run, self.clock.seconds))
        self._reopened[run] = reopened
        seen.append((self.clock.seconds, state))
        self.people.sees(run, RunState(state))
        self.decay.sees(run, RunState(state))

    def _stored(self, bucket: str, key: str, body: bytes) -> None:
        super()._stored(bucket, key, body)
        if "/words/" in key:
            _, run, step = key.split("/")[:3]
            self.words.setdefault((run, step), self.clock.seconds)
        if key.endswith("/trigger/items.jsonl"):
            self.files[key.split("/")[1]] = [json.loads(line) for line in body.splitlines()]

    def files_of(self, run: str) -> list[dict[str, Any]]:
        """Return the files of a group's run."""
        return self.files.get(run, [])

    @property
    def run_seconds(self) -> float:
        """Return how long all runs took together, from their beginnings to their ends."""
        return sum((seen[-1][0] if seen else 0.0) - self.begun[run] for run, seen in self.ended.items())
