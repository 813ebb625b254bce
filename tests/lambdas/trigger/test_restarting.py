"""A restart begins a run with the trigger of an earlier one, and with its definition or the deployed one."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from sluice.run.job_names import run_id
from sluice.triggers.restart import RESTART, RestartRequested
from tests.lambdas.conftest import Aws
from tests.lambdas.runs import begun, run_of
from tests.sluice.graphs import pipeline, step, word_count

DEPLOYED = {"bucket": "assets", "key": "2.json"}


def asked(aws: Aws, earlier: str, **changes: Any) -> RestartRequested:
    """Return the request to run a run again."""
    run = run_of(aws, earlier)
    facts = {"restart": earlier, "pipeline": run.pipeline.name, "token": "t", "trigger": dict(run.trigger)}
    return RestartRequested(**{**facts, **changes})


def new_id(message: RestartRequested) -> str:
    """Return the id of the run that a request begins."""
    return run_id(message.pipeline, RESTART, message.identity())


def reasons(aws: Aws) -> list[str]:
    """Return why messages were set aside."""
    return [one["MessageAttributes"]["reason"]["StringValue"] for one in aws.received("dead")]


def test_an_upload_runs_again_with_the_definition_that_it_had(aws: Aws) -> None:
    """Once, however often the message comes, and though the pipeline was deployed anew meanwhile."""
    earlier = begun(aws)
    aws.client("s3").put_object(Bucket="assets", Key="1.json", Body=b"another")
    message = asked(aws, earlier)
    assert aws.call("trigger", message.to_json(), message.to_json()) == []
    run = run_of(aws, new_id(message))
    assert run.pipeline == run_of(aws, earlier).pipeline
    assert run.trigger == {**run_of(aws, earlier).trigger, "restart_of": earlier}
    assert sorted(str(job["jobName"]).split("_")[0] for job in aws.batch.jobs.values()) == sorted(
        [earlier, run.run_id]
    )


def test_a_run_is_run_again_with_what_is_deployed_now(aws: Aws) -> None:
    """The definition that the request names."""
    earlier = begun(aws)
    changed = replace(word_count(), keep_failed=3)
    aws.client("s3").put_object(Bucket="assets", Key="2.json", Body=changed.to_json().encode())
    message = asked(aws, earlier, definition=DEPLOYED)
    assert aws.call("trigger", message.to_json()) == []
    assert run_of(aws, new_id(message)).pipeline == changed


def test_given_items_stand_for_a_plan(aws: Aws) -> None:
    """The plan has no job: the array on its items is submitted at once."""
    earlier = begun(aws)
    name = new_id(asked(aws, earlier))
    items = {"split": {"manifest": f"runs/{name}/split/manifest/given/items.jsonl", "items": 37}}
    assert aws.call("trigger", asked(aws, earlier, items=items).to_json()) == []
    run = run_of(aws, name)
    assert (run.steps["split"].items, run.steps["split"].job_id) == (37, None)
    assert run.steps["count"].item_source is not None
    assert run.steps["count"].item_source.items == 37
    assert run.steps["count"].job_id is not None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"restart": "words-gone"}, "Expected a run of the ledger"),
        ({"trigger": {"kind": "smoke"}}, "a trigger that this version knows"),
        ({"pipeline": "letters"}, "Expected a run of letters, found one of"),
        ({"definition": {"bucket": "assets"}}, "a bucket and a key"),
        ({"items": {"count": {}}}, "Expected items for a plan"),
        ({"items": {"split": {"manifest": "runs/another/items.jsonl", "items": 1}}}, "a manifest below"),
        ({"items": {"split": 3}}, "a manifest below"),
    ],
)
def test_what_cannot_be_run_again_is_set_aside(aws: Aws, changes: dict[str, Any], reason: str) -> None:
    """With the reason."""
    earlier = begun(aws)
    assert aws.call("trigger", asked(aws, earlier, **changes).to_json()) == []
    (found,) = reasons(aws)
    assert reason in found
    assert len(aws.batch.jobs) == 1


def test_overrides_of_a_request_hold_for_the_deployed_definition_too(aws: Aws) -> None:
    """What the deployed pipeline does not take any more is refused."""
    body = json.loads(aws.upload(pipeline(step("a"))))
    detail = {"token": "t", "input": None}
    assert aws.call("trigger", json.dumps({**body, "trigger": "manual", "detail": detail})) == []
    earlier = str(next(iter(aws.batch.jobs.values()))["jobName"]).split("_")[0]
    trigger = {**run_of(aws, earlier).trigger, "overrides": {"a": {"memory": 4096}}}
    message = asked(aws, earlier, trigger=trigger, definition={"bucket": "assets", "key": "1.json"})
    assert aws.call("trigger", message.to_json()) == []
    assert "overrides have mistakes" in reasons(aws)[0]
