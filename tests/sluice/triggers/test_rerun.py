"""The command that starts a run again from what started it."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import botocore.session
import pytest
from moto import mock_aws

from sluice.triggers.rerun import rerun_command, resume_command
from sluice.triggers.trigger_event import Request, S3Object, ScheduledTime, UploadGroup

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
    "it's \x1b]52;c;x\x07\\ \u202e",
]


def shell_words(command: str) -> list[str]:
    """Return the words that a shell makes of a command."""
    script = f"printf '%s\\0' {command}"
    printed = subprocess.run(["bash", "-c", script], capture_output=True, check=True).stdout
    return printed.decode().split("\0")[:-1]


def test_a_command_is_shown_as_it_is() -> None:
    """A key can hide nothing in it, and still is found by it."""
    command = rerun_command("words", S3Object(bucket="b", key=KEYS[-1], version_id="", etag="", size=1))
    assert command.isprintable()


def test_a_group_is_run_again_by_storing_its_files_again() -> None:
    """The command is one that a shell reads, with the folder and the pattern of the trigger."""
    group = UploadGroup(
        bucket="inbox",
        prefix="words/in-",
        suffix=".txt",
        group="g-1",
        files=1200,
        work_bucket="work",
        manifest="runs/r/items",
    )
    words = shell_words(rerun_command("words", group))
    assert words[:5] == ["aws", "s3", "cp", "s3://inbox/words/", "s3://inbox/words/"]
    assert words[words.index("--include") + 1] == "in-*.txt"
    assert words[words.index("--exclude") + 1] == "*"


@pytest.mark.parametrize("key", KEYS)
def test_the_command_that_runs_it_again_copies_that_version_of_that_object(key: str) -> None:
    """The shell reads the words; the AWS CLI hands them to botocore; S3 finds the object."""
    with mock_aws():
        s3: Any = botocore.session.get_session().create_client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="inbox")
        s3.put_bucket_versioning(Bucket="inbox", VersioningConfiguration={"Status": "Enabled"})
        old = s3.put_object(Bucket="inbox", Key=key, Body=b"old")["VersionId"]
        s3.put_object(Bucket="inbox", Key=key, Body=b"new")
        words = shell_words(
            rerun_command("words", S3Object(bucket="inbox", key=key, version_id=old, etag="", size=3))
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


@pytest.mark.parametrize("given", [None, "it's", {"a": [1, 'say "x"']}, "žluť\n"])
def test_the_command_that_repeats_a_request_sends_the_same_input_with_another_token(given: Any) -> None:
    """The shell reads one word, an event that the pipeline's rule matches."""
    words = shell_words(rerun_command("words", Request(token="t", input=given)))
    (entry,) = json.loads(words[-1])
    assert (words[:4], entry["Source"], entry["DetailType"]) == (
        ["aws", "events", "put-events", "--entries"],
        "sluice",
        "Run Requested",
    )
    assert json.loads(entry["Detail"]) == {"pipeline": "words", "input": given, "token": "t-again"}


def test_a_schedule_starts_the_next_run_itself() -> None:
    """There is no command."""
    trigger = ScheduledTime(time="2030-01-31T09:00:00Z", expression="rate(1 day)")
    assert rerun_command("words", trigger) == "it runs by itself at the next time of rate(1 day)"


def test_a_failed_run_is_resumed_by_its_id() -> None:
    """What has succeeded is not repeated."""
    assert resume_command("words-a") == "sluice retry words-a"
