"""Shapes of graphs on the deployed app: begun by a start job, with a plan behind an array, each step on its
own machine.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from typing import Any

import pytest

import test_item_to_item as items
import test_post_trade as trades
from cli.commands.demo.files import flights
from sluice.run.state import Run, RunState
from tests.e2e.application import Application, wait_for
from tests.e2e.runs import ask, ended, jobs


def test_a_start_job_submits_the_others(app: Application) -> None:
    """A small job of its own role; all that waited for nobody waits for it, and one job a step is there."""
    run = ended(app, ask(app, "hello-fan", "started"))
    found = jobs(app, run)
    assert run.steps.keys() == {"start", "first", "many", "last", "cleanup"}
    assert found["first"]["dependsOn"] == [{"jobId": run.steps["start"].job_id}]
    assert found["start"]["stoppedAt"] <= found["first"]["startedAt"]
    assert _size(found["start"]) == {"VCPU": "1", "MEMORY": "512"}
    assert found["start"]["container"]["jobRoleArn"] not in {
        job["container"]["jobRoleArn"] for name, job in found.items() if name != "start"
    }
    for name in run.steps:
        assert len(_named(app, f"{run.run_id}_{name}_0")) == 1


def _named(app: Application, name: str) -> list[Any]:
    queue = app.outputs["NormalQueue"]
    listed: list[Any] = app.client("batch").list_jobs(
        jobQueue=queue, filters=[{"name": "JOB_NAME", "values": [name]}]
    )["jobSummaryList"]
    return listed


def test_a_start_job_that_may_not_submit_yet_waits_for_that(quiet: Application) -> None:
    """The refusal is noted, and when the permission has come the run goes on: a deploy is a minute old."""
    allowed = ended(quiet, ask(quiet, "hello-fan", "allowed"))
    definition = allowed.pipeline.step("start").job_definition
    described = quiet.client("batch").describe_job_definitions(jobDefinitionName=definition)[
        "jobDefinitions"
    ][0]
    role = str(described["containerProperties"]["jobRoleArn"]).rsplit("/", 1)[-1]
    with quiet.without_permission(role, "batch:SubmitJob"):
        run_id = ask(quiet, "hello-fan", "refused")
        wait_for(lambda: _is_denied(quiet, run_id), "a refusal")
    run = _over(quiet, run_id)
    assert (run.state, quiet.messages(run)) == (RunState.SUCCEEDED, [])


def _is_denied(app: Application, run_id: str) -> bool:
    run = app.ledger.load(run_id)
    return run is not None and any(record.denied_at for record in run.steps.values())


def _over(app: Application, run_id: str) -> Run:
    def look() -> Run | None:
        run = app.ledger.load(run_id)
        return run if run and run.state is not RunState.RUNNING else None

    return wait_for(look, f"the end of {run_id}")


def test_what_a_portfolio_did_equals_one_pass_over_its_prices(app: Application) -> None:
    """Asked for now, as every night: clean, process, model and store, each with its own size of machine."""
    run = ended(app, ask(app, "post-trade", "tonight"))
    insights = {one["symbol"]: one for one in json.loads(app.published(run, "insights.json"))}
    for symbol, expected in trades.one_pass().items():
        assert insights[symbol]["forecast"] == pytest.approx(expected.pop("forecast"))
        assert {name: insights[symbol][name] for name in expected} == pytest.approx(expected)
    found = jobs(app, run)
    sizes = {name: tuple(_size(found[name]).values()) for name in ("clean", "process", "model", "store")}
    assert sizes == {
        "clean": ("1", "512"),
        "process": ("1", "1024"),
        "model": ("2", "4096"),
        "store": ("1", "512"),
    }


def _size(job: dict[str, Any]) -> dict[str, str]:
    return {
        one["type"]: one["value"]
        for one in job["container"]["resourceRequirements"]
        if one["type"] in ("VCPU", "MEMORY")
    }


def planes(count: int) -> str:
    """Return a CSV of which plane flew where, and how often: planes are the users, airports the items."""
    first = io.StringIO("".join(flights().decode().splitlines(keepends=True)[: count + 1]))
    flown = Counter(
        (row["tailnum"], row["dest"]) for row in csv.DictReader(first) if row["tailnum"] not in ("", "NA")
    )
    return "user,item,rating\n" + "".join(
        f"{plane},{airport},{times}\n" for (plane, airport), times in flown.items()
    )


def test_what_an_array_found_decides_the_jobs_of_the_next(app: Application) -> None:
    """Airports that the same planes fly to: plan, array, plan, array, job. The neighbours equal one pass over
    the whole matrix.
    """
    text = planes(15_000)
    run = app.ended(app.put("ratings/planes.csv", text.encode()))
    assert run.state is RunState.SUCCEEDED, {step.name: step.reason for step in run.steps.values()}
    assert items.same(json.loads(app.published(run, "neighbours.json")), items.one_pass(text))
    assert run.steps["compare"].children > 1
    assert run.steps["aggregate"].children == run.steps["share"].items
    assert run.steps["aggregate"].children > 1
