"""Runs that no upload starts: asked for by an event, or begun by a schedule; and the pipelines that show the
shapes of work.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from math import pi
from typing import Any

import pytest

from sluice.run.compiled import CompiledPipeline
from sluice.run.job_names import run_id
from tests.e2e.application import DEFINITIONS, Application, wait_for
from tests.e2e.runs import ask, ended, jobs, lines


def test_six_jobs_twice_are_two_runs_and_the_graph_holds(app: Application) -> None:
    """No job starts before all that it waits for have stopped, and each says its letter."""
    waits = {"b": "a", "c": "a", "d": "ab", "e": "c", "f": "de"}
    runs = [ended(app, run) for run in [ask(app, "six-jobs", token) for token in ("first", "second")]]
    assert runs[0].run_id != runs[1].run_id
    assert not {step.job_id for step in runs[0].steps.values()} & {
        step.job_id for step in runs[1].steps.values()
    }
    for run in runs:
        found = jobs(app, run)
        for later, earlier in waits.items():
            assert all(found[one]["stoppedAt"] <= found[later]["startedAt"] for one in earlier), (
                run.run_id,
                later,
            )
        assert {name: lines(app, found[name]) for name in "abcdef"} == {
            name: [name.upper()] for name in "abcdef"
        }


def test_a_fan_of_a_plain_image(app: Application) -> None:
    """One job, ten children that know their place, one job."""
    run = ended(app, ask(app, "hello-fan", "fan"))
    found = jobs(app, run)
    children = app.client("batch").describe_jobs(
        jobs=[f"{run.steps['many'].job_id}:{child}" for child in range(10)]
    )["jobs"]
    assert [lines(app, child) for child in children] == [[f"hello world from {child}"] for child in range(10)]
    assert lines(app, found["first"]) == lines(app, found["last"]) == ["hello world"]
    assert found["first"]["stoppedAt"] <= min(child["startedAt"] for child in children)
    assert max(child["stoppedAt"] for child in children) <= found["last"]["startedAt"]


def test_sequential_children_run_one_after_the_other(app: Application) -> None:
    """The fan again, from a definition in which its children are SEQUENTIAL."""
    rules = app.client("events").list_rules()["Rules"]
    (rule,) = [rule["Name"] for rule in rules if "a request starts hello-fan" in rule.get("Description", "")]
    (target,) = app.client("events").list_targets_by_rule(Rule=rule)["Targets"]
    message = json.loads(
        target["InputTransformer"]["InputTemplate"].replace("<detail>", '{"token": "in order"}')
    )
    bucket, key = message["definition"]["bucket"], message["definition"]["key"]
    compiled = CompiledPipeline.from_json(
        app.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    )
    steps = tuple(replace(step, sequential=step.name == "many") for step in compiled.steps)
    app.client("s3").put_object(
        Bucket=bucket,
        Key=f"{DEFINITIONS}/in-order.json",
        Body=replace(compiled, steps=steps).to_json().encode(),
    )
    message["definition"]["key"] = f"{DEFINITIONS}/in-order.json"
    app.client("sqs").send_message(QueueUrl=app.queue("trigger"), MessageBody=json.dumps(message))
    run = ended(app, run_id("hello-fan", "manual", {"token": "in order"}))
    described = app.client("batch").describe_jobs(
        jobs=[f"{run.steps['many'].job_id}:{child}" for child in range(10)]
    )["jobs"]
    children = sorted(described, key=lambda child: child["arrayProperties"]["index"])
    assert {"type": "SEQUENTIAL"} in jobs(app, run)["many"]["dependsOn"]
    assert all(before["stoppedAt"] <= child["startedAt"] for before, child in pairwise(children))


def test_an_array_of_seeds_estimates_pi(app: Application) -> None:
    """10,000 seeds without a plan, with the input that the request gave; estimate, error bar and plot are
    published.
    """
    run = ended(app, ask(app, "monte-carlo", "pi", {"throws": 100}))
    found = json.loads(app.published(run, "pi.json"))
    assert (found["seeds"], found["throws"], run.steps["throw"].children) == (10_000, 1_000_000, 10)
    assert abs(found["pi"] - pi) < 5 * found["standard_error"]
    assert app.published(run, "pi.svg").startswith(b"<svg")


def test_the_same_request_twice_is_one_run(app: Application) -> None:
    """The second changes nothing."""
    first = ended(app, ask(app, "hello-fan", "twice"))
    assert ask(app, "hello-fan", "twice") == first.run_id
    wait_for(lambda: app.waiting(app.queue("trigger")) == 0, "an empty trigger queue")
    again = app.ledger.load(first.run_id)
    assert again is not None
    assert again.created_at == first.created_at
    assert {name: step.job_id for name, step in again.steps.items()} == {
        name: step.job_id for name, step in first.steps.items()
    }


@pytest.mark.parametrize(
    ("detail", "says"),
    [
        ({"pipeline": "no-such", "token": "t"}, "a pipeline with a Manual trigger, found 'no-such'"),
        ({"token": "t"}, "a pipeline with a Manual trigger, found None"),
        ({"pipeline": "word-count", "token": "t"}, "a pipeline with a Manual trigger, found 'word-count'"),
        ({"pipeline": "six-jobs"}, "a token of 1 to 128 characters"),
    ],
)
def test_a_request_for_nothing_is_set_aside_with_its_reason(
    app: Application, detail: dict[str, Any], says: str
) -> None:
    """It is not swallowed: the trigger's dead-letter queue has it, with what to do."""
    app.client("events").put_events(
        Entries=[{"Source": "sluice", "DetailType": "Run Requested", "Detail": json.dumps(detail)}]
    )
    sqs, queue = app.client("sqs"), app.queue("trigger", "DeadLetters")
    found = wait_for(
        lambda: sqs.receive_message(QueueUrl=queue, MessageAttributeNames=["All"], VisibilityTimeout=5).get(
            "Messages"
        ),
        "the message",
    )
    for message in found:
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert [says in message["MessageAttributes"]["reason"]["StringValue"] for message in found] == [True]


def test_a_schedule_starts_one_run_at_its_time(app: Application) -> None:
    """The deployed schedule's own target, now: the run's id is made from the time that was meant, its input
    is the schedule's.
    """
    scheduler = app.client("scheduler")
    (name,) = [
        one["Name"] for one in scheduler.list_schedules()["Schedules"] if "montecarlo" in one["Name"].lower()
    ]
    deployed = scheduler.get_schedule(Name=name)
    time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    off = {"Mode": "OFF"}
    scheduler.create_schedule(
        Name="now", ScheduleExpression=f"at({time})", FlexibleTimeWindow=off, Target=deployed["Target"]
    )
    trigger = f"schedule:{deployed['ScheduleExpression']} UTC"
    run = ended(app, run_id("monte-carlo", trigger, {"time": f"{time}Z"}))
    assert run.trigger == {
        "kind": "schedule",
        "time": f"{time}Z",
        "expression": deployed["ScheduleExpression"],
        "input": {"throws": 1_000},
    }
    assert json.loads(app.published(run, "pi.json"))["throws"] == 10_000_000
