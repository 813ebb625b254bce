"""Every case of the matrix, found by running each scenario once without a fault and looking at what it
did.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, partial

from sluice.runtime.supervisor.supervising import Worker
from tests.matrix.faults import Call, Fault, faults_of
from tests.matrix.harness import DELIVERY_SECONDS, Harness, fair
from tests.matrix.messages import DeliveryFaults, Sent, is_of_a_chain
from tests.matrix.mishaps import Mishap, mishaps_of
from tests.matrix.scenarios import deployment, scenarios
from tests.matrix.verdict import Files, by_mark, objections, published, unrest
from tests.matrix.workers import DyingWorker

LATE_SECONDS = 1500.0
"""Behind several sweeps, when every claim and every visibility time-out is over."""
SHUFFLES = 12
MARK = "run-a"
DOUBLED = ("six-jobs", "word-count of an empty text")
"""The scenarios in which also every two calls go wrong together: those with the fewest calls, one without and
one with jobs of our code.
"""


def twice(sent: Sent) -> list[float]:
    """Deliver every message twice, the second time while the first is handled."""
    return [DELIVERY_SECONDS, DELIVERY_SECONDS + 0.05]


def late(sent: Sent) -> list[float]:
    """Deliver every message after the sweep has looked."""
    return [DELIVERY_SECONDS if sent.scheduled else LATE_SECONDS]


def shuffled(seed: int, sent: Sent) -> list[float]:
    """Deliver every message once or twice, at any time within ten minutes, and so in any order."""
    draw = random.Random(f"{seed} {sent.number}")  # noqa: S311 - repeatable, not secret
    return (
        [DELIVERY_SECONDS] if sent.scheduled else [draw.uniform(0, 600) for _ in range(draw.choice((1, 2)))]
    )


def lost(sent: Sent) -> list[float]:
    """Lose for good what tells of jobs and plans, and of cleanups behind which others start; only what starts
    a run, what alerts and the sweep arrive.
    """
    tells = sent.queue.startswith(("Track", "FanOut")) or is_of_a_chain(sent)
    return [DELIVERY_SECONDS] if sent.scheduled or not tells else []


DELIVERY_FAULTS: dict[str, DeliveryFaults] = {
    "fair": fair,
    "every message twice": twice,
    "every message late": late,
    "every event lost": lost,
    **{f"messages in any order, {seed}": partial(shuffled, seed) for seed in range(SHUFFLES)},
}


@dataclass(frozen=True, slots=True)
class Case:
    """A scenario with delivery faults, one call that goes wrong, one message that does not come as it should,
    or one mishap of its work; or none.

    ``then`` is a later call that goes wrong in the same way, in what follows from the first.
    """

    scenario: str
    delivery_faults: str = "fair"
    call: int | None = None
    fault: Fault | None = None
    then: int | None = None
    message: int | None = None
    delivery: str = ""
    what: str = ""
    mishap: Mishap | None = None

    def __str__(self) -> str:
        """Return a line that says what happens."""
        happens = (
            f"{self.fault}: {self.what}"
            if self.fault
            else f"message {self.message} {self.delivery}: {self.what}"
            if self.delivery
            else str(self.mishap or "nothing")
        )
        return f"{self.scenario} | {self.delivery_faults} | {happens}"

    def choose(self, call: Call) -> Fault | None:
        """Return what goes wrong with a call."""
        if self.mishap is not None:
            self.mishap.before(call)
        return self.fault if call.number in (self.call, self.then) else None

    def delivers(self, sent: Sent) -> list[float]:
        """Return when a message comes."""
        if sent.number != self.message:
            return DELIVERY_FAULTS[self.delivery_faults](sent)
        return {"is lost for good": [], "comes twice": [DELIVERY_SECONDS, 1.0], "comes late": [LATE_SECONDS]}[
            self.delivery
        ]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a case came to: nothing in ``objections`` when all is well."""

    case: Case
    objections: tuple[str, ...]


def played(case: Case, worker: Worker | None = None) -> Harness:
    """Play a case to its end; ``worker`` does the work of all jobs, where the case says nothing of it."""
    scenario = scenarios()[case.scenario]
    if case.mishap is not None:
        scenario, worker = case.mishap.of(scenario), case.mishap.worker()
    harness = Harness(deployment(), choose=case.choose, delivery_faults=case.delivers, worker=worker)
    harness.open = (*harness.open, *scenario.waits_for)
    harness.run(lambda here: scenario.begin(here, MARK))
    return harness


def outcome(case: Case) -> Outcome:
    """Play a case and say what does not hold in the end."""
    harness = played(case)
    scenario = scenarios()[case.scenario]
    if case.mishap is not None:
        return Outcome(case, tuple(case.mishap.objections(harness, MARK, scenario, expected)))
    return Outcome(case, (*objections(harness, {MARK: scenario}, expected), *unrest(harness)))


@cache
def expected(scenario: str) -> Files:
    """Return the files that a scenario publishes when nothing goes wrong."""
    if scenarios()[scenario].together is not None:
        return {}
    harness = played(Case(scenario))
    (run,) = by_mark(harness)[MARK] if not scenarios()[scenario].gathers else harness.runs()
    return published(harness, run.run_id)


def cases_of(scenario: str) -> Iterator[Case]:
    """Yield every case of a scenario."""
    stages = scenarios()[scenario].stages
    yield from (Case(scenario, delivery_faults) for delivery_faults in DELIVERY_FAULTS)
    for delivery_faults in ("fair", "every event lost"):
        harness = played(Case(scenario, delivery_faults))
        for call in _calls_of(harness, stages):
            yield from (
                Case(scenario, delivery_faults, call=call.number, fault=fault, what=str(call))
                for fault in faults_of(call)
            )
    for sent in played(Case(scenario)).messages.sent:
        for delivery in ("comes twice", "comes late", *(["is lost for good"] if _may_be_lost(sent) else [])):
            yield Case(
                scenario, message=sent.number, delivery=delivery, what=f"{sent.queue} {sent.body[:60]}"
            )
    if stages:
        return
    counting = DyingWorker(-1, 0)
    for mishap in mishaps_of(played(Case(scenario), counting), counting.calls):
        yield Case(scenario, mishap=mishap)


def _calls_of(harness: Harness, stages: tuple[str, ...]) -> list[Call]:
    """Return the calls of these stages, or all where none are named."""
    return [call for call in harness.calls.made if not stages or call.stage in stages]


def _may_be_lost(sent: Sent) -> bool:
    """Return whether a run survives the loss of a message: of what tells of jobs, plans and cleanups, and of
    what reminds of a group.
    """
    tells = sent.queue.startswith(("Track", "FanOut")) or is_of_a_chain(sent)
    return tells or (sent.delay > 0 and not sent.scheduled)


def doubles_of(scenario: str) -> Iterator[Case]:
    """Yield every case in which one process dies, and another in what follows from that, each once its call
    has taken effect.
    """
    for call in played(Case(scenario)).calls.made:
        first = Case(scenario, call=call.number, fault=Fault.DIES_AFTER, what=str(call))
        for other in played(first).calls.made[call.number + 1 :]:
            yield replace(first, then=other.number, what=f"{call}, then {other}")


@cache
def all_cases() -> tuple[Case, ...]:
    """Return every case of every scenario; those with two faults come last."""
    single = [case for scenario in scenarios() for case in cases_of(scenario)]
    return (*single, *(case for scenario in DOUBLED for case in doubles_of(scenario)))
