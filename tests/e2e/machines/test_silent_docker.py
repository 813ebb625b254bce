"""A Docker that does not report how containers ended, of a step whose own rules have no place for that: what
it ended runs again by itself, and nothing else does.
"""

from __future__ import annotations

import json

import pytest

from cli.cloud import Cloud
from cli.commands.show.command import show
from cli.main import parser
from local.server.process import control
from sluice.run.state import RunState
from tests.e2e.application import Application, wait_for
from tests.e2e.runs import ask, ended
from tests.e2e.test_retries import job_of, reasons


def test_only_what_the_machine_ended_runs_again(
    quiet: Application, capsys: pytest.CaptureFixture[str]
) -> None:
    """Child 0 has succeeded when Docker falls silent: children 1 and 2 are submitted again, with what stands
    behind them; the run succeeds, nobody is alerted, and people can read why.
    """
    run_id = ask(quiet, "silent-docker", "silent", None)
    array = job_of(quiet, run_id, "nap")
    batch = quiet.client("batch")

    def first_is_done() -> bool:
        (job,) = batch.describe_jobs(jobs=[array])["jobs"]
        return bool(job["arrayProperties"].get("statusSummary", {}).get("SUCCEEDED"))

    def generation() -> int:
        run = quiet.ledger.load(run_id)
        return run.steps["nap"].generation if run else 0

    wait_for(first_is_done, "the end of the first child")
    control(quiet.place, "PUT", "faults", {"docker_timeouts": 1})
    try:
        wait_for(generation, "a second generation")
    finally:
        control(quiet.place, "PUT", "faults", {})
    run = ended(quiet, run_id)
    assert run.state is RunState.SUCCEEDED, reasons(run)
    assert run.steps["nap"].spec.machine_faults > 0
    assert run.steps["nap"].spec.tries == 0
    assert not {0}.intersection(run.steps["nap"].indexes)
    for child in (1, 2):
        (job,) = batch.describe_jobs(jobs=[f"{array}:{child}"])["jobs"]
        assert (job["status"], len(job["attempts"])) == ("FAILED", 1)
        assert job["container"]["reason"].startswith("DockerTimeoutError")
    naps, twices = json.loads(quiet.published(run, "numbers.json"))
    assert (naps, twices) == ([[0, 0], [1, 1], [2, 2]], [[0, 0], [1, 2], [2, 4]])
    assert not quiet.messages(run)
    show(parser().parse_args(["show", run_id]), Cloud(quiet.client, "the test"))
    assert "Docker on the machine did not answer in time" in capsys.readouterr().out
