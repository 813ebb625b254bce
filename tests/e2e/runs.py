"""Asks for runs of the deployed app, and reads what became of them."""

from __future__ import annotations

import json
from typing import Any

from sluice.run.job_names import run_id
from sluice.run.state import Run, RunState
from tests.e2e.application import Application, wait_for


def ask(app: Application, pipeline: str, token: str, given: Any = None) -> str:
    """Ask for a run by an event, as any program may that IAM lets, and return the id that the run will
    have.
    """
    detail = json.dumps({"pipeline": pipeline, "token": token, "input": given})
    entry = {"Source": "sluice", "DetailType": "Run Requested", "Detail": detail}
    assert app.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0
    return run_id(pipeline, "manual", {"token": token})


def ended(app: Application, run: str) -> Run:
    """Return a run when it is over."""
    wait_for(lambda: app.ledger.load(run), f"the run {run}")
    app.wait_until_ended(run)
    found = app.ledger.load(run)
    assert found is not None
    assert found.state is RunState.SUCCEEDED, found
    return found


def jobs(app: Application, run: Run) -> dict[str, dict[str, Any]]:
    """Return Batch's description of each step's job."""
    ids = {str(step.job_id): name for name, step in run.steps.items()}
    return {ids[job["jobId"]]: job for job in app.client("batch").describe_jobs(jobs=list(ids))["jobs"]}


def lines(app: Application, job: dict[str, Any]) -> list[str]:
    """Return what a job said."""
    container = job["container"]
    group = container["logConfiguration"]["options"]["awslogs-group"]
    events = app.client("logs").get_log_events(logGroupName=group, logStreamName=container["logStreamName"])[
        "events"
    ]
    return [event["message"] for event in events]
