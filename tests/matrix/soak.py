"""Many runs at once, with random faults, losses, delays and machines taken away; everything follows from the
seed.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from functools import partial

from tests.matrix.cases import expected
from tests.matrix.faults import Call, Fault, faults_of
from tests.matrix.harness import Harness
from tests.matrix.messages import Sent
from tests.matrix.scenarios import Scenario, deployment, scenarios
from tests.matrix.verdict import objections, unrest

RUNS = 25
_SUBMITS_A_SECOND = 50
_FATAL = (Fault.DIES_BEFORE, Fault.DIES_AFTER, Fault.ASKED_TO_STOP, Fault.OUTAGE, Fault.NO_ANSWER)
_MOST_RECEIVES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Soaked:
    """What a seed came to."""

    seed: int
    runs: int
    calls: int
    faults: int
    machines_lost: int
    objections: tuple[str, ...]

    def __str__(self) -> str:
        """Return one line, and one for each objection."""
        what = (
            f"{self.runs} runs, {self.calls:,} calls, {self.faults} of them wrong, {self.machines_lost}"
            " attempts lost with their machines"
        )
        return "\n".join([f"seed {self.seed}: {what}", *(f"  {one}" for one in self.objections)])


class FaultPlan:
    """Chooses what goes wrong. How much does is drawn first, so that some seeds are calm and some are not."""

    def __init__(self, seed: int) -> None:
        """Draw the rates."""
        self.random = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self.harness: Harness | None = None
        self.faults: Counter[Fault] = Counter()
        self._rate = self.random.choice((0.003, 0.01, 0.03))
        self._lost = self.random.choice((0.0, 0.01, 0.1))
        self._twice = self.random.choice((0.0, 0.1, 0.5))
        self._late = self.random.choice((0.0, 0.05, 0.3))
        self._boot = self.random.choice((0.1, 5.0, 60.0))

    def choose(self, call: Call) -> Fault | None:
        """Return what goes wrong with a call, but nothing that a person would have to mend.

        A machine is lost only with first attempts on it, so that Batch's three attempts suffice; a message is
        failed twice at most by faults, so that it does not end among the dead letters, which a person reads.
        """
        if self.random.random() >= self._rate:
            return None
        fault = self.random.choice(faults_of(call))
        if fault in _FATAL and not self._survivable():
            return None
        self.faults[fault] += 1
        return fault

    def _survivable(self) -> bool:
        assert self.harness is not None
        actor = self.harness.actors.current
        assert actor is not None
        if actor.stage != "job":
            return int(actor.facts["receives"]) <= _MOST_RECEIVES
        return self.harness.fleet.attempts_beside(actor) == 0

    def delivers(self, sent: Sent) -> list[float]:
        """Return when the copies of a message come; what starts a run or alerts is not lost."""
        if (
            sent.queue.startswith(("Track", "FanOut"))
            and not sent.scheduled
            and self.random.random() < self._lost
        ):
            return []
        return [self._delay() for _ in range(2 if self.random.random() < self._twice else 1)]

    def _delay(self) -> float:
        return (
            self.random.uniform(0, 900) if self.random.random() < self._late else self.random.expovariate(5)
        )

    def start_seconds(self) -> float:
        """Return how long an attempt's machine and image take."""
        return self.random.expovariate(1 / self._boot)

    def latency(self) -> float:
        """Return how long a call takes."""
        return self.random.expovariate(50)


def soaked(seed: int, runs: int = RUNS) -> tuple[Soaked, Harness]:
    """Play a seed."""
    fault_plan = FaultPlan(seed)
    harness = Harness(
        deployment(),
        choose=fault_plan.choose,
        delivery_faults=fault_plan.delivers,
        seed=seed,
        submits_a_second=_SUBMITS_A_SECOND,
    )
    fault_plan.harness, harness.fleet.start_seconds, harness.calls.latency = (
        harness,
        fault_plan.start_seconds,
        fault_plan.latency,
    )
    begun = {
        f"run-{number:05d}": fault_plan.random.choice([one for one in scenarios().values() if not one.alone])
        for number in range(runs)
    }
    harness.run(lambda here: _begin(here, fault_plan, begun))
    found = objections(harness, begun, expected)
    lost = sum(harness.fleet.lost.values())
    done = Soaked(
        seed=seed,
        runs=runs,
        calls=len(harness.calls.made),
        faults=fault_plan.faults.total(),
        machines_lost=lost,
        objections=(*found, *unrest(harness)),
    )
    return done, harness


def _begin(harness: Harness, fault_plan: FaultPlan, begun: dict[str, Scenario]) -> None:
    for mark, scenario in begun.items():
        harness.clock.later(fault_plan.random.uniform(0, 300), partial(scenario.begin, harness, mark))
