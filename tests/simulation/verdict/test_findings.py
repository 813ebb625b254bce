"""What the verdict holds of work that was done twice, and of messages that are set aside."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from tests.simulation.chaos import Level
from tests.simulation.simulation import Done
from tests.simulation.verdict.findings import _left, _twice

RUN = "simulated-0-" + "a" * 20


def done(job: str) -> Done:
    """Return that a child of a job returned for item 0."""
    return Done(RUN, "score", 0, job, f"{job}-1", 0, 1.0, 2.0, None, "3")


@pytest.mark.parametrize(("killed", "objections"), [({("first", "3", "1")}, 0), (set(), 1)])
def test_what_a_child_had_not_stored_when_it_was_killed_is_done_anew(
    killed: set[tuple[str, str, str]], objections: int
) -> None:
    """Only of attempts that were killed; any other that returns twice is a finding."""
    here: Any = SimpleNamespace(
        chaos=SimpleNamespace(level=Level.CALM),
        fleet=SimpleNamespace(scheduler=SimpleNamespace(jobs={}), killed=killed),
        messages=SimpleNamespace(mail=[]),
        done=[done("first"), done("second")],
        script_of=lambda run: SimpleNamespace(behind_failures=frozenset),
        people=SimpleNamespace(tries=Counter()),
    )
    assert len(list(_twice(here))) == objections


@pytest.mark.parametrize(
    ("body", "level", "objections"),
    [
        ('{"sweep": true, "version": 1}', Level.MILD, 0),
        ('{"sweep": true, "version": 1}', Level.CALM, 1),
        ('{"detail": {"jobName": "a"}}', Level.MILD, 1),
    ],
)
def test_a_sweep_that_was_set_aside_is_repeated_by_the_next(body: str, level: Level, objections: int) -> None:
    """Nothing is lost with it, where faults may meet it five times; any other message is a finding."""
    queue = SimpleNamespace(waiting=[SimpleNamespace(body=body)], invisible=0)
    here: Any = SimpleNamespace(
        chaos=SimpleNamespace(level=level),
        fleet=SimpleNamespace(unfinished=list),
        messages=SimpleNamespace(held={"TrackDeadLetters": queue}),
        deployment=SimpleNamespace(
            functions={"track": SimpleNamespace(queue="Track")},
            queues={"Track": SimpleNamespace(dead_letters="TrackDeadLetters")},
        ),
    )
    assert len(list(_left(here))) == objections
