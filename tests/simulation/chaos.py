"""What goes wrong in a simulation, and when it stops going wrong: everything is drawn from the seed."""

from __future__ import annotations

import random
import signal
from collections import Counter, defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tests.matrix.actors import Actor
from tests.matrix.faults import TIMED, Call, Fault, faults_of
from tests.matrix.fleet import KILL_SECONDS
from tests.matrix.messages import Sent, is_of_a_chain
from tests.simulation.fakes.weak_batch import BatchWeakness
from tests.simulation.fakes.weak_table import TableWeakness

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
OUTAGES = (MINUTE, 20 * MINUTE, 2 * HOUR)
WORKER_ENDS = (0, 3, -signal.SIGSEGV, -signal.SIGKILL)
_FATAL = (Fault.DIES_BEFORE, Fault.DIES_AFTER, Fault.ASKED_TO_STOP, Fault.OUTAGE, Fault.NO_ANSWER)
_SERVICES = ("dynamodb", "s3", "batch", "sqs", "sns", "events")
_MOST_RECEIVES = 2
_LOST_OF_CHAINS, _LATE_OF_CHAINS = 0.2, 0.3
_WEIGHTS = {"publish": 5.0, "submit_job": 5.0, "transact_write_items": 3.0, "send_message": 3.0}
"""How much more often the calls go wrong of which there are few, and after which much depends."""


class Level(StrEnum):
    """How much goes wrong."""

    CALM = "calm"
    """Messages come twice and in any order, and nothing else."""
    MILD = "mild"
    """Nothing that a person would have to mend, workers' ends aside."""
    WILD = "wild"
    """Anything."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A service that answers nothing but 503 for a while, in seconds of the simulation."""

    service: str
    begins: float
    ends: float


class Chaos:
    """Chooses what goes wrong; how much does is drawn first. After ``until``, in seconds, nothing does.

    ``causes`` are the reasons for which a run may fail, by its id; ``damaged`` are the runs that nobody can
    mend any more, and ``written_late`` those behind whose cleanup something may have been written.
    ``adrift`` are the jobs with the attempts that AWS Batch took for lost and that live on: nobody reaches
    them.
    """

    def __init__(self, draw: random.Random, level: Level | None = None) -> None:
        """Draw the rates."""
        self.draw = draw
        self.level = level or draw.choices(list(Level), (1, 5, 4))[0]
        self.until = draw.uniform(1, 3) * HOUR
        self.faults: Counter[str] = Counter()
        self.causes: defaultdict[str, list[str]] = defaultdict(list)
        self.damaged: set[str] = set()
        self.written_late: set[str] = set()
        self.adrift: set[tuple[str, str]] = set()
        self.simulation: Simulation | None = None
        is_calm = self.level is Level.CALM
        self.rate = 0.0 if is_calm else draw.choice((0.002, 0.01, 0.03))
        self.lost = 0.0 if is_calm else draw.choice((0.0, 0.01, 0.1))
        self.twice = draw.choice((0.0, 0.1, 0.5))
        self.late = 0.0 if is_calm else draw.choice((0.0, 0.05, 0.3))
        self.boot = draw.choice((0.1, 5.0, 60.0))
        self.work = draw.choice((0.4, 5.0, 300.0))
        self.dying = 0.0 if is_calm else draw.choice((0.0, 0.0, 0.01, 0.04))
        self.skew = 0.0 if is_calm else draw.choice((0.0, 0.5, 2.0))
        self.outages = self._drawn_outages()
        self.table = TableWeakness() if is_calm else self._table_weakness()
        self.batch = BatchWeakness() if is_calm else self._batch_weakness()

    def _drawn_outages(self) -> list[Outage]:
        draw = self.draw
        if self.level is not Level.WILD:
            return []
        begins = [draw.uniform(0, self.until / 2) for _ in range(draw.choice((0, 1, 2)))]
        return [Outage(draw.choice(_SERVICES), at, at + draw.choice(OUTAGES)) for at in begins]

    def _table_weakness(self) -> TableWeakness:
        draw = self.draw
        return TableWeakness(
            index_lag=draw.choice((0.0, 1.0, 30.0)),
            torn=draw.choice((0.0, 0.5)),
            stale=draw.choice((0.0, 0.3)),
            unprocessed=draw.choice((0.0, 0.1)),
        )

    def _batch_weakness(self) -> BatchWeakness:
        draw = self.draw
        return BatchWeakness(
            list_lag=draw.choice((0.0, 5.0, 60.0, 240.0)),
            describe_lag=draw.choice((0.0, 2.0)),
            refused=draw.choice((0.0, 0.2)),
        )

    @property
    def here(self) -> Simulation:
        """Return the simulation that this is the chaos of."""
        assert self.simulation is not None
        return self.simulation

    @property
    def is_over(self) -> bool:
        """Return whether nothing goes wrong any more."""
        return self.here.clock.seconds > max([self.until, *(one.ends for one in self.outages)])

    def calm_down(self) -> None:
        """Let fakes be as strong as they can; called when it is over."""
        for weakness in (self.table, self.batch):
            for name in type(weakness).__slots__:
                setattr(weakness, name, 0.0)

    def choose(self, call: Call) -> Fault | None:
        """Return what goes wrong with a call, and print both when everything is to be seen."""
        fault = self._chosen(call)
        if self.here.is_verbose:
            print(f"{self.here.clock.seconds:.2f} {call}{f': {fault}' if fault else ''}")
        return fault

    def _chosen(self, call: Call) -> Fault | None:
        actor = self.here.actors.current
        assert actor is not None
        if self._is_out(call.service):
            return self._noted(Fault.OUTAGE, actor)
        if self.draw.random() >= self.rate * _WEIGHTS.get(call.name, 1.0) or self.is_over:
            return None
        fault = self.draw.choice([*faults_of(call), *self._more_faults(call)])
        if fault in _FATAL and not self._may_be_fatal(actor):
            return None
        if fault is Fault.PAUSED:
            self._pauses(actor)
        return self._noted(fault, actor)

    def _more_faults(self, call: Call) -> list[Fault]:
        found = sorted(TIMED) if call.writes else [Fault.PAUSED, Fault.LATE_ANSWER]
        if call.stage == "job" and self.level is Level.WILD:
            found += [Fault.OUTAGE, Fault.NO_ANSWER]
        return found

    def _noted(self, fault: Fault, actor: Actor) -> Fault:
        self.faults[fault] += 1
        if actor.stage == "job" and fault in (Fault.OUTAGE, Fault.NO_ANSWER):
            self.blame(actor, str(fault))
        if fault is Fault.LATE_EFFECT:
            self._writes_late(actor)
        return fault

    def _writes_late(self, actor: Actor) -> None:
        """Note that a job of a run writes late, or what writes the lists of groups' files."""
        is_job = actor.stage == "job"
        self.written_late.add(actor.facts["name"].split("_", 1)[0] if is_job else actor.stage)

    def blame(self, actor: Actor, why: str) -> None:
        """Note why the run of a job may fail."""
        self.causes[actor.facts["name"].split("_", 1)[0]].append(f"{actor.name}: {why}")

    def _is_out(self, service: str) -> bool:
        now = self.here.clock.seconds
        return any(one.service == service and one.begins <= now < one.ends for one in self.outages)

    def _may_be_fatal(self, actor: Actor) -> bool:
        """Return whether Batch's attempts, or the queue's, still suffice, where nobody is to mend it."""
        if self.level is Level.WILD:
            return True
        if actor.stage != "job":
            return int(actor.facts["receives"]) <= _MOST_RECEIVES
        return actor not in self.here.fleet.lingering and self.here.fleet.attempts_beside(actor) == 0

    def _pauses(self, actor: Actor) -> None:
        """Sometimes let AWS Batch take a job for lost that stands still: it lives on."""
        fleet = self.here.fleet
        if actor.stage == "job" and fleet.attempts_beside(actor) == 0 and self.draw.random() < 0.5:
            self.faults["lost and alive"] += 1
            self._writes_late(actor)
            self.adrift.add((actor.facts["job"], actor.facts["attempt"]))
            self.here.clock.later(1.0, lambda: fleet.lose_host_of(actor, lingers=True))

    def seconds(self, fault: Fault) -> float:
        """Return how long a fault that takes time takes."""
        if fault is Fault.LATE_ANSWER:
            return self.draw.uniform(0, 19)
        if fault is Fault.LATE_EFFECT:
            return self.draw.uniform(0, self.draw.choice((1.0, 10.0, 120.0)))
        return self.draw.uniform(0, self.draw.choice((1.0, 50.0, 600.0)))

    def worker_ends(self) -> int | None:
        """Return with which status the worker of the job that asks ends now; None when it lives."""
        if self.draw.random() >= self.dying or self.is_over:
            return None
        actor = self.here.actors.current
        assert actor is not None
        self.faults["worker ends"] += 1
        status = self.draw.choice(WORKER_ENDS)
        self.blame(actor, f"its worker ended with {status}")
        return status

    def works_on(self, draw: random.Random) -> float:
        """Return for how many seconds a job that is to end goes on working; it is killed after 30."""
        if self.level is Level.CALM or draw.random() < 0.25:
            return 0.0
        self.faults["works on"] += 1
        return draw.uniform(0, KILL_SECONDS + 5)

    def delivers(self, sent: Sent) -> list[float]:
        """Return when the copies of a message come; what starts a run or alerts is not lost, but for AWS
        Batch's event behind which others start.
        """
        if self.is_over:
            return [0.05]
        tells_of_jobs = sent.queue.startswith(("Track", "FanOut")) and not sent.scheduled
        share = self.lost if tells_of_jobs else self._lost_of_chains(sent)
        if self.draw.random() < share:
            self.faults["message lost"] += 1
            return []
        copies = 2 if self.draw.random() < self.twice else 1
        self.faults["message twice"] += copies - 1
        return [self._delay(sent) for _ in range(copies)]

    def _lost_of_chains(self, sent: Sent) -> float:
        """Return how likely AWS Batch's event behind which others start does not come."""
        return _LOST_OF_CHAINS if self.level is not Level.CALM and is_of_a_chain(sent) else 0.0

    def _delay(self, sent: Sent) -> float:
        if self.draw.random() < self._late_share(sent):
            self.faults["message late"] += 1
            return self.draw.uniform(0, 15 * MINUTE)
        return self.draw.expovariate(5)

    def _late_share(self, sent: Sent) -> float:
        """Return how likely a message is late: those behind which others start often change their order."""
        return _LATE_OF_CHAINS if self.level is not Level.CALM and is_of_a_chain(sent) else self.late

    def clock_ahead(self, stage: str) -> float:
        """Return by how many seconds the clock of an actor is ahead: a laptop's may be minutes."""
        widest = 60 * self.skew if stage == "person" else self.skew
        return self.draw.uniform(-widest, widest)
