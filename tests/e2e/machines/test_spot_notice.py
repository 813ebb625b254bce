"""A spot machine that is taken back has its notice, as on AWS: what was done on it is not done again."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from typing import Any

from local.server.process import control
from sluice import keys
from sluice.run.compiled import CompiledPipeline, CompiledStep
from sluice.run.job_names import run_id
from sluice.runtime.stored.result_parts import read_results
from tests.e2e.application import DEFINITIONS, Application, wait_for
from tests.e2e.runs import ended, lines

PIPELINE, STEP, ITEMS = "slow-vendor", "ask", 12
ITEM_SECONDS, NOTICE_SECONDS = 1.0, 8.0
SLACK_SECONDS, LATE_SECONDS = 0.5, 3.0
"""Of a clock's reading, and by how much the time that the log says of a line is later than the line."""


def start(app: Application, seconds: float) -> str:
    """Ask for a run in which one child works on all items, each for so long."""
    rules = app.client("events").list_rules()["Rules"]
    (rule,) = [one["Name"] for one in rules if f"a request starts {PIPELINE}" in one.get("Description", "")]
    (target,) = app.client("events").list_targets_by_rule(Rule=rule)["Targets"]
    token, s3 = uuid.uuid4().hex, app.client("s3")
    detail = json.dumps({"token": token, "input": {"seconds": seconds}})
    message = json.loads(target["InputTransformer"]["InputTemplate"].replace("<detail>", detail))
    where = message["definition"]
    body = s3.get_object(Bucket=where["bucket"], Key=where["key"])["Body"].read().decode()
    compiled = CompiledPipeline.from_json(body)
    changed = replace(compiled, steps=tuple(map(_in_one_child, compiled.steps)))
    where["key"] = f"{DEFINITIONS}/{token}.json"
    s3.put_object(Bucket=where["bucket"], Key=where["key"], Body=changed.to_json().encode())
    app.client("sqs").send_message(QueueUrl=app.queue("trigger"), MessageBody=json.dumps(message))
    return run_id(PIPELINE, "manual", {"token": token})


def _in_one_child(step: CompiledStep) -> CompiledStep:
    return replace(step, items_per_child=ITEMS) if step.name == STEP else step


def _job(app: Application, run: str) -> dict[str, Any] | None:
    known = app.ledger.load(run)
    job_id = known.steps[STEP].job_id if known and STEP in known.steps else None
    return app.client("batch").describe_jobs(jobs=[job_id])["jobs"][0] if job_id else None


def _logged(app: Application, job: dict[str, Any], text: str) -> float | None:
    """Return when the first attempt of a job logged a line with this text, in seconds since 1970."""
    group = job["container"]["logConfiguration"]["options"]["awslogs-group"]
    stream = job["attempts"][0]["container"]["logStreamName"]
    events = app.client("logs").get_log_events(logGroupName=group, logStreamName=stream)["events"]
    return next((float(one["timestamp"]) / 1000 for one in events if text in one["message"]), None)


def test_nothing_finished_before_the_notice_is_done_again(quiet: Application) -> None:
    """On the notice what is finished is written, the item under way is ended, and nothing new is begun: the
    second attempt works on the rest alone.
    """
    run_id = start(quiet, ITEM_SECONDS)

    def job(*attempts: int) -> dict[str, Any] | None:
        found = _job(quiet, run_id)
        return found if found and len(found["attempts"]) in attempts else None

    wait_for(lambda: (found := job(0)) and found["status"] == "RUNNING", "the child to run")
    # However long the process took to begin: there is more to do than the notice lasts.
    wait_for(lambda: _results(quiet, run_id), "the results of the first items")
    asked = {"interrupt": str(job(0)["jobId"]), "notice_seconds": NOTICE_SECONDS}  # type: ignore[index]
    control(quiet.place, "PUT", "faults", asked)
    described = wait_for(lambda: job(1), "the machine to go")
    first = described["attempts"][0]
    assert first["statusReason"].startswith("Host EC2")
    kept = [result for _, result in sorted(_results(quiet, run_id))]
    noticed = _logged(quiet, described, "about to be taken away")
    assert noticed is not None
    assert 0 < len(kept) < ITEMS
    # What was begun was kept: the last one was under way at the notice, and no other was begun behind it.
    assert kept[-1]["began"] <= noticed + SLACK_SECONDS
    assert kept[-1]["ended"] >= noticed - LATE_SECONDS
    run = ended(quiet, run_id)
    rest = ITEMS - len(kept)
    last = lines(quiet, described_again(quiet, run_id))[-1]
    assert last.endswith(f"child 0: {rest} items, {len(kept)} of an earlier attempt")
    assert json.loads(quiet.published(run, "calls.json"))["calls"] == ITEMS


def described_again(app: Application, run_id: str) -> dict[str, Any]:
    """Return the job as it is now."""
    found = _job(app, run_id)
    assert found is not None
    return found


def _results(app: Application, run_id: str) -> list[tuple[int, Any]]:
    prefix = keys.child_results_prefix(run_id, STEP, 0)
    return list(read_results(app.client("s3"), app.outputs["WorkBucket"], prefix))
