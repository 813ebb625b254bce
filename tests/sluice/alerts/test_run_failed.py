"""The alert of a failed run fits its medium, and its commands can be pasted."""

from __future__ import annotations

import json
import shlex
from typing import Any

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from sluice.alerts.run_failed import Alert
from sluice.triggers.trigger_event import Request, S3Object, ScheduledTime


def alert(**changes: Any) -> Alert:
    """Return an alert with some facts changed."""
    facts: dict[str, Any] = {
        "pipeline": "words",
        "run_id": "words-" + "a" * 20,
        "step": "count",
        "reason": "2 of 100 children failed",
        "trigger": S3Object(bucket="inbox", key="words/a.txt", version_id="v1", etag="", size=1),
        "children": 100,
        "region": "us-east-1",
        "results_bucket": "results",
        "job_id": "job-1",
    }
    return Alert(**{**facts, **changes})


@given(st.text(), st.sampled_from(["a", "p" * 40]), st.sampled_from(["a", "gate-0-499-" + "s" * 40]))
def test_a_text_message_is_one_message_and_ends_with_the_run(reason: str, pipeline: str, step: str) -> None:
    """140 characters of ASCII: one other character makes a message hold 70."""
    text = alert(reason=reason, pipeline=pipeline, step=step).message().sms
    assert len(text.encode("ascii")) <= 140
    assert text.isprintable()
    assert text.endswith(f"({'a' * 20})")


def test_a_short_text_message_is_whole() -> None:
    """Nothing is cut that fits."""
    assert alert().message().sms == f"Sluice: words/count failed: 2 of 100 children failed ({'a' * 20})"


def test_a_subject_is_ascii_and_short() -> None:
    """As SNS asks."""
    subject = alert(pipeline="p" * 80, step="č" * 80).message().subject_line()
    assert subject.isascii()
    assert len(subject) < 100
    assert "\n" not in subject


KEYS = [
    "a.txt",
    "it's",
    'say "x"',
    "a b",
    "$(rm -rf ~)",
    "`id`",
    "žluť/日本",
    "a+b%25",
    "a\\b",
    "-n",
    "a;b&c|d",
    "a\nb",
    "*",
]


@pytest.mark.parametrize("key", KEYS)
def test_the_command_that_runs_it_again_copies_that_version_of_that_object(key: str) -> None:
    """The shell reads the words; the AWS CLI hands them to botocore; S3 finds the object."""
    with mock_aws():
        s3: Any = botocore.session.get_session().create_client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="inbox")
        s3.put_bucket_versioning(Bucket="inbox", VersioningConfiguration={"Status": "Enabled"})
        old = s3.put_object(Bucket="inbox", Key=key, Body=b"old")["VersionId"]
        s3.put_object(Bucket="inbox", Key=key, Body=b"new")
        words = shlex.split(
            alert(trigger=S3Object(bucket="inbox", key=key, version_id=old, etag="", size=3)).rerun_command
        )
        assert words[:3] == ["aws", "s3api", "copy-object"]
        options = dict(zip(words[3::2], words[4::2], strict=True))
        assert options["--key"] == key
        s3.copy_object(
            Bucket=options["--bucket"],
            Key=options["--key"],
            CopySource=options["--copy-source"],
            MetadataDirective=options["--metadata-directive"],
        )
        assert s3.get_object(Bucket="inbox", Key=key)["Body"].read() == b"old"


def test_an_e_mail_says_what_failed_where_why_and_what_to_do() -> None:
    """In full."""
    mail = alert(log_group="/g", log_stream="s/1", log_lines=("Traceback", "ValueError")).message().email
    for part in (
        "words",
        "count",
        "2 of 100",
        "job-1",
        "100 children",
        "| ValueError",
        "$252Fg",
        "s3://results/words/",
        "copy-object",
    ):
        assert part in mail, part


@pytest.mark.parametrize("given", [None, "it's", {"a": [1, 'say "x"']}, "žluť\n"])
def test_the_command_that_asks_again_sends_the_same_input_with_another_token(given: Any) -> None:
    """The shell reads one word, an event that the pipeline's rule matches."""
    words = shlex.split(alert(trigger=Request(token="t", input=given)).rerun_command)
    (entry,) = json.loads(words[-1])
    assert (words[:4], entry["Source"], entry["DetailType"]) == (
        ["aws", "events", "put-events", "--entries"],
        "sluice",
        "Run Requested",
    )
    assert json.loads(entry["Detail"]) == {"pipeline": "words", "input": given, "token": "t-again"}


def test_a_schedule_runs_again_by_itself() -> None:
    """Nothing is left to do once the cause is fixed."""
    mail = alert(trigger=ScheduledTime(time="2030-01-31T09:00:00Z", expression="rate(1 day)")).message().email
    assert "rate(1 day) at 2030-01-31T09:00:00Z" in mail
    assert "it runs by itself at the next time of rate(1 day)" in mail


def test_an_e_mail_without_a_job_or_a_log_says_so() -> None:
    """A step that could not be submitted has neither."""
    mail = alert(job_id=None, children=1).message().email
    assert "could not be submitted" in mail
    assert "last lines" not in mail


def test_the_message_has_a_text_for_each_medium() -> None:
    """As SNS's MessageStructure json asks."""
    message = alert().message()
    assert json.loads(message.sns_message()) == {
        "default": message.email,
        "email": message.email,
        "sms": message.sms,
    }


def test_a_missing_permission_comes_first_even_if_only_the_log_names_it() -> None:
    """In the e-mail and in the text message."""
    denied = (
        "botocore: User: arn:aws:sts::1:assumed-role/jobs/x is not authorized to perform: s3:PutObject on"
        " resource: r"
    )
    message = alert(reason="the program ended with exit code 1", log_lines=(denied, "exit")).message()
    assert (
        "Why:      the permission s3:PutObject is missing: the program ended with exit code 1"
        in message.email
    )
    assert "the permission s3:PutObject is missing" in message.sms


def test_an_array_says_how_many_failed_and_why_the_first_did() -> None:
    """Beside the child whose log is shown."""
    mail = (
        alert(failed=7, child=12, child_reason="the program ended with exit code 3", log_lines=("boom",))
        .message()
        .email
    )
    assert "Job:      job-1 (7 of 100 children failed)" in mail
    assert "child 12: the program ended with exit code 3" in mail
    assert "The last lines of the log of child 12:\n  | boom" in mail


def test_a_run_can_be_resumed_or_started_again() -> None:
    """Both commands are there."""
    mail = alert().message().email
    assert f"sluice retry words-{'a' * 20}\n" in mail
    assert "aws s3api copy-object" in mail


@pytest.mark.parametrize(
    ("region", "host"),
    [("eu-west-1", "eu-west-1.console.aws.amazon.com"), ("cn-north-1", "console.amazonaws.cn")],
)
def test_links_lead_to_the_regions_own_console(region: str, host: str) -> None:
    """China has another."""
    assert (
        f"https://{host}/batch/home?region={region}#jobs/detail/job-1" in alert(region=region).message().email
    )


def test_a_multi_node_job_says_which_nodes_log_is_shown() -> None:
    """The node that failed first, and not the main node that failed because of it."""
    mail = alert(children=1, node=2, log_lines=("boom",)).message().email
    assert "The last lines of the log of node 2:\n  | boom" in mail
    assert "log of child" not in mail
    assert "Job:      job-1\n" in mail


def test_a_text_message_has_no_room_for_the_names_of_buckets() -> None:
    """It has keys; the e-mail has the address in full."""
    message = alert(
        reason="TextError: s3://sluicestorage-inboxa8e05dc3-afc399676fb13/words/a.txt, byte 0: expected UTF-8"
    ).message()
    assert "TextError: words/a.txt, byte 0: expected UTF-8" in message.sms
    assert "s3://sluicestorage-inboxa8e05dc3-afc399676fb13/words/a.txt" in message.email
