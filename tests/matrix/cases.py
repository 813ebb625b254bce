"""Every case of the matrix, found by running each scenario once without a fault and looking at what it
did.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, partial

from tests.matrix.faults import Call, Fault, faults_of
from tests.matrix.harness import DELIVERY_SECONDS, Harness, fair
from tests.matrix.messages import DeliveryFaults, Sent
from tests.matrix.scenarios import deployment, scenarios
from tests.matrix.verdict import Files, objections, published, unrest

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
    """Lose for good what tells of jobs and plans; only what starts a run, what alerts and the sweep
    arrive.
    """
    return [DELIVERY_SECONDS] if sent.scheduled or not sent.queue.startswith(("Track", "FanOut")) else []


DELIVERY_FAULTS: dict[str, DeliveryFaults] = {
    "fair": fair,
    "every message twice": twice,
    "every message late": late,
    "every event lost": lost,
    **{f"messages in any order, {seed}": partial(shuffled, seed) for seed in range(SHUFFLES)},
}


@dataclass(frozen=True, slots=True)
class Case:
    """A scenario with delivery faults, one call that goes wrong or one message that does not come as it
    should; or none.

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

    def __str__(self) -> str:
        """Return a line that says what happens."""
        happens = (
            f"{self.fault}: {self.what}"
            if self.fault
            else f"message {self.message} {self.delivery}: {self.what}"
            if self.delivery
            else "nothing"
        )
        return f"{self.scenario} | {self.delivery_faults} | {happens}"

    def choose(self, call: Call) -> Fault | None:
        """Return what goes wrong with a call."""
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


def played(case: Case) -> Harness:
    """Play a case to its end."""
    scenario = scenarios()[case.scenario]
    harness = Harness(deployment(), choose=case.choose, delivery_faults=case.delivers)
    harness.run(lambda here: scenario.begin(here, MARK))
    return harness


def outcome(case: Case) -> Outcome:
    """Play a case and say what does not hold in the end."""
    harness = played(case)
    scenario = scenarios()[case.scenario]
    return Outcome(case, (*objections(harness, {MARK: scenario}, expected), *unrest(harness)))


@cache
def expected(scenario: str) -> Files:
    """Return the files that a scenario publishes when nothing goes wrong."""
    harness = played(Case(scenario))
    (run,) = harness.runs()
    return published(harness, run.run_id)


def cases_of(scenario: str) -> Iterator[Case]:
    """Yield every case of a scenario."""
    yield from (Case(scenario, delivery_faults) for delivery_faults in DELIVERY_FAULTS)
    for delivery_faults in ("fair", "every event lost"):
        harness = played(Case(scenario, delivery_faults))
        for call in harness.calls.made:
            yield from (
                Case(scenario, delivery_faults, call=call.number, fault=fault, what=str(call))
                for fault in faults_of(call)
            )
    for sent in played(Case(scenario)).messages.sent:
        for delivery in ("comes twice", "comes late", *(["is lost for good"] if _may_be_lost(sent) else [])):
            yield Case(
                scenario, message=sent.number, delivery=delivery, what=f"{sent.queue} {sent.body[:60]}"
            )


def _may_be_lost(sent: Sent) -> bool:
    """Return whether a run survives the loss of a message: of what tells of jobs and plans, and of what
    reminds of a group.
    """
    return sent.queue.startswith(("Track", "FanOut")) or (sent.delay > 0 and not sent.scheduled)


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
