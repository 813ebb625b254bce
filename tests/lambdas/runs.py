"""Runs of small pipelines, and what their Lambdas sent."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sluice.ledger.ledger import Ledger
from sluice.messages import Planned
from sluice.run.compiled import CompiledPipeline
from sluice.run.state import Run
from tests.lambdas.conftest import Aws
from tests.sluice.clouds import TABLE, refused
from tests.sluice.graphs import pipeline, step, word_count

RUN = "words-" + "a" * 20
SWEEP = '{"sweep": true}'


def ledger(aws: Aws) -> Ledger:
    """Return the ledger that the handlers write."""
    return Ledger(aws.client("dynamodb"), TABLE)


def begun(aws: Aws) -> str:
    """Begin a run by an upload, and return its id."""
    assert aws.call("trigger", aws.upload(word_count())) == []
    return str(next(iter(aws.batch.jobs.values()))["jobName"]).split("_")[0]


def run_of(aws: Aws, run_id: str) -> Run:
    """Return the run as the ledger has it."""
    run = ledger(aws).load(run_id)
    assert run is not None
    return run


def planned(aws: Aws, run_id: str, items: int = 3) -> str:
    """Return the message of the plan's job."""
    job_id = str(run_of(aws, run_id).steps["split"].job_id)
    return Planned(run=run_id, step="split", generation=0, job_id=job_id, items=items, manifest="m").to_json()


def ended(aws: Aws, run_id: str, name: str, status: str, **more: Any) -> str:
    """Return Batch's event of the end of a step's job."""
    detail = {
        "jobName": f"{run_id}_{name}_0",
        "jobId": run_of(aws, run_id).steps[name].job_id,
        "status": status,
        **more,
    }
    return json.dumps({"source": "aws.batch", "detail-type": "Batch Job State Change", "detail": detail})


def failed(aws: Aws, run_id: str) -> None:
    """Let the array fail and be tracked."""
    assert aws.call("fan_out", planned(aws, run_id)) == []
    assert aws.call("track", ended(aws, run_id, "split", "SUCCEEDED")) == []
    array = {"size": 3, "statusSummary": {"FAILED": 1}}
    assert aws.call("track", ended(aws, run_id, "count", "FAILED", arrayProperties=array)) == []


def old_run(aws: Aws, letter: str, minutes: int = 10, graph: CompiledPipeline | None = None) -> str:
    """Return the id of a run of one job that began some minutes ago."""
    created = (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat(timespec="milliseconds")
    run = Run(
        run_id="words-" + letter * 20, pipeline=graph or pipeline(step("a")), trigger={}, created_at=created
    )
    aws.handler("track").advancer.start(run)
    return run.run_id


def describe(aws: Aws, monkeypatch: pytest.MonkeyPatch, broken: str = "") -> None:
    """Let every job of Batch have succeeded; asking for the broken one fails."""

    def describe_jobs(jobs: list[str]) -> dict[str, Any]:
        if broken and any(aws.batch.jobs[job]["jobName"].startswith(broken) for job in jobs):
            raise refused("ServerException", status=500)
        return {"jobs": [aws.batch.jobs[job] | {"status": "SUCCEEDED"} for job in jobs]}

    monkeypatch.setattr(aws.batch, "describe_jobs", describe_jobs, raising=False)


def alert_messages(aws: Aws) -> list[dict[str, Any]]:
    """Return the messages of failures in the alert queue, without those of new states."""
    found = [json.loads(message["Body"]) for message in aws.received("alerts")]
    return [message for message in found if "changed_to" not in message]


def mails(aws: Aws) -> list[dict[str, Any]]:
    """Return the messages that the subscribers of the topic got."""
    return [json.loads(message["Body"]) for message in aws.received("inbox")]


def begin(aws: Aws, minutes: int, **compiled: Any) -> None:
    """Begin a run of one job, some minutes ago."""
    created = (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat(timespec="milliseconds")
    graph = replace(pipeline(step("a")), **compiled)
    aws.handler("track").advancer.start(
        Run(
            run_id=RUN,
            pipeline=graph,
            trigger={"kind": "manual", "token": "t", "input": None},
            created_at=created,
        )
    )


def describe_all_as(aws: Aws, monkeypatch: pytest.MonkeyPatch, **job: Any) -> None:
    """Let Batch describe every job so."""
    monkeypatch.setattr(
        aws.batch,
        "describe_jobs",
        lambda jobs: {"jobs": [aws.batch.jobs[one] | job for one in jobs]},
        raising=False,
    )


def alert_queue(aws: Aws) -> list[dict[str, Any]]:
    """Take all from the alert queue, and return it without the messages of new states."""
    messages = aws.received("alerts")
    for message in messages:
        aws.client("sqs").delete_message(
            QueueUrl=aws.queues["alerts"], ReceiptHandle=message["ReceiptHandle"]
        )
    bodies = [json.loads(message["Body"]) for message in messages]
    return [body for body in bodies if "changed_to" not in body]


def subjects(aws: Aws) -> list[str]:
    """Return the subjects of the e-mails."""
    return [json.loads(message["Body"])["Subject"] for message in aws.received("inbox")]


def events_of(aws: Aws, monkeypatch: pytest.MonkeyPatch, failed: int = 0) -> list[dict[str, Any]]:
    """Let EventBridge answer so, and return the list that its events will be in."""
    sent: list[dict[str, Any]] = []
    bus = aws.client("events")

    def put_events(**request: Any) -> dict[str, Any]:
        sent.extend(request["Entries"])
        return {
            "FailedEntryCount": failed,
            "Entries": [{"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}],
        }

    monkeypatch.setattr(bus, "put_events", put_events)
    real = aws.client
    monkeypatch.setattr(aws, "client", lambda service: bus if service == "events" else real(service))
    monkeypatch.setattr("sluice.aws.clients.full_client", aws.client)
    return sent
