"""What failed runs again in the same run, by itself or when a person asks; and steps that tolerate failures
run in spite of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli.cloud import Cloud
from cli.commands.demo import files
from cli.commands.demo.reference import word_counts
from cli.commands.retry import retry
from cli.main import parser
from local.server.process import control
from sluice import keys
from sluice.ledger import records as items
from sluice.operate.errors import OperationError
from sluice.run.compiled import CompiledPipeline, CompiledStep
from sluice.run.state import Run, RunState, StepState
from tests.e2e.application import DEFINITIONS, Application, Upload, wait_for
from tests.e2e.test_alerts_and_events import sweep

TEXT = files.text()[:450_000]
ENDED = ("SUCCEEDED", "FAILED")


def started(
    app: Application, burst: dict[str, Upload], name: str, content: bytes, changes: dict[str, dict[str, Any]]
) -> str:
    """Start word-count with some of its steps changed, and return the id of the run: of a definition of its
    own.
    """
    pipeline = app.ended(burst["text"]).pipeline
    definition = changed(pipeline, lambda step: replace(step, **changes.get(step.name, {})))
    bucket = next(
        one["Name"] for one in app.client("s3").list_buckets()["Buckets"] if one["Name"].startswith("cdk-")
    )
    key = f"{DEFINITIONS}/test-{name}.json"
    app.client("s3").put_object(Bucket=bucket, Key=key, Body=definition.to_json().encode())
    upload = app.put(f"word-count/{name}.bin", content)  # which no rule matches
    detail = {
        "bucket": {"name": app.outputs["InboxBucket"]},
        "object": {"key": upload.key, "version-id": upload.version, "size": len(content)},
    }
    message = {
        "pipeline": "word-count",
        "trigger": f"s3:{name}",
        "definition": {"bucket": bucket, "key": key},
        "detail": detail,
    }
    app.client("sqs").send_message(
        QueueUrl=app.queue("trigger"), MessageBody=json.dumps({**message, "version": 1})
    )
    return wait_for(lambda: app.runs_of(upload), f"a run of {upload.key}")[0]


def changed(pipeline: CompiledPipeline, change: Callable[[CompiledStep], CompiledStep]) -> CompiledPipeline:
    """Return a pipeline with each step changed."""
    return replace(pipeline, steps=tuple(map(change, pipeline.steps)))


def ended(app: Application, run_id: str) -> Run:
    """Return a run when nothing more will happen to it."""
    app.wait_until_ended(run_id)
    run = app.ledger.load(run_id)
    assert run is not None
    return run


def reasons(run: Run) -> dict[str, str | None]:
    """Return why steps failed."""
    return {step.name: step.reason for step in run.steps.values()}


def job_of(app: Application, run_id: str, step: str) -> str:
    """Return the job of a step as soon as the ledger names one."""

    def look() -> str | None:
        run = app.ledger.load(run_id)
        return run.steps[step].job_id if run and step in run.steps else None

    return wait_for(look, f"a job of {step}")


def test_only_the_children_that_failed_run_again(app: Application, burst: dict[str, Upload]) -> None:
    """Two children of an array are terminated; a second generation of two does their work, and the figures
    are whole.
    """
    run_id = started(app, burst, "two-fail", TEXT, {"count": {"times": 1}})
    array = job_of(app, run_id, "count")
    for child in (1, 3):
        app.client("batch").terminate_job(jobId=f"{array}:{child}", reason="the test ends it")
    run = ended(app, run_id)
    assert run.state is RunState.SUCCEEDED, reasons(run)
    assert [run.steps[name].generation for name in ("split", "count", "rank", "merge", "cleanup")] == [
        0,
        1,
        1,
        1,
        1,
    ]
    assert [run.steps[name].indexes for name in ("count", "rank")] == [(1, 3), (1, 3)]
    jobs = app.client("batch").describe_jobs(jobs=[array, str(run.steps["count"].job_id)])["jobs"]
    assert sorted(job["arrayProperties"]["size"] for job in jobs) == [2, run.steps["count"].children]
    assert json.loads(app.published(run, "counts.json")) == dict(word_counts(TEXT))
    assert not app.messages(run)


def test_a_run_that_failed_goes_on_when_a_person_asks(app: Application, burst: dict[str, Upload]) -> None:
    """`sluice retry` runs the two children that failed and what stands behind them; an alert was sent of the
    command.
    """
    run_id = started(app, burst, "mended", TEXT, {})
    array = job_of(app, run_id, "count")
    for child in (0, 2):
        app.client("batch").terminate_job(jobId=f"{array}:{child}", reason="the test ends it")
    run = ended(app, run_id)
    assert (run.state, run.failed_step) == (RunState.FAILED, "count")
    told = wait_for(lambda: [one for one in app.messages(run) if one["protocol"] == "email"], "an e-mail")
    assert f"sluice retry {run_id}" in told[0]["text"]
    assert retry(parser().parse_args(["retry", run_id]), Cloud(app.client, "the test")) == 0
    again = ended(app, run_id)
    assert again.state is RunState.SUCCEEDED, reasons(again)
    assert [again.steps[name].generation for name in ("split", "count", "rank", "merge")] == [0, 1, 1, 1]
    assert again.steps["count"].indexes == (0, 2)
    assert json.loads(app.published(again, "counts.json")) == dict(word_counts(TEXT))


def test_a_fan_in_bears_some_failed_children(app: Application, burst: dict[str, Upload]) -> None:
    """A piece that is no text is one bad item, which has no successor; enough items are done, and the run
    succeeds.
    """
    broken = TEXT[:100_000] + "é ".encode("latin-1") + TEXT[100_000:]
    changes = {"merge": {"after": (), "finished": (("rank", 0.5),)}}
    run = ended(app, started(app, burst, "enough", broken, changes))
    assert run.state is RunState.SUCCEEDED, reasons(run)
    arrays = run.steps["count"], run.steps["rank"]
    assert {one.state for one in arrays} == {StepState.SUCCEEDED}
    assert [one.failed_items for one in arrays] == [1, 1]
    assert 0 < sum(json.loads(app.published(run, "counts.json")).values()) < sum(word_counts(TEXT).values())
    assert not app.messages(run)


def test_what_always_runs_runs_in_a_run_that_fails(app: Application, burst: dict[str, Upload]) -> None:
    """The fan-in publishes what there is, the run has failed all the same, and an alert is sent."""
    broken = TEXT[:100_000] + "é ".encode("latin-1") + TEXT[100_000:]
    run = ended(app, started(app, burst, "always", broken, {"merge": {"after": (), "always": ("rank",)}}))
    assert (run.state, run.failed_step) == (RunState.FAILED, "count")
    assert run.steps["merge"].state is StepState.SUCCEEDED
    assert json.loads(app.published(run, "counts.json"))
    # An SMS only for the first of equal failures.
    wait_for(lambda: app.messages(run), "an e-mail")


def test_jobs_that_lose_their_machines_move_to_steady(quiet: Application, burst: dict[str, Upload]) -> None:
    """While every spot machine is taken away at once, each step fails, moves to on-demand machines,
    and succeeds there.
    """
    again = {"times": 1, "reclaimed": 2}
    changes = dict.fromkeys(("split", "count", "rank", "merge"), again)
    control(quiet.place, "PUT", "faults", {"interruptions_per_hour": 3_600_000, "notice_seconds": 0})
    try:
        run = ended(quiet, started(quiet, burst, "reclaimed", b"to be or not to be\n", changes))
    finally:
        control(quiet.place, "PUT", "faults", {})
    assert run.state is RunState.SUCCEEDED, reasons(run)
    assert {name: run.steps[name].spec.queue for name in changes} == dict.fromkeys(changes, "steady")
    assert {run.steps[name].spec.tries for name in changes} == {0}
    assert json.loads(quiet.published(run, "counts.json")) == {"to": 2, "be": 2, "or": 1, "not": 1}


def test_what_a_failed_run_left_goes_when_its_days_are_over(
    app: Application, burst: dict[str, Upload]
) -> None:
    """The sweep finds it on its day and submits its cleanup, once; until then its objects are there for
    `sluice retry`.
    """
    run = app.ended(burst["not utf-8"])
    assert run.state is RunState.FAILED
    assert _left(app, run)
    days = timedelta(days=run.pipeline.keep_failed)
    today = datetime.now(UTC)
    kept = {
        items.cleanup_due((today + days - timedelta(days=passed)).date().isoformat()) for passed in (0, 1)
    }  # midnight may have passed
    assert _due(app, run) in kept
    sweep(app)
    assert _left(app, run)
    app.client("dynamodb").update_item(
        TableName=app.outputs["LedgerTable"],
        Key=items.run_key(run.run_id),
        UpdateExpression="SET unfinished = :due",
        ExpressionAttributeValues=items.values(due=items.cleanup_due(today.date().isoformat())),
    )
    sweep(app)
    wait_for(lambda: not _left(app, run), f"a work bucket without {run.run_id}")

    def cleaned_up() -> Run | None:
        found = app.ledger.load(run.run_id)
        return found if found and found.steps["cleanup"].state is StepState.SUCCEEDED else None

    cleaned = wait_for(cleaned_up, f"the end of the cleanup of {run.run_id}")
    assert (cleaned.state, cleaned.failed_step, _due(app, run)) == (RunState.FAILED, "count", None)
    with pytest.raises(OperationError, match="it was removed, 7 days after"):
        retry(parser().parse_args(["retry", run.run_id]), Cloud(app.client, "the test"))


def _left(app: Application, run: Run) -> list[Any]:
    return list(
        app.client("s3")
        .list_objects_v2(Bucket=app.outputs["WorkBucket"], Prefix=keys.run_prefix(run.run_id))
        .get("Contents", [])
    )


def _due(app: Application, run: Run) -> str | None:
    item = app.client("dynamodb").get_item(
        TableName=app.outputs["LedgerTable"], Key=items.run_key(run.run_id)
    )["Item"]
    return item["unfinished"]["S"] if "unfinished" in item else None
