"""What a worker leaves behind: processes and threads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sluice.runtime.worker.leftovers import Leftovers
from tests.sluice.runtime.jobs import Jobs
from tests.sluice.runtime.processes import ended, planned


def test_processes_of_a_dead_worker_are_ended_before_the_next_one(processes: Jobs) -> None:
    """Also one in a session of its own, and its child: they would hold memory and ports of those after."""
    run = planned(processes, items=2)
    done = ended(processes, run, "work", "dying:leaves", 0)
    left = re.search(r"left (\d+) (\d+)", done.output)
    assert left is not None, done
    assert not [pid for pid in left.groups() if Path(f"/proc/{pid}").exists()]
    assert re.search(r"Ended (2|3) processes that the step had left running: .*sleep", done.error), done.error


def test_a_thread_that_is_left_does_not_keep_the_job(processes: Jobs) -> None:
    """The work is done, and counts."""
    run = planned(processes, items=1)
    done = ended(processes, run, "work", "dying:leaves_a_thread", 0, program=f"{__package__}.impatient")
    assert done.code == 0, done
    assert "still runs after 1 s: it is ended" in done.error


def test_nothing_is_said_where_nothing_is_left(capfd: pytest.CaptureFixture[str]) -> None:
    """And processes that were there before are not touched."""
    Leftovers().end()
    assert capfd.readouterr().err == ""
