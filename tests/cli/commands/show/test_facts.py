"""`sluice show`: the input, the results, and the reasons of what failed."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from cli.commands.show.command import show
from sluice import keys
from sluice.items.failed_items import FailedItem
from sluice.items.manifest import write_manifest
from sluice.operate.listing.labels import label_run
from sluice.run.compiled import Kind
from sluice.run.decision import decide
from sluice.run.state import Run, RunState, StepState
from sluice.triggers.trigger_event import (
    Request,
    S3Object,
    ScheduledTime,
    TriggerEvent,
    UploadGroup,
    WebhookDelivery,
)
from tests.cli.harness import CommandHarness
from tests.sluice.clouds import START, TABLE
from tests.sluice.graphs import RUN_ID, pipeline, step

NOW = START.isoformat(timespec="milliseconds")
UPLOAD = S3Object(bucket="inbox", key="words/a.txt", version_id="v7", etag="", size=12_345)


def begin(harness: CommandHarness, trigger: TriggerEvent) -> None:
    """Begin a run with a plan and an array, whose children are submitted."""
    graph = pipeline(
        step("split", Kind.PLAN), step("count", Kind.ARRAY, items_of="split"), step("merge", after=("count",))
    )
    run = Run(run_id=RUN_ID, pipeline=graph, trigger=trigger.to_dict(), created_at=NOW)
    assert harness.ledger.start(run, decide(graph, {}).submissions)


def write_failed_items(harness: CommandHarness, *numbers: int) -> None:
    """Write what the last attempts of children said of these items, a child for each ten."""
    for child in sorted({number // 10 for number in numbers}):
        own = [number for number in numbers if number // 10 == child]
        lines = [
            FailedItem(
                number=number,
                value=json.dumps({"n": number}),
                error="ValueError",
                message=f"item {number} is odd",
                child=child,
                attempt=1,
            ).to_line()
            for number in own
        ]
        key = keys.failed_items(RUN_ID, "count", 0, child, 1, 0)
        harness.clients["s3"].put_object(Bucket="work", Key=key, Body="".join(lines).encode())
        word = f"{keys.words_prefix(RUN_ID, 'count', 0)}{child}-{10 - len(own)}-{len(own)}-1-0.json"
        harness.clients["s3"].put_object(Bucket="work", Key=word)


def submitted(harness: CommandHarness) -> None:
    """Let the plan find its items, and the others have jobs."""
    manifest = keys.manifest(RUN_ID, "split", "a")
    items = [{"n": number} for number in range(20)]
    write_manifest(harness.clients["s3"], "work", manifest, items)
    found = harness.ledger.load(RUN_ID)
    assert found is not None
    plan = replace(found.steps["split"], manifest=manifest, items=20, state=StepState.SUCCEEDED)
    claims = decide(found.pipeline, {"split": plan}).submissions
    assert harness.ledger.claim(RUN_ID, claims, NOW)
    harness.ledger.record_submitted(RUN_ID, {"count": "job-count", "merge": "job-merge"})


def failed(harness: CommandHarness, reports: dict[int, tuple[str, int]]) -> None:
    """Let children of the array fail with these reports, by child: the message and the item."""
    submitted(harness)
    s3 = harness.clients["s3"]
    for child, (message, item) in reports.items():
        report = {"error": "ValueError", "message": message, "item": item}
        key = keys.failure(RUN_ID, "count", child, 0)
        s3.put_object(Bucket="work", Key=key, Body=json.dumps(report).encode())
    summary = {"SUCCEEDED": 20 - len(reports), "FAILED": len(reports)}
    array = {"size": 20, "statusSummary": summary}
    harness.jobs.add("job-count", status="FAILED", arrayProperties=array, startedAt=1, stoppedAt=2)
    for child in reports:
        harness.jobs.add(
            f"job-count:{child}",
            status="FAILED",
            arrayProperties={"index": child},
            attempts=[{"container": {"exitCode": 1}}] * 2,
            container={"exitCode": 1},
            startedAt=1_000,
            stoppedAt=3_500,
        )
    harness.jobs.add("job-merge", status="FAILED", statusReason="Dependent Job failed")
    for name, reason in (("count", f"{len(reports)} of 20 children failed"), ("merge", "a job (Dependent)")):
        harness.ledger.record_end(RUN_ID, name, StepState.FAILED, job_id=f"job-{name}", reason=reason)
    harness.end(RUN_ID, RunState.FAILED, "count")


def shown(harness: CommandHarness, capsys: pytest.CaptureFixture[str], *more: str) -> str:
    """Return what is printed."""
    show(harness.given("show", RUN_ID, *more), harness.cloud)
    return capsys.readouterr().out


def test_a_file_has_its_version_and_size(harness: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """And the results their place and names."""
    begin(harness, UPLOAD)
    for name in ("a.csv", "b/c.csv"):
        harness.clients["s3"].put_object(Bucket="results", Key=f"words/{RUN_ID}/{name}", Body=b"12")
    text = shown(harness, capsys)
    for part in ("s3://inbox/words/a.txt", "version  v7", "12,345 bytes", f"s3://results/words/{RUN_ID}/"):
        assert part in text, text
    assert "a.csv  2 bytes" in text


def test_labels_stand_beside_the_input(harness: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """And are a list for programs; a run without any has no such line."""
    begin(harness, UPLOAD)
    assert "labels" not in shown(harness, capsys)
    label_run(harness.client, TABLE, RUN_ID, ["why=test run", "team=data"])
    (line,) = [line for line in shown(harness, capsys).splitlines() if line.startswith("labels")]
    assert line.split(maxsplit=1) == ["labels", "team=data why=test run"]
    assert json.loads(shown(harness, capsys, "--json"))["labels"] == ["team=data", "why=test run"]


def test_a_request_has_its_json_cut(harness: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """With how much is left out."""
    begin(harness, Request(token="t", input={"symbols": ["A" * 600]}))
    text = shown(harness, capsys)
    assert '{"symbols": ["AAAA' in text
    assert "more characters: --json has all" in text
    assert json.loads(shown(harness, capsys, "--json"))["trigger"]["input"]["symbols"] == ["A" * 600]


@pytest.mark.parametrize(
    ("trigger", "lines"),
    [
        (
            WebhookDelivery(form="github", id="d1", event="push", input={"text": "x" * 600}),
            ["input    github webhook push d1", 'body     {"text": "xxx', "more characters: --json has all"],
        ),
        (
            ScheduledTime(expression="rate(1 day)", time="2026-01-01T00:00:00Z", input={"n": 1}),
            ["rate(1 day)", 'given    {"n": 1}', "time     2026-01-01T00:00:00Z"],
        ),
        (
            UploadGroup(
                bucket="inbox",
                prefix="words/",
                suffix=".txt",
                group="g-1",
                files=1_234,
                work_bucket="work",
                manifest="runs/r/items.jsonl",
            ),
            ["s3://inbox/words/*.txt (1,234 files)", "files    s3://work/runs/r/items.jsonl"],
        ),
    ],
    ids=["webhook", "schedule", "group"],
)
def test_whatever_started_a_run_is_shown(
    trigger: TriggerEvent, lines: list[str], harness: CommandHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """A webhook's body is cut."""
    begin(harness, trigger)
    text = shown(harness, capsys)
    for part in lines:
        assert part in text, text


def test_reasons_are_grouped_with_items(harness: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """18 different ones: each kind once, the most frequent first."""
    begin(harness, UPLOAD)
    reports = {child: (f"no city {child}", child) for child in range(5)}
    failed(harness, {**reports, 9: ("bad date", 9)})
    text = shown(harness, capsys)
    assert '  5 times: ValueError: no city 0\n      item 0 {"n": 0}, item 1 {"n": 1}, item 2' in text
    assert '  once: ValueError: bad date\n      item 9 {"n": 9}\n' in text
    groups = json.loads(shown(harness, capsys, "--json"))["failures"]["count"]["groups"]
    assert [(one["count"], one["items"][0]) for one in groups] == [(5, [0, '{"n": 0}']), (1, [9, '{"n": 9}'])]


def test_a_step_that_never_ran_has_not_failed(
    harness: CommandHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """It waited for one that did."""
    begin(harness, UPLOAD)
    failed(harness, {3: ("x", 3)})
    states = {one["name"]: one["state"] for one in json.loads(shown(harness, capsys, "--json"))["steps"]}
    assert (states["count"], states["merge"]) == ("FAILED", "NOT_RUN")


def test_a_steps_children_are_shown(harness: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """By state, and the failed ones with attempts, exit code and reason."""
    begin(harness, UPLOAD)
    failed(harness, {3: ("no city", 3), 7: ("bad date", 7)})
    text = shown(harness, capsys, "count")
    assert "2 FAILED, 18 SUCCEEDED" in text
    rows = [line.split() for line in text.splitlines() if line.startswith(("3 ", "7 "))]
    assert rows == [
        ["3", "2", "1", "2.5", "s", "ValueError:", "no", "city", "(item", "3)"],
        ["7", "2", "1", "2.5", "s", "ValueError:", "bad", "date", "(item", "7)"],
    ]
    document = json.loads(shown(harness, capsys, "count", "--json"))
    assert [(one["child"], one["exit_code"], one["attempts"]) for one in document["failed"]] == [
        (3, 1, 2),
        (7, 1, 2),
    ]


def test_inner_words_are_not_shown(harness: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """A claimed step is being submitted."""
    begin(harness, UPLOAD)
    text = shown(harness, capsys)
    assert "CLAIMED" not in text
    assert "SUBMITTED" in text


def test_each_failed_item_is_counted(harness: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """Not each child, which reports the first of its items alone; a child that failed outside of any item is
    one failure.
    """
    begin(harness, UPLOAD)
    failed(harness, {0: ("item 1 is odd", 1), 7: ("it is broken", 7)})
    write_failed_items(harness, 1, 3, 5, 11)
    harness.ledger.record_end(RUN_ID, "count", StepState.FAILED, job_id="job-count", reason="4 failed")
    harness.end(RUN_ID, RunState.FAILED, "count")
    assert show(harness.given("show", RUN_ID), harness.cloud) == 1
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert "4 times: ValueError: item 1 is odd" in lines
    assert 'item 1 {"n": 1}, item 3 {"n": 3}, item 5 {"n": 5}, …' in lines
    assert "once: ValueError: it is broken" in lines


def test_failures_that_are_tolerated_have_their_reasons_too(
    harness: CommandHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """The end of a followed run names this command for them."""
    begin(harness, UPLOAD)
    submitted(harness)
    write_failed_items(harness, 1, 3, 11)
    harness.jobs.add("job-count", status="SUCCEEDED", startedAt=1, stoppedAt=2)
    harness.jobs.add("job-merge", status="SUCCEEDED", startedAt=3, stoppedAt=4)
    harness.ledger.record_end(RUN_ID, "count", StepState.SUCCEEDED, job_id="job-count", failed_items=3)
    harness.ledger.record_end(RUN_ID, "merge", StepState.SUCCEEDED, job_id="job-merge")
    harness.end(RUN_ID, RunState.SUCCEEDED, "merge")
    assert show(harness.given("show", RUN_ID), harness.cloud) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    start = lines.index("Why items of count failed, which is tolerated:")
    assert lines[start + 1 :] == [
        "3 times: ValueError: item 1 is odd",
        'item 1 {"n": 1}, item 3 {"n": 3}, item 11 {"n": 11}',
        f"Each child: sluice logs {RUN_ID} count --failed",
    ]


def test_a_run_is_shown_whose_results_cannot_be_listed(
    harness: CommandHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """That the bucket is not there may be why it failed."""
    begin(harness, UPLOAD)
    failed(harness, {3: ("no bucket", 4)})
    harness.clients["s3"].delete_bucket(Bucket="results")
    text = shown(harness, capsys)
    assert f"s3://results/words/{RUN_ID}/ cannot be listed: found no bucket results" in text
    assert "once: ValueError: no bucket" in text
    document = json.loads(shown(harness, capsys, "--json"))
    assert (document["results"], document["results_unreadable"]) == ([], "no bucket results")


def cleanup_failed(harness: CommandHarness) -> None:
    """Let a run succeed and its cleanup fail."""
    graph = pipeline(step("a"), step("cleanup", Kind.CLEANUP, after=("a",)))
    run = Run(run_id=RUN_ID, pipeline=graph, trigger=UPLOAD.to_dict(), created_at=NOW)
    assert harness.ledger.start(run, decide(graph, {}).submissions)
    harness.ledger.record_submitted(RUN_ID, {"a": "job-a", "cleanup": "job-c"})
    harness.jobs.add("job-c", status="FAILED")
    harness.ledger.record_end(RUN_ID, "a", StepState.SUCCEEDED, job_id="job-a")
    harness.ledger.record_end(RUN_ID, "cleanup", StepState.FAILED, job_id="job-c", reason="AccessDenied")
    harness.end(RUN_ID, RunState.SUCCEEDED)


def test_a_run_that_succeeded_says_that_its_cleanup_failed(
    harness: CommandHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """And which command runs it again; the run has succeeded all the same."""
    cleanup_failed(harness)
    assert show(harness.given("show", RUN_ID), harness.cloud) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "cleanup cleanup FAILED 0 of 1 AccessDenied" in text
    assert "The run succeeded, but its cleanup failed, for the reason above:" in text
    assert f"sluice retry {RUN_ID} runs the cleanup again, and no step." in text
    assert json.loads(shown(harness, capsys, "--json"))["cleanup_failed"] == "AccessDenied"
