"""The trigger Lambda: events and requests become runs."""

from __future__ import annotations

import json
from dataclasses import replace

from sluice.compute import Compute
from sluice.run.compiled import CompiledMachine
from sluice.run.concurrency import Concurrency
from sluice.run.job_names import run_id
from sluice.run.state import Run
from tests.lambdas.conftest import Aws
from tests.lambdas.runs import run_of
from tests.sluice.graphs import QUEUES, word_count


def test_a_request_with_overrides_submits_its_steps_as_it_asks(aws: Aws) -> None:
    """They are stored with the run; what is wrong with them begins no run and is set aside with the
    reason.
    """
    split = replace(word_count().step("split"), machine=CompiledMachine(Compute.SPOT, 1, 2048))
    steps = tuple(split if one.name == "split" else one for one in word_count().steps)
    upload = json.loads(aws.upload(replace(word_count(), steps=steps, overridable=("memory", "queue"))))

    def asked(token: str, overrides: object) -> str:
        return json.dumps(upload | {"trigger": "manual", "detail": {"token": token, "overrides": overrides}})

    wrong = [asked("u", {"split": {"memory": 1}}), asked("v", {"split": {"queue": "fast"}}), asked("w", [1])]
    assert aws.call("trigger", asked("t", {"split": {"memory": 4096, "queue": "urgent"}}), *wrong) == []
    (job,) = aws.batch.jobs.values()
    assert job["jobQueue"] == QUEUES["urgent"]
    assert job["containerOverrides"]["resourceRequirements"] == [{"type": "MEMORY", "value": "4096"}]
    run = run_of(aws, str(job["jobName"]).split("_")[0])
    assert run.trigger["overrides"] == {"split": {"memory": 4096, "queue": "urgent"}}
    assert run.pipeline.step("split").queue == "urgent"
    reasons = [message["MessageAttributes"]["reason"]["StringValue"] for message in aws.received("dead")]
    assert sorted(
        word for reason in reasons for word in ("].memory", "].queue", "such as") if word in reason
    ) == [
        "].memory",
        "].queue",
        "such as",
    ]


def test_the_same_request_twice_is_one_run_with_its_input(aws: Aws) -> None:
    """The token says which request it is; another token is another run."""
    upload = json.loads(aws.upload(word_count()))
    asked = [
        json.dumps(upload | {"trigger": "manual", "detail": {"token": token, "input": [1]}})
        for token in ("t", "t", "u")
    ]
    assert aws.call("trigger", *asked) == []
    runs = [run_of(aws, str(job["jobName"]).split("_")[0]) for job in aws.batch.jobs.values()]
    assert [run.trigger for run in runs] == [
        {"kind": "manual", "token": token, "input": [1]} for token in ("t", "u")
    ]


def test_the_same_upload_twice_is_one_run(aws: Aws) -> None:
    """S3's events come at least once."""
    message = aws.upload(word_count())
    assert aws.call("trigger", message, message) == []
    assert aws.call("trigger", message) == []
    assert aws.batch.names() == ["split"]


def test_the_placeholder_of_a_folder_starts_no_run(aws: Aws) -> None:
    """Nor is it a fault."""
    assert aws.call("trigger", aws.upload(word_count(), key="words/", size=0)) == []
    assert (aws.batch.names(), aws.received("dead")) == ([], [])


def uploaded(aws: Aws, key: str) -> Run:
    """Return the run of an upload."""
    identity = {"bucket": "inbox", "key": key, "version": "v1"}
    return run_of(aws, run_id(word_count().name, "s3", identity))


def test_the_runs_of_a_backfill_wait_for_one_another_and_for_no_other(aws: Aws) -> None:
    """The limit is in their messages, and stored with them; what is no limit is set aside."""

    def message(key: str, **limit: object) -> str:
        found = json.loads(aws.upload(word_count(), key))
        return json.dumps(found | {"definition": found["definition"] | limit})

    bodies = [message(f"word-count/{name}.txt", max_concurrent_runs=1) for name in "ab"]
    assert aws.call("trigger", *bodies, message("word-count/event.txt")) == []
    runs = {name: uploaded(aws, f"word-count/{name}.txt") for name in ("a", "b", "event")}
    assert {name: str(run.state) for name, run in runs.items()} == {
        "a": "RUNNING",
        "b": "WAITING",
        "event": "RUNNING",
    }
    assert runs["b"].pipeline.concurrency == Concurrency(1, "backfill")
    assert runs["event"].pipeline.concurrency is None
    for wrong in (0, 101, "1", True):
        assert aws.call("trigger", message("word-count/c.txt", max_concurrent_runs=wrong)) == []
    reasons = [one["MessageAttributes"]["reason"]["StringValue"] for one in aws.received("dead")]
    assert len(reasons) == 4
    assert all("max_concurrent_runs from 1 to 100" in reason for reason in reasons)


def test_the_limit_of_a_pipeline_holds_for_a_backfill_too(aws: Aws) -> None:
    """Whatever a message says."""
    own = replace(word_count(), concurrency=Concurrency(2))
    found = json.loads(aws.upload(own))
    found["definition"]["max_concurrent_runs"] = 1
    assert aws.call("trigger", json.dumps(found)) == []
    assert uploaded(aws, "words/a.txt").pipeline.concurrency == Concurrency(2)
