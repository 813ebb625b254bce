"""The check of the buckets that triggers name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cli.commands.doctor.checks.files import buckets
from cli.commands.doctor.finding import Level
from stacks.project import VARIABLE
from tests.cli.commands.doctor.fake_account import findings_of, refused

PIPELINE = """
from sluice import Job, Pipeline, S3Upload
pipeline = Pipeline(
    name="sales",
    triggers=[S3Upload(bucket="landing", prefix="sales/"{more})],
    steps=[Job("work", image="busybox", command=["true"])],
)
"""


def project(folder: Path, monkeypatch: pytest.MonkeyPatch, more: str = "") -> None:
    """Make a project whose pipeline reads a bucket the one that commands are about."""
    (folder / "pipelines").mkdir()
    (folder / "pipelines" / "sales.py").write_text(PIPELINE.format(more=more))
    (folder / "sluice.toml").touch()
    monkeypatch.setenv(VARIABLE, str(folder))


@pytest.mark.parametrize(
    ("answers", "level", "says"),
    [
        ({"GetBucketNotificationConfiguration": {}}, Level.ERROR, "its files do not start sales"),
        (
            {"GetBucketNotificationConfiguration": {"EventBridgeConfiguration": {}}},
            Level.OK,
            "landing sends its events, which start sales",
        ),
        ({"HeadBucket": refused("404")}, Level.ERROR, "found none of this name"),
        ({"HeadBucket": refused("403")}, Level.ERROR, "it is another account's"),
        ({"HeadBucket": {"BucketRegion": "eu-west-1"}}, Level.ERROR, "found it in eu-west-1"),
    ],
)
def test_a_bucket_that_starts_nothing_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: dict[str, Any], level: Level, says: str
) -> None:
    """It is not there, is elsewhere, or its events are switched off."""
    project(tmp_path, monkeypatch)
    ((found, text, _),) = findings_of(buckets.connected, **{"HeadBucket": {}, **answers})
    assert (found, says in text) == (level, True), text


def test_a_bucket_of_another_account_is_not_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only its owner sees the switch."""
    project(tmp_path, monkeypatch, ', account="111122223333"')
    ((level, text, fix),) = findings_of(buckets.connected)
    assert (level, "sluice connect landing" in fix) == (Level.NOT_CHECKED, True), text
