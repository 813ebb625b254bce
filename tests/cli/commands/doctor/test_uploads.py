"""What `sluice doctor uploads` prints, and its exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.commands.doctor.uploads import uploads
from stacks.project import VARIABLE
from tests.cli.harness import CommandHarness

INBOX = "inbox"
PIPELINE = """
from sluice import Job, Pipeline, S3Upload

pipeline = Pipeline(
    name="words",
    triggers=[S3Upload(prefix="texts/", suffix=".txt")],
    steps=[Job("count", image="public.ecr.aws/docker/library/python:3.12-slim", command=["true"])],
)
"""


@pytest.fixture
def inbox(harness: CommandHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandHarness:
    """A project with one trigger, and its inbox."""
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "words.py").write_text(PIPELINE)
    (tmp_path / "sluice.toml").write_text("")
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    harness.clients["cloudformation"].outputs["SluiceStorage"]["InboxBucket"] = INBOX
    harness.clients["s3"].create_bucket(Bucket=INBOX)
    return harness


def _put(inbox: CommandHarness, *keys: str) -> None:
    for key in keys:
        inbox.clients["s3"].put_object(Bucket=INBOX, Key=key, Body=b"x")


def test_files_that_started_nothing(inbox: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """Each with the trigger that nearly took it; exit code 1, as for any finding."""
    _put(inbox, "texts/a.txt", "texts/b.TXT", "text/\x1bc.txt")
    assert uploads(inbox.given("doctor", "uploads"), inbox.cloud) == 1
    out = capsys.readouterr().out
    assert "texts/a.txt" not in out
    assert (
        "texts/b.TXT\n  → The nearest trigger takes texts/*.txt (words). Upper and lower case count." in out
    )
    assert "this key does not begin with texts/" in out
    assert "\x1b" not in out


def test_json_and_limits(inbox: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """For programs; and it says when there are more."""
    _put(inbox, "a", "b")
    assert uploads(inbox.given("doctor", "uploads", "--json", "--limit", "1"), inbox.cloud) == 1
    out, err = capsys.readouterr()
    (found,) = json.loads(out)
    assert set(found) == {"key", "size", "at", "why"}
    assert "there are more: --limit N" in err


def test_nothing_to_find(inbox: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0."""
    _put(inbox, "texts/a.txt", "other/a")
    assert uploads(inbox.given("doctor", "uploads", "--prefix", "texts/"), inbox.cloud) == 0
    assert "Every file that was looked at has a trigger." in capsys.readouterr().out
