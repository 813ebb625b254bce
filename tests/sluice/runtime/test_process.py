"""A job as Batch starts it: a process of its own, stopped by SIGTERM."""

from __future__ import annotations

import json
import signal

from sluice import keys
from sluice.runtime.exit_codes import FAILED, STOPPED
from sluice.runtime.worker.stderr_tail import LINES
from tests.sluice.runtime.jobs import WORK, Jobs
from tests.sluice.runtime.processes import ended, planned, started, words


def test_a_stopped_child_keeps_what_is_finished(processes: Jobs) -> None:
    """Only its first process gets the signal, as in a container. It writes what is finished and ends with
    143; the next attempt works on the others only.
    """
    jobs = processes
    run = planned(jobs)
    with started(jobs, run, "work", "waiting:work", 0, WAIT_AT="1") as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == ["item 0\n", "item 1\n"]
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate(timeout=30)
    assert (process.returncode, error) == (STOPPED, "Stopped by SIGTERM.\n")
    assert jobs.read(WORK, keys.child_results(run.run_id, "work", 0, 0)) == b'{"i":0,"r":0}\n'
    assert words(jobs, run, "work") == []
    second = ended(jobs, run, "work", "waiting:work", 0, AWS_BATCH_JOB_ATTEMPT="2")
    assert (second.code, second.error) == (0, "")
    assert (
        second.output == f"item 1\nitem 2\nwork of {run.run_id}, child 0: 2 items, 1 of an earlier attempt\n"
    )
    assert words(jobs, run, "work") == ["00000-3-0-2-0.json"]
    third = ended(jobs, run, "work", "waiting:work", 0, AWS_BATCH_JOB_ATTEMPT="3")
    assert third.output == f"work of {run.run_id}, child 0: done by an earlier attempt\n"


def test_the_failure_report_has_the_last_lines_of_standard_error(processes: Jobs) -> None:
    """Those of Python, of C and of processes that the worker starts; the log has all of them."""
    jobs = processes
    run = planned(jobs)
    done = ended(jobs, run, "work", "waiting:noisy", 0)
    assert done.code == FAILED
    assert all(f"line {number}\n" in done.error for number in range(50))
    report = json.loads(jobs.read(WORK, keys.failure(run.run_id, "work", 0, 0)))
    assert len(report["stderr"]) == LINES
    assert "from a process of its own" in report["stderr"]
    assert report["stderr"][-1] == "ValueError: enough"
    assert not [line for line in report["stderr"] if line.endswith("line 0")]


def test_a_worker_that_dies_leaves_its_last_lines_too(processes: Jobs) -> None:
    """Though it had no time to say why; a process that outlives it does not keep the job."""
    jobs = processes
    run = planned(jobs)
    done = ended(jobs, run, "work", "waiting:outlived", 0)
    assert done.code != 0
    report = json.loads(jobs.read(WORK, keys.failure(run.run_id, "work", 0, 0)))
    assert report["stderr"] == ["about to die"]
