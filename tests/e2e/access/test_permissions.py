"""What a pipeline and a step are permitted they may, with IAM enforced, and nothing beside it; the alert of a
refusal shows the line to add.
"""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from sluice.pipeline.trigger_names import MANUAL
from sluice.run.job_names import run_id
from sluice.run.state import Run
from sluice.triggers.trigger_event import Request
from tests.e2e.application import Application, wait_for

BUCKET = "team-reference"
RATE = b"1.0832"


@pytest.fixture(scope="module")
def reference(app: Application) -> Any:
    """The team's bucket, which is none of Sluice's."""
    s3 = app.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    for key in ("rates/eur.csv", "salaries/all.csv"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=RATE)
    return s3


def ran(app: Application, **calls: Any) -> Run:
    """Ask for a run whose steps make these calls, and return it when it has ended."""
    token = uuid.uuid4().hex
    detail = {"pipeline": "referring", "token": token, "input": calls}
    entry = {"Source": "sluice", "DetailType": "Run Requested", "Detail": json.dumps(detail)}
    app.client("events").put_events(Entries=[entry])
    name = run_id("referring", MANUAL, Request(token=token).identity())
    wait_for(lambda: app.ledger.load(name), f"the run {name}")
    app.wait_until_ended(name)
    run = app.ledger.load(name)
    assert run is not None
    return run


def test_permitted_calls_are_allowed(app: Application, reference: Any) -> None:
    """The pipeline's permissions are every step's, a step's own are its own beside them."""
    keep = {"reads": ["rates/eur.csv"], "writes": ["kept/a.txt"]}
    run = ran(app, look={"reads": ["rates/eur.csv"], "lists": ["rates/"]}, keep=keep)
    assert (run.state, run.failed_step) == ("SUCCEEDED", None), run.steps
    assert reference.get_object(Bucket=BUCKET, Key="kept/a.txt")["Body"].read() == b"keep"


@pytest.mark.parametrize(
    ("calls", "line"),
    [
        ({"reads": ["salaries/all.csv"]}, 'permissions=[read("s3://team-reference/salaries/*")]'),
        ({"writes": ["kept/b.txt"]}, 'permissions=[write("s3://team-reference/kept/*")]'),
        ({"lists": ["salaries/"]}, 'permissions=[read("s3://team-reference/PREFIX/*")]'),
    ],
    ids=["reads", "writes", "lists"],
)
def test_other_calls_are_refused_and_the_alert_shows_the_line(
    app: Application, reference: Any, calls: dict[str, list[str]], line: str
) -> None:
    """Also where another step of the pipeline may do the same."""
    run = ran(app, look=calls)
    assert run.failed_step == "look"
    mail = wait_for(
        lambda: next((one["text"] for one in app.messages(run) if "To allow it" in one["text"]), None),
        "an e-mail with the line to add",
        60,
    )
    assert f"add this to the step look in pipelines/referring.py, and deploy:\n  {line}\n" in mail, mail


def test_a_step_with_permissions_has_a_role_of_its_own(app: Application) -> None:
    """And no other step has it."""
    pages = app.client("batch").get_paginator("describe_job_definitions").paginate(status="ACTIVE")
    roles = {
        one["jobDefinitionName"].split("-")[2]: one["containerProperties"]["jobRoleArn"]
        for page in pages
        for one in page["jobDefinitions"]
        if one["jobDefinitionName"].startswith("sluice-referring-")
    }
    assert len({roles["look"], roles["keep"], roles["cleanup"]}) == 3, roles
