"""Events about runs are as docs/events.md says, and come at least once with the same id."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from sluice.alerts.run_events import LATE, change, entry
from sluice.run.state import Run, RunState, StepState
from tests.sluice.clouds import CrashedError, CrashingClient, Harness, dynamodb, refused
from tests.sluice.graphs import RUN_ID, pipeline, step

PAGE = (Path(__file__).parents[3] / "docs" / "events.md").read_text()
SCHEMA: dict[str, Any] = json.loads(re.findall(r"```json\n(\{\n  \"\$schema\".*?)```", PAGE, re.DOTALL)[0])
EXAMPLES: list[dict[str, Any]] = [
    json.loads(text) for text in re.findall(r"```json\n(\{\n  \"version\": \"0\".*?)```", PAGE, re.DOTALL)
]
BEGAN = "2026-01-01T00:00:00.000+00:00"
TRIGGER = {
    "kind": "s3-upload",
    "bucket": "b",
    "key": "words/a.txt",
    "version_id": "v",
    "etag": "e",
    "size": 1,
}
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "null": (type(None),),
}


def run(**changes: Any) -> Run:
    """Return a run."""
    return Run(
        **{
            "run_id": RUN_ID,
            "pipeline": pipeline(step("a")),
            "trigger": TRIGGER,
            "created_at": BEGAN,
            **changes,
        }
    )


def fits(detail: dict[str, Any]) -> None:
    """Check a detail against the schema of the page: the keywords of JSON Schema that it uses."""
    assert set(detail) == set(SCHEMA["properties"]) == set(SCHEMA["required"])
    for name, rule in SCHEMA["properties"].items():
        kinds = rule["type"] if isinstance(rule["type"], list) else [rule["type"]]
        assert isinstance(detail[name], tuple(kind for word in kinds for kind in _TYPES[word])), name
        assert detail[name] in rule.get("enum", [detail[name]]), name
        assert detail[name] is None or re.search(rule.get("pattern", ""), str(detail[name])), name


TOLD = [state for state in RunState if state not in (RunState.WAITING, RunState.REPLACED)]
"""A run that waits has no event, nor one that was replaced before it began."""


@pytest.mark.parametrize("state", TOLD)
def test_the_detail_of_each_state_fits_the_schema_of_the_page(state: RunState) -> None:
    """And says how long it took."""
    event = entry(
        change(
            run(), state, "2026-01-01T00:01:30.500+00:00", "a" if state is RunState.FAILED else None, "why"
        )
    )
    detail = json.loads(event["Detail"])
    fits(detail)
    assert (event["Source"], event["DetailType"], detail["seconds"]) == ("sluice", "Run State Change", 90.5)
    assert detail["id"] == f"{RUN_ID}/0/{state}"
    assert detail["input"] == "s3://b/words/a.txt"


def test_a_late_run_has_a_kind_of_its_own() -> None:
    """Its state is RUNNING still."""
    event = entry(change(run(), RunState.RUNNING, BEGAN), LATE)
    detail = json.loads(event["Detail"])
    fits(detail)
    assert (event["DetailType"], detail["state"], detail["id"]) == ("Run Late", "RUNNING", f"{RUN_ID}/0/LATE")


def test_the_examples_of_the_page_fit_its_schema() -> None:
    """They are what a rule sees."""
    assert {example["detail-type"] for example in EXAMPLES} == {"Run State Change"}
    for example in EXAMPLES:
        fits(example["detail"])


@pytest.mark.parametrize("stamp", ["", "yesterday", "2026-01-01"])
def test_a_time_that_cannot_be_read_leaves_the_rest_of_the_event(stamp: str) -> None:
    """The event is sent without the duration."""
    assert (
        json.loads(entry(change(run(created_at=stamp), RunState.SUCCEEDED, BEGAN))["Detail"])["seconds"] == 0
    )


def test_a_reason_is_no_longer_than_an_event_may_be() -> None:
    """However long the message of a program is."""
    detail = json.loads(entry(change(run(), RunState.FAILED, BEGAN, "a", "ž" * 100_000))["Detail"])
    assert len(detail["reason"]) == 2000


def succeed(harness: Harness) -> None:
    """Record the success of the only step, by whatever job the ledger names."""
    found = harness.ledger.load(RUN_ID)
    job_id = found.steps["a"].job_id if found and "a" in found.steps else None
    harness.ledger.record_end(RUN_ID, "a", StepState.SUCCEEDED, job_id=job_id)


def test_messages_are_sent_when_a_run_begins_and_when_it_ends() -> None:
    """Once each, as long as no Lambda dies."""
    with dynamodb() as client:
        harness = Harness(client)
        harness.advancer().start(run(created_at=harness.now.isoformat()))
        succeed(harness)
        for _ in range(3):
            harness.advancer().advance(RUN_ID)
        assert [message.changed_to for message in harness.changes] == ["RUNNING", "SUCCEEDED"]


def test_the_message_of_a_refused_submission_has_its_reason() -> None:
    """The record that the run was begun with has none yet."""
    with dynamodb() as client:
        harness = Harness(client)
        harness.batch.answers = [("before", refused("ClientException", "no such definition"))]
        harness.advancer().start(run(created_at=harness.now.isoformat()))
        assert [message.changed_to for message in harness.changes] == ["RUNNING", "FAILED"]
        assert "no such definition" in harness.changes[1].reason


@pytest.mark.parametrize("calls", range(1, 12))
def test_what_a_dead_lambda_sent_is_sent_again_with_the_same_id(calls: int) -> None:
    """A Lambda dies after this many calls, and another one continues: a message of both states is sent at
    least once.
    """
    with dynamodb() as client:
        harness = Harness(client)
        one = run(created_at=harness.now.isoformat())
        crashing = CrashingClient(calls)
        try:
            harness.advancer(crashing).start(one)
            succeed(harness)
            harness.advancer(crashing).advance(RUN_ID)
        except CrashedError:
            pass
        harness.later(300)
        harness.advancer().start(one)
        succeed(harness)
        harness.later(300)
        harness.advancer().advance(RUN_ID)
        ids = {json.loads(entry(message)["Detail"])["id"] for message in harness.changes}
        assert ids == {f"{RUN_ID}/0/RUNNING", f"{RUN_ID}/0/SUCCEEDED"}
