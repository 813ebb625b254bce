"""Many runs of word_count at the same moment, with the engine's throttle on and machines taken away."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from functools import partial

from tests.matrix.cases import expected
from tests.matrix.faults import Call, Fault
from tests.matrix.harness import Harness
from tests.matrix.scenarios import deployment, scenarios
from tests.matrix.verdict import objections, unrest

SCENARIO = "word-count"
_SUBMITS_A_SECOND = 50
_CALLS_OF_A_CHILD = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What became of the runs; ``virtual`` and ``wall`` are seconds."""

    runs: int
    calls: int
    throttled: int
    machines_lost: int
    virtual: float
    wall: float
    objections: tuple[str, ...]

    def __str__(self) -> str:
        """Return one line, and one for each of the first objections."""
        what = (
            f"{self.runs:,} runs at once: {self.calls:,} calls, {self.throttled:,} SubmitJob calls throttled,"
            f" {self.machines_lost} attempts lost with their machines, over after {self.virtual:.0f} virtual"
            f" seconds ({self.wall:.0f} s)"
        )
        return "\n".join(
            [
                what,
                *(
                    [f"  {one}" for one in self.objections[:20]]
                    or ["all succeeded, and nothing was done twice"]
                ),
            ]
        )


def loaded(runs: int, reclaimed: float, seed: int = 0) -> Loaded:
    """Begin so many runs within a second, and take that share of the children's machines away."""
    draw, began = random.Random(seed), time.monotonic()  # noqa: S311 - repeatable, not secret
    harness = Harness(
        deployment(),
        choose=lambda call: _choice(harness, draw, reclaimed, call),
        seed=seed,
        submits_a_second=_SUBMITS_A_SECOND,
    )
    marks = [f"run-{number:05d}" for number in range(runs)]
    scenario = scenarios()[SCENARIO]

    def begin(here: Harness) -> None:
        for mark in marks:
            here.clock.later(draw.random(), partial(scenario.begin, here, mark))

    harness.run(begin)
    against = objections(harness, dict.fromkeys(marks, scenario), expected)
    return Loaded(
        runs=runs,
        calls=len(harness.calls.made),
        throttled=harness.fleet.throttled,
        machines_lost=sum(harness.fleet.lost.values()),
        virtual=harness.clock.seconds,
        wall=time.monotonic() - began,
        objections=(*against, *unrest(harness)),
    )


def _choice(harness: Harness, draw: random.Random, reclaimed: float, call: Call) -> Fault | None:
    """Take machines away so that about that share of the children meets it, each at a call of its own."""
    if call.stage != "job" or draw.random() >= reclaimed / _CALLS_OF_A_CHILD:
        return None
    actor = harness.actors.current
    assert actor is not None
    return (
        draw.choice((Fault.DIES_BEFORE, Fault.ASKED_TO_STOP))
        if harness.fleet.attempts_beside(actor) == 0
        else None
    )
