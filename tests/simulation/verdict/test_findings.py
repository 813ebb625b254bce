"""What the verdict holds of work that was done twice."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from tests.simulation.chaos import Level
from tests.simulation.simulation import Done
from tests.simulation.verdict.findings import _twice

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
