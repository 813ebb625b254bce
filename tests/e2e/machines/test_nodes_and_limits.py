"""Nodes that talk to each other, and a limit on how many jobs run at once: deployed, with IAM enforced."""

from __future__ import annotations

import json
import re
from itertools import accumulate
from typing import Any

from local.server.process import control
from sluice.run.state import Run, RunState
from tests.e2e.application import Application, wait_for
from tests.e2e.runs import ask, ended, jobs, lines


def nodes(app: Application, run: Run) -> list[dict[str, Any]]:
    """Return Batch's description of each node of the ring."""
    ids = [f"{run.steps['ring'].job_id}#{index}" for index in range(run.pipeline.step("ring").nodes)]
    return list(app.client("batch").describe_jobs(jobs=ids)["jobs"])


def test_four_nodes_agree_on_a_sum(app: Application) -> None:
    """Each at an address of its own; what the main node returned is published by the step behind it."""
    run = ended(app, ask(app, "ring", "sum", {"numbers": [10, 20, 30, -5]}))
    found = json.loads(app.published(run, "sum.json"))
    assert (found["sum"], found["nodes"], found["agreed"]) == (55, 4, [0, 1, 2, 3])
    described = nodes(app, run)
    assert found["addresses"] == [
        one["container"]["networkInterfaces"][0]["privateIpv4Address"] for one in described
    ]
    assert len(set(found["addresses"])) == 4
    assert "4 nodes agree on 55" in lines(app, described[0])
    job = jobs(app, run)["ring"]
    assert (job["nodeProperties"]["numNodes"], job["jobQueue"]) == (4, app.outputs["SteadyQueue"])


def test_a_failing_node_fails_the_run_with_its_reason(app: Application) -> None:
    """Three numbers for four nodes: the reason is in the ledger and in the mail, with the lines of a node's
    log.
    """
    run_id = ask(app, "ring", "three numbers", {"numbers": [1, 2, 3]})
    wait_for(lambda: app.ledger.load(run_id), f"the run {run_id}")
    app.wait_until_ended(run_id)
    run = app.ledger.load(run_id)
    assert run is not None
    assert (run.state, run.failed_step) == (RunState.FAILED, "ring")
    assert 'Expected an input such as {"numbers": [1, 2, 3, 4]}' in (run.steps["ring"].reason or "")
    (mail,) = wait_for(
        lambda: [one["text"] for one in app.messages(run) if one["protocol"] == "email"], "an e-mail"
    )
    assert "InputError: Expected an input such as" in mail
    assert re.search(r"The last lines of the log of node \d:\n", mail)


def test_a_lost_main_node_is_tried_again(app: Application) -> None:
    """With all nodes: they meet anew, and the run ends as if nothing had happened."""
    run_id = ask(app, "ring", "lost")
    job_id = wait_for(
        lambda: (run := app.ledger.load(run_id)) and (step := run.steps.get("ring")) and step.job_id,
        "the ring's job",
    )
    # Half a second later the nodes may have agreed.
    wait_for(lambda: _state(app, f"{job_id}#0") == "RUNNING", "a main node that runs", pause=0.005)
    control(app.place, "PUT", "faults", {"interrupt": f"{job_id}#0"})
    run = ended(app, run_id)
    first, second = jobs(app, run)["ring"]["attempts"]
    assert first["statusReason"].startswith("Host EC2")
    assert second["container"]["exitCode"] == 0
    assert json.loads(app.published(run, "sum.json"))["sum"] == 10


def _state(app: Application, job_id: str) -> str | None:
    found = app.client("batch").describe_jobs(jobs=[job_id])["jobs"]
    return str(found[0]["status"]) if found else None


def test_the_events_of_nodes_start_no_lambda(app: Application) -> None:
    """The rule lets the job's own end pass: nodes carry the same name, and there may be a thousand."""
    events = app.client("events")
    (rule,) = [
        one
        for one in events.list_rules()["Rules"]
        if "a job, or an array as a whole, has ended" in one.get("Description", "")
    ]
    for job_id, heard in (("4c7599ae-0a82", True), ("4c7599ae-0a82#0", False), ("4c7599ae-0a82#12", False)):
        detail = {
            "status": "SUCCEEDED",
            "jobQueue": app.outputs["SteadyQueue"],
            "jobId": job_id,
            "jobName": "x",
        }
        event: dict[str, Any] = {
            "id": "1",
            "account": "0",
            "source": "aws.batch",
            "time": "2026-01-01T00:00:00Z",
            "region": "us-east-1",
        }
        event |= {"resources": [], "detail-type": "Batch Job State Change", "detail": detail}
        assert (
            events.test_event_pattern(EventPattern=rule["EventPattern"], Event=json.dumps(event))["Result"]
            is heard
        )


def test_no_more_than_two_calls_at_once(app: Application) -> None:
    """Twelve children hold one of two each: by Batch's clock two run at once, by that and by their own never
    three.
    """
    # Longer than a start takes on a busy machine, or none would begin beside another.
    run = ended(app, ask(app, "slow-vendor", "calls", {"seconds": 1.5}))
    found = json.loads(app.published(run, "calls.json"))
    assert found["calls"] == 12
    assert found["most_at_once"] in (1, 2)
    ids = [f"{run.steps['ask'].job_id}:{child}" for child in range(12)]
    children = app.client("batch").describe_jobs(jobs=ids)["jobs"]
    assert {one["status"] for one in children} == {"SUCCEEDED"}
    moments = sorted(moment for one in children for moment in ((one["startedAt"], 1), (one["stoppedAt"], -1)))
    assert max(accumulate(change for _, change in moments)) == 2
    (limit,) = app.client("batch").list_consumable_resources()["consumableResources"]
    assert (limit["totalQuantity"], limit["inUseQuantity"]) == (2, 0)
