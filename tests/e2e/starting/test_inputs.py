"""Commands get what started their run by the word ``{input}``, and a start job whose machine goes is
tried again.
"""

from __future__ import annotations

import json
from typing import Any

from local.server.process import control
from tests.e2e.application import Application, wait_for
from tests.e2e.runs import ask, ended, jobs, lines

INPUT = {"text": 'it\'s "quoted" & $HOME, Größe 漢字'}


def children(app: Application, job_id: str | None) -> list[list[str]]:
    """Return what each of the two children said."""
    described = app.client("batch").describe_jobs(jobs=[f"{job_id}:{child}" for child in range(2)])["jobs"]
    return [lines(app, child) for child in described]


def test_a_command_is_told_what_was_asked_for(app: Application) -> None:
    """As one word, whatever is in it: no shell reads it. The children of an array get the same."""
    run = ended(app, ask(app, "told", "an input", INPUT))
    (said,) = lines(app, jobs(app, run)["say"])
    assert json.loads(said.removeprefix("told ")) == INPUT
    found = [line.split(" ", 1) for (line,) in children(app, run.steps["each"].job_id)]
    assert [(child, json.loads(given)) for child, given in found] == [("0", INPUT), ("1", INPUT)]


def test_a_start_job_that_loses_its_machine_submits_once(app: Application) -> None:
    """Batch tries it again; whatever the first attempt had submitted is not submitted a second time. It is
    caught behind a first job, whose answer is lost: it looks that job up after a second.
    """
    control(app.place, "PUT", "faults", {"lost_answers": {"SubmitJob": 1}})
    try:
        run_id = ask(app, "told", "a lost start")
        wait_for(lambda: _named(app, f"{run_id}_say_0"), "a job that the start job submits", pause=0.005)
        (job_id,) = _named(app, f"{run_id}_start_0")
        control(app.place, "PUT", "faults", {"interrupt": job_id, "notice_seconds": 0})
    finally:
        control(app.place, "PUT", "faults", {})
    run = ended(app, run_id)
    first, second = _described(app, job_id)["attempts"]
    assert first["statusReason"].startswith("Host EC2")
    assert second["container"]["exitCode"] == 0
    for name in ("say", "each", "cleanup"):
        assert _named(app, f"{run_id}_{name}_0") == [run.steps[name].job_id]


def _named(app: Application, name: str) -> list[str]:
    """Return the jobs of a name."""
    filters = [{"name": "JOB_NAME", "values": [name]}]
    listed = app.client("batch").list_jobs(jobQueue=app.outputs["NormalQueue"], filters=filters)
    return [str(one["jobId"]) for one in listed["jobSummaryList"]]


def _described(app: Application, job_id: str) -> dict[str, Any]:
    (job,) = app.client("batch").describe_jobs(jobs=[job_id])["jobs"]
    return dict(job)
