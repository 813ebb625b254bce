"""What a user writes to gather uploads and to work on them, and how it is told on."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from sluice.aws.table import failed_conditions
from sluice.errors import LimitError, MalformedMessageError
from sluice.grouping.group import parse_group_message
from sluice.messages import GroupedUpload
from sluice.pipeline.compiling import JobDefinitions, compile_pipeline
from sluice.pipeline.definition import Array, Job, Manual, Pipeline, Plan, S3Upload, Schedule, Step
from sluice.pipeline.validation.uploads import grouping_of
from sluice.run.submission import Submission
from sluice.run.submit_request import submit_request
from sluice.triggers.rerun import rerun_command
from sluice.triggers.trigger_event import (
    Request,
    S3Object,
    ScheduledTime,
    UploadGroup,
    argument,
    described,
    stored_trigger,
)
from tests.sluice.clouds import refused
from tests.sluice.graphs import QUEUES, RUN_ID, step
from tests.sluice.pipeline.validation.test_validation import mistakes_of, valid

FILES: list[Step] = [Plan("files"), Array("count", run="count", items_of="files")]
GROUP = UploadGroup(
    bucket="inbox",
    prefix="words/in-",
    suffix=".txt",
    group="g-1",
    files=1200,
    work_bucket="work",
    manifest="runs/r/items",
)


def echo(*words: str, **more: Any) -> list[Any]:
    """Return a step of a plain command."""
    return [Job("echo", image="busybox", command=["echo", *words], **more)]


@pytest.mark.parametrize(
    ("given", "seconds", "of"),
    [
        ({"group_within": "60s", "group_of": 10_000}, 60, 10_000),
        ({"group_within": "1s"}, 1, 10_000),
        ({"group_within": "15m"}, 900, 10_000),
        ({"group_within": "900s", "group_of": 1}, 900, 1),
        ({"group_of": 7}, 60, 7),
    ],
)
def test_what_gathers(given: dict[str, Any], seconds: int, of: int) -> None:
    """Seconds or minutes, up to a quarter of an hour; what is left out has its default."""
    upload = S3Upload(prefix="words/", **given)
    assert mistakes_of(valid(triggers=[upload])) == ""
    assert upload.gathers
    assert grouping_of(upload) == (seconds, of)


@pytest.mark.parametrize(
    "within", ["0s", "16m", "901s", "60", "1h", "1.5m", " 60s", "60 s", "", "-5s", "٣s", "99999999s"]
)
def test_no_time_to_gather_for(within: str) -> None:
    """It is told with what was found."""
    said = mistakes_of(valid(triggers=[S3Upload(prefix="words/", group_within=within)]))
    assert (
        f"triggers[0].group_within: expected a time from 1s to 15m, such as 45s or 5m, found {within!r}"
        in said
    )


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"group_of": 0}, "greater than or equal to 1"),
        ({"group_of": 10_001}, "less than or equal to 10000"),
        ({"group_of": "5"}, "a valid integer"),
        ({"group_within": 60}, "a valid string"),
    ],
)
def test_no_number_to_gather(given: dict[str, Any], says: str) -> None:
    """An array has 10,000 children."""
    assert says in mistakes_of(valid(triggers=[S3Upload(prefix="words/", **given)]))


def test_a_plan_of_uploads_needs_no_function() -> None:
    """With an upload trigger, or with one that may be given files; alone or beside others."""
    for triggers in (
        [S3Upload(prefix="w/")],
        [Manual()],
        [Schedule("rate(1 day)"), S3Upload(prefix="w/", group_of=5)],
    ):
        assert mistakes_of(valid(triggers=triggers, steps=FILES)) == ""


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"triggers": [Schedule("rate(1 day)")], "steps": FILES},
            "steps['files']: expected either run=, or a trigger that has files",
        ),
        (
            {"steps": [Job("a", run="merge"), Plan("files", after=["a"]), *FILES[1:]]},
            "steps['files'].after: expected nothing before",
        ),
        ({"steps": [Plan("files", image="busybox"), *FILES[1:]]}, "steps['files'].image"),
        ({"steps": [Plan("files", run="split", command=["x"], image="busybox"), *FILES[1:]]}, "found both"),
        ({"steps": [Job("a")]}, "steps['a']: expected either run= or command=, found neither"),
    ],
)
def test_a_plan_of_no_uploads(changes: dict[str, Any], says: str) -> None:
    """Each mistake is told by the step's name."""
    assert says in mistakes_of(valid(**changes))


def test_a_plan_of_uploads_is_compiled_without_a_job() -> None:
    """And travels with the run."""
    compiled = compile_pipeline(
        Pipeline(name="w", triggers=[Manual()], steps=FILES),
        JobDefinitions(steps={"count": "c"}, cleanup="x", gate="g"),
    )
    assert [(one.name, one.of_uploads, one.job_definition) for one in compiled.steps] == [
        ("files", True, ""),
        ("count", False, "c"),
        ("cleanup", False, "x"),
    ]
    assert type(compiled).from_json(compiled.to_json()) == compiled


@pytest.mark.parametrize(
    "words",
    [("{input}",), ("-n", "{input}", "{input}"), ("{", "}", "{}", '{"json": 1}', "${HOME}", "{ print $1 }")],
)
def test_words_of_commands(words: tuple[str, ...]) -> None:
    """The placeholder, and braces that are none."""
    assert mistakes_of(valid(steps=echo(*words))) == ""


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("{inputs}", "steps['echo'].command[1]: expected {input}, the only placeholder, found '{inputs}'"),
        ("{item}", "found '{item}'"),
        ("--in={input}", "expected {input} as a whole word, found '--in={input}'"),
    ],
)
def test_placeholders_that_nobody_fills_in(word: str, says: str) -> None:
    """AWS Batch would hand them to the program as they are."""
    assert says in mistakes_of(valid(steps=echo(word)))


def test_a_command_without_the_placeholder_gets_no_parameters() -> None:
    """Its request is what it was."""
    trigger = S3Object(bucket="inbox", key="words/a b.txt", version_id="v", etag="e", size=1).to_dict()
    for takes, expected in ((True, {"input": "s3://inbox/words/a b.txt"}), (False, None)):
        request = submit_request(RUN_ID, Submission(step("a", takes_input=takes), 1), QUEUES, {}, trigger)
        assert request.get("parameters") == expected
    compiled = compile_pipeline(
        Pipeline(name="w", triggers=[Manual()], steps=echo("{input}")),
        JobDefinitions(steps={"echo": "e"}, cleanup="x", gate="g"),
    )
    assert [one.takes_input for one in compiled.steps] == [True, False]


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        (GROUP, "s3://work/runs/r/items"),
        (Request(token="t", input={"žluť": [1, None]}), '{"žluť":[1,null]}'),
        (Request(token="t", input="plain text"), "plain text"),
        (Request(token="t"), "null"),
        (ScheduledTime(time="2030-01-31T09:00:00Z", expression="rate(1 day)", input=5), "5"),
    ],
)
def test_what_a_command_gets(trigger: Any, expected: str) -> None:
    """The address of the list for a group; the input as JSON, or the text that it is."""
    assert argument(trigger.to_dict()) == expected


def test_an_input_that_is_too_long_for_a_command_is_refused_before_it_is_sent() -> None:
    """A request to Batch has at most 30 KiB."""
    trigger = Request(token="t", input="x" * 31_000).to_dict()
    with pytest.raises(LimitError, match="the payload"):
        submit_request(RUN_ID, Submission(step("a", takes_input=True), 1), QUEUES, {}, trigger)


def test_a_group_is_told_and_stored_as_what_it_is() -> None:
    """Its words, its way through the ledger, and its identity, which is the group's alone."""
    assert stored_trigger(json.loads(json.dumps(GROUP.to_dict()))) == GROUP
    assert described(GROUP.to_dict()) == "s3://inbox/words/in-*.txt (1,200 files)"
    assert GROUP.identity() == {"group": "g-1"}


def test_a_group_is_run_again_by_storing_its_files_anew() -> None:
    """The command is one that a shell reads, with the folder and the pattern of the trigger."""
    words = shlex.split(rerun_command("words", GROUP))
    assert words[:5] == ["aws", "s3", "cp", "s3://inbox/words/", "s3://inbox/words/"]
    assert words[words.index("--include") + 1] == "in-*.txt"
    assert words[words.index("--exclude") + 1] == "*"


def test_messages_of_the_group_queue() -> None:
    """An upload keeps what a Triggered has, also through JSON."""
    definition = {"bucket": "b", "key": "k"}
    upload = GroupedUpload(
        pipeline="w", trigger="s3-group:w/*", definition=definition, detail={}, within=5, of=3
    )
    assert parse_group_message(upload.to_json()) == upload
    with pytest.raises(MalformedMessageError, match=r"GroupedUpload\.pipeline of type str"):
        parse_group_message(json.dumps(json.loads(upload.to_json()) | {"pipeline": 5}))


def test_the_places_of_failed_conditions() -> None:
    """As DynamoDB lists them, one for each write."""
    error = refused("TransactionCanceledException")
    error.response["CancellationReasons"] = [
        {"Code": code}
        for code in ("None", "ConditionalCheckFailed", "TransactionConflict", "ConditionalCheckFailed")
    ]
    assert failed_conditions(error) == {1, 3}
