"""Success is proven: however a worker's process ends, its job fails with the reason and keeps what was
finished.
"""

from __future__ import annotations

import pytest

from sluice import keys
from sluice.runtime.exit_codes import FAILED
from tests.sluice.runtime.jobs import WORK, Jobs
from tests.sluice.runtime.probe import submission
from tests.sluice.runtime.processes import begun, ended, planned, words

BEFORE = "before the function had returned."
CODE_0 = f"The process ended with exit code 0, {BEFORE}"
KILLED = "exit code 137: it was killed, mostly for want of memory"
CRASHED = "exit code 139: it crashed with a segmentation fault"
ENDS = {
    "os._exit(0)": (FAILED, CODE_0),
    "exit(0) in C": (FAILED, CODE_0),
    "os._exit(3)": (3, f"The process ended with exit code 3, {BEFORE}"),
    "segmentation fault": (139, f"The process ended with signal SIGSEGV, {CRASHED}, {BEFORE}"),
    "SIGKILL": (137, f"The process ended with signal SIGKILL, {KILLED}, {BEFORE}"),
}


@pytest.mark.parametrize(
    ("how", "code", "reason"), [(how, *end) for how, end in ENDS.items()], ids=list(ENDS)
)
def test_a_child_whose_worker_ends_fails_with_its_item_and_keeps_what_was_finished(
    how: str, code: int, reason: str, processes: Jobs
) -> None:
    """The report names child, item and memory; a new worker does the others, the next attempt that item."""
    jobs = processes
    run = planned(jobs)
    first = ended(jobs, run, "work", "dying:work", 1, HOW=how, AT="4")
    report = jobs.failure(run, "work", 1)
    assert (first.code, report["error"], report["item"]) == (code, "WorkerEndedError", 4)
    assert report["where"] == 'item 4, {"n": 4}, child 1, attempt 1'
    message, _, peak = report["message"].partition(" Its peak memory was ")
    assert message == reason
    assert 10 < int(peak.removesuffix(" MiB.")) < 500
    assert message in first.error
    written = jobs.keys(WORK, keys.child_results_prefix(run.run_id, "work", 1))
    assert b"".join(jobs.read(WORK, key) for key in written) == b'{"i":3,"r":3}\n{"i":5,"r":5}\n'
    (word,) = words(jobs, run, "work")
    assert word == f"00001-2-1-{len(written)}-{int(how == 'SIGKILL')}.json"
    second = ended(jobs, run, "work", "dying:work", 1, AWS_BATCH_JOB_ATTEMPT="2")
    assert (second.code, second.error) == (0, "")
    assert "child 1: 1 item, 2 of an earlier attempt" in second.output
    assert words(jobs, run, "work")[-1] == f"00001-3-0-{len(written) + 1}-0.json"


def test_a_function_that_calls_exit_has_failed(processes: Jobs) -> None:
    """With the traceback in its log."""
    jobs = processes
    run = planned(jobs)
    first = ended(jobs, run, "work", "dying:work", 0, HOW="sys.exit(0)", AT="1")
    assert first.code == FAILED
    report = jobs.failure(run, "work")
    assert (report["error"], report["message"], report["item"]) == (
        "SystemExit",
        "the code called exit(0); a step that is done returns",
        1,
    )
    assert first.error.startswith("Traceback")


def test_a_copy_of_the_worker_that_comes_out_of_the_function_does_no_work(processes: Jobs) -> None:
    """The user's code forks, and both processes return."""
    jobs = processes
    run = planned(jobs)
    assert ended(jobs, run, "work", "dying:work", 0, HOW="a fork that comes back", AT="1").code == 0
    part = jobs.read(WORK, keys.child_results(run.run_id, "work", 0, 0))
    assert part.splitlines() == [b'{"i":%d,"r":%d}' % (number, number) for number in range(3)]


@pytest.mark.parametrize("how", ["os._exit(0)", "SIGKILL"])
def test_a_plan_whose_worker_ends_announces_nothing(how: str, processes: Jobs) -> None:
    """Its job fails with the reason."""
    jobs = processes
    run = begun(jobs)
    assert ended(jobs, run, "find", "dying:find", HOW=how).code == ENDS[how][0]
    assert jobs.failure(run, "find")["message"].startswith(ENDS[how][1])
    assert run.run_id not in [message.run for message in jobs.published()]


def test_a_job_whose_function_never_returns_fails(processes: Jobs) -> None:
    """A fan-in that calls os._exit(0)."""
    jobs = processes
    run = planned(jobs)
    jobs.submit(run, submission(jobs, run, "follow"))
    jobs.submit(run, submission(jobs, run, "gather"))
    assert ended(jobs, run, "gather", "dying:gather", HOW="os._exit(0)").code == FAILED
    assert jobs.failure(run, "gather")["message"].startswith(CODE_0)
    assert words(jobs, run, "gather") == []
