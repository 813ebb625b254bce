"""A job that publishes on the topic of the plans what it should not: junk, and messages about the runs of
others. Every job may publish there.
"""

from __future__ import annotations

import random
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

from sluice.ledger.records import RUN_PREFIX, STEP
from sluice.messages import JobWaiting, Planned, TooManyFailed
from sluice.run.job_names import JobName

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

JUNK = ("", "{", "[]", "null", '{"version": 1}', '{"manifest": 1}', '{"failed": "x"}', "x" * 1_000)
_JUNK_SHARE = 0.2
_DELAYS = (0.0, 0.05, 5.0, 90.0)
"""In seconds after a claim: before the job is registered, about then, and where its submitter has died."""


class Intruder:
    """Forges messages about every step that is claimed, with draws of its own."""

    def __init__(self, simulation: Simulation) -> None:
        """Have forged nothing."""
        self._here = simulation
        self._draw = random.Random(f"{simulation.seed} intruder")  # noqa: S311 - repeatable, not secret
        self._seen: set[tuple[str, str, int]] = set()
        self.forged = 0

    def sees(self, key: tuple[str, str], item: dict[str, Any]) -> None:
        """Forge messages about a step that has just been claimed, in each of its generations."""
        if not key[0].startswith(RUN_PREFIX) or not key[1].startswith(STEP) or self._here.chaos.is_over:
            return
        run, step = key[0].removeprefix(RUN_PREFIX), key[1].removeprefix(STEP)
        claimed = run, step, int(item["generation"]["N"])
        if claimed not in self._seen:
            self._seen.add(claimed)
            for delay in _DELAYS:
                self._here.clock.later(delay, partial(self._forge, *claimed))

    def _forge(self, run: str, step: str, generation: int) -> None:
        draw = self._draw
        job = self._job(str(JobName(run, step, generation)))
        about: dict[str, Any] = {"run": run, "step": step, "generation": generation, "job_id": job}
        kind = draw.choice((Planned, Planned, JobWaiting, TooManyFailed))
        if draw.random() < _JUNK_SHARE:
            body = draw.choice(JUNK)
        elif kind is Planned:
            body = Planned(**about, items=draw.randint(0, 9), manifest="runs/forged/items.jsonl").to_json()
        elif kind is JobWaiting:
            body = JobWaiting(**about).to_json()
        else:
            body = TooManyFailed(**about, failed=99).to_json()
        self.forged += 1
        self._here.publish(TopicArn=self._topic(), Message=body)

    def _topic(self) -> str:
        """Return the topic of the plans: the one that fan_out hears."""
        here = self._here.deployment
        heard = "sqs", here.functions["fan_out"].queue
        return next(topic for topic, subscribers in here.subscriptions.items() if heard in subscribers)

    def _job(self, step: str) -> str:
        """Return the id of a job that is another's, or one that nobody has."""
        jobs = self._here.fleet.scheduler.jobs
        made_up = str(uuid.UUID(int=self._draw.getrandbits(128)))
        return self._draw.choice(
            [*(job_id for job_id, job in jobs.items() if job.spec.name != step), made_up]
        )
