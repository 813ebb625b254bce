"""Whatever is long, every medium takes the alert, and it still says which run failed, where and why."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import chain, combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.alerts.alert_message import AlertMessage
from sluice.alerts.digest import digest_message
from sluice.alerts.early_alerts import blocked, delayed, invalid
from sluice.alerts.queue_messages import QueueBlocked
from sluice.alerts.run_events import LATE as LATE_EVENT
from sluice.alerts.run_events import STATE_CHANGE, change, entry
from sluice.alerts.run_failed import Alert
from sluice.alerts.series import CLEANUP_FAILED, FILES_AFTER, SETS_LATE, Series
from sluice.alerts.set_reported import set_reported
from sluice.messages import LATE, EnvironmentInvalid, RunDelayed, SetReport
from sluice.run.compiled import CompiledPipeline, CompiledStep, Kind
from sluice.run.state import Run, RunState
from sluice.triggers.trigger_event import (
    MAX_INPUT_BYTES,
    Request,
    S3Object,
    TriggerEvent,
    UploadGroup,
    WebhookDelivery,
)

PIPELINE, STEP = "p" * 40, "gate-0-499-" + "s" * 40
RUN_ID = f"{PIPELINE}-{'a' * 20}"
# What takes most room in one medium or another: escaped as JSON, in a shell, in UTF-8, as a hidden character.
LETTERS = {
    "plain": "x",
    "quote": '"',
    "apostrophe": "'",
    "backslash": "\\",
    "two bytes": "ž",
    "four bytes": "\U0001f600",
    "control": "\x1b",
    "override": "\u202e",
    "tag": "\U000e0041",
    "line": "\n",
}
SNS_BYTES, BUS_BYTES = 262_144, 262_144


def in_bytes(letter: str, size: int) -> str:
    """Return the longest text of one letter that has at most so many bytes."""
    return letter * (size // len(letter.encode()))


def triggers(letter: str) -> list[TriggerEvent]:
    """Return the largest event of each kind of trigger that may be long."""
    inside = in_bytes(letter, MAX_INPUT_BYTES // max(len(json.dumps(letter)) - 2, len(letter.encode())) - 4)
    key = in_bytes(letter, 1024)
    group: dict[str, Any] = {
        "suffix": key[:200],
        "group": "g",
        "files": 9,
        "work_bucket": "w",
        "manifest": "m",
    }
    return [
        Request(token=letter * 128, input=inside),
        Request(token="t", input=1, overrides={"a": {"environment": {"A": inside}}}),
        S3Object(bucket="b" * 63, key=key, version_id="v" * 1024, etag="e", size=1),
        UploadGroup(bucket="b" * 63, prefix=key, **group),
        WebhookDelivery(form="github", id=letter * 8_000, event=letter * 8_000, input=inside),
    ]


def alert(trigger: TriggerEvent, letter: str, **changes: Any) -> Alert:
    """Return the alert whose every part is as long as it can be, and longer."""
    facts: dict[str, Any] = {
        "pipeline": PIPELINE,
        "run_id": RUN_ID,
        "step": STEP,
        "reason": "ValueError: seven " + letter * 200_000,
        "trigger": trigger,
        "children": 10_000,
        "failed": 10_000,
        "child": 9_999,
        "child_reason": letter * 100_000,
        "region": "us-gov-west-1",
        "results_bucket": "r" * 63,
        "job_id": "j" * 40,
        "log_group": "/g" * 250,
        "log_stream": "s" * 512,
        "log_lines": (letter * 300_000,) * 12,
    }
    return Alert(**{**facts, **changes})


def assert_fits(message: AlertMessage, *said: str, in_text: tuple[str, ...] = ()) -> None:
    """Check every form of a message against the limit of its medium, and that all say what matters."""
    whole = message.sns_message()
    assert len(whole.encode()) <= SNS_BYTES
    texts = json.loads(whole)
    assert texts["default"] == texts["email"]
    assert len(texts["sms"].encode("ascii")) <= 140
    assert len(message.subject_line().encode("ascii")) < 100
    assert 1 <= len(message.title()) <= 1024
    assert 1 <= len(message.description()) <= 2048
    for text in (texts["email"], message.description()):
        assert [one for one in said if one not in text] == []
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert [one for one in in_text if one not in texts["sms"]] == []


@pytest.mark.parametrize("letter", LETTERS.values(), ids=LETTERS)
@pytest.mark.parametrize("kind", range(5))
@pytest.mark.parametrize("alone", [True, False], ids=["the input alone", "all at once"])
def test_the_longest_alert_of_a_failed_run_fits(letter: str, kind: int, alone: bool) -> None:
    """The largest input, key, reason and log, each kind of letter; the input also with short other parts."""
    trigger = triggers(letter)[kind]
    short = {"reason": "ValueError: seven", "child_reason": None, "log_lines": ("last",)} if alone else {}
    message = alert(trigger, letter, **short).message()
    said = (PIPELINE, STEP, RUN_ID, "ValueError: seven")
    assert_fits(message, *said, in_text=("ppp", "gate-0-499", "(" + "a" * 20 + ")", "ValueError: seve"))
    email = json.loads(message.sns_message())["email"]
    assert f"sluice retry {RUN_ID}" in email
    assert f"All of it: sluice logs {RUN_ID} {STEP} 9999" in email


def test_what_is_cut_says_where_the_whole_stands() -> None:
    """The reason; a request that no message can hold is not repeated in it."""
    email = alert(Request(token="t", input="x" * 100_000), "x").message().email
    assert f"[cut: `sluice show {RUN_ID}` has it all]" in email
    assert f"\n    sluice rerun {RUN_ID}\n" in email


SHORT: dict[str, Any] = {
    "trigger": Request(token="t", input=None),
    "reason": "ValueError: seven",
    "child_reason": None,
    "log_lines": ("last",),
}


@pytest.mark.parametrize(
    "long", list(chain.from_iterable(combinations(SHORT, size) for size in range(5))), ids=str
)
@pytest.mark.parametrize("kind", [0, 2])
def test_every_combination_of_long_and_short_parts_fits(long: tuple[str, ...], kind: int) -> None:
    """Of a request or a key, the reason, that of a child, and the log; with what takes most room as JSON, as
    UTF-8, and as a hidden character.
    """
    for letter in ('"', "\U0001f600", "\x1b"):
        short = {name: value for name, value in SHORT.items() if name not in long}
        trigger = short.pop("trigger", triggers(letter)[kind])
        message = alert(trigger, letter, **short).message()
        assert_fits(message, PIPELINE, STEP, RUN_ID, "ValueError: seven", in_text=("(" + "a" * 20 + ")",))


@pytest.mark.parametrize("letter", LETTERS.values(), ids=LETTERS)
def test_the_alert_of_a_failed_cleanup_fits(letter: str) -> None:
    """Whatever the reason is."""
    failed = replace(
        alert(triggers(letter)[0], letter, child=None, child_reason=None), is_cleanup=True, followed=True
    )
    assert_fits(failed.message(), PIPELINE, RUN_ID, in_text=("(" + "a" * 20 + ")", "cleanup failed"))


def test_a_digest_of_failed_cleanups_has_a_command_that_finds_their_runs() -> None:
    """Which have succeeded."""
    series = Series(pipeline="words", what=CLEANUP_FAILED, total=9, since="2026-01-01T00:00:00", reporting=5)
    assert "sluice retry --pipeline words --since 2026-01-01T00:00 --state succeeded" in (
        digest_message(series).email
    )


@pytest.mark.parametrize("letter", LETTERS.values(), ids=LETTERS)
def test_digests_and_reports_of_sets_fit(letter: str) -> None:
    """However long the newest reason is, or the name of a set, which is made of parts of keys."""
    long = "because " + letter * 200_000
    series = Series(
        pipeline=PIPELINE,
        what=f"failed at the step {STEP} for the same reason",
        total=10_000,
        since="2026-01-01T00:00:00+00:00",
        newest=RUN_ID,
        why=long,
        reporting=9_997,
    )
    assert_fits(
        digest_message(series), PIPELINE, STEP, RUN_ID, "9,997", "because", in_text=("9,997", "because")
    )
    for what in (SETS_LATE, FILES_AFTER):
        of_sets = digest_message(replace(series, what=what, newest=in_bytes(letter, 1_000)))
        assert_fits(of_sets, PIPELINE, what, "9,997", "because", in_text=("9,997", "because"))
    for name in ("date=2026-01-01", in_bytes(letter, 1_000)):
        report = SetReport(pipeline=PIPELINE, set=name, event="late:0", text=long)
        assert_fits(set_reported(report), PIPELINE, "sluice sets list", in_text=("ppp", "because"))


@given(st.text(st.characters()), st.lists(st.text(st.characters()), max_size=12), st.text(st.characters()))
def test_any_text_fits_and_forges_no_line(reason: str, lines: list[str], key: str) -> None:
    """Each line of the e-mail is one that Sluice wrote."""
    upload = S3Object(bucket="b", key=key, version_id="v", etag="", size=1)
    message = alert(upload, "", reason=f"{reason}\nRun:      forged", log_lines=tuple(lines)).message()
    assert_fits(message, PIPELINE, STEP, RUN_ID)
    runs = [
        line for line in json.loads(message.sns_message())["email"].split("\n") if line.startswith("Run:")
    ]
    assert runs == [f"Run:      {RUN_ID}"]


def run(trigger: dict[str, Any]) -> Run:
    """Return a run of the pipeline with the longest name."""
    steps = (CompiledStep(STEP, Kind.JOB, "d", "normal"),)
    began = "2026-01-01T00:00:00.000+00:00"
    return Run(run_id=RUN_ID, pipeline=CompiledPipeline(PIPELINE, steps), trigger=trigger, created_at=began)


@pytest.mark.parametrize("letter", LETTERS.values(), ids=LETTERS)
def test_early_alerts_and_events_fit(letter: str) -> None:
    """However long what AWS, or a sender, says."""
    long = "because " + letter * 200_000
    for trigger in triggers(letter):
        one = run(trigger.to_dict())
        late = RunDelayed(run=RUN_ID, delay=LATE, why=long)
        assert_fits(delayed(one, late), PIPELINE, RUN_ID, "because", in_text=("ppp", "because"))
        for kind in (STATE_CHANGE, LATE_EVENT):
            sent = entry(change(one, RunState.FAILED, one.created_at, STEP, long), kind)
            # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html
            assert 14 + sum(len(text.encode()) for text in sent.values()) <= BUS_BYTES
            detail = json.loads(sent["Detail"])
            assert (detail["run"], detail["pipeline"], detail["failed_step"]) == (RUN_ID, PIPELINE, STEP)
            assert detail["reason"].startswith("because")
    for name in (f"{RUN_ID}_{STEP}_0", long):
        queue = QueueBlocked(queue="a/" + "q" * 128, job_id="j" * 40, job_name=name, reason=long)
        assert_fits(blocked(queue, "us-east-1"), "q" * 128, "because")
    environment = EnvironmentInvalid(environment="e" * 128, reason=long)
    assert_fits(invalid(environment, "us-east-1"), "e" * 128, "because")
