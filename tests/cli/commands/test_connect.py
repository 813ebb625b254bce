"""`sluice connect`: shows, asks, changes one thing; writes what the other side must have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from cli.cloud import Cloud
from cli.commands.connect import BUCKET_POLICY, KEY_POLICY, TEMPLATE, connect
from cli.main import parser
from sluice.operate.buckets.event_switch import read_notifications
from tests.sluice.operate.buckets.fake_bucket import FakeBuckets

PIPELINE = """
from sluice import Job, Pipeline, S3Upload
KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab"
pipeline = Pipeline(
    name="sales",
    triggers=[
        S3Upload(bucket="landing", prefix="sales/"),
        S3Upload(bucket="theirs", prefix="a/", account="111122223333", region="eu-west-1", kms_key=KEY),
        S3Upload(bucket="far", prefix="b/", region="eu-west-1"),
    ],
    steps=[Job("work", image="busybox", command=["true"])],
)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one pipeline, which reads three buckets."""
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "sales.py").write_text(PIPELINE)
    return tmp_path


@pytest.fixture
def cloud() -> Cloud:
    """A cloud with the buckets of this account."""
    identity = {"Arn": "arn:aws:iam::999988887777:user/me"}
    sts = Mock(get_caller_identity=Mock(return_value=identity), meta=Mock(region_name="us-east-1"))
    clients = {"s3": FakeBuckets(landing="us-east-1", far="eu-west-1"), "sts": sts}
    return Cloud(clients.__getitem__, "the test")


def given(*words: str) -> Any:
    """Return what the parser makes of the words."""
    return parser().parse_args(["connect", *words])


def test_it_shows_asks_and_switches_on(
    cloud: Cloud, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A no changes nothing; a second time there is nothing to change, and nobody is asked."""
    assert connect(given("landing"), cloud, project, ask=lambda question: False) == 1
    assert not read_notifications(cloud.client("s3"), "landing").switched_on
    assert connect(given("landing"), cloud, project, ask=lambda question: True) == 0
    assert read_notifications(cloud.client("s3"), "landing").switched_on
    told = capsys.readouterr()
    assert "landing: EventBridge notifications off → on; nothing else of it changes" in told.err
    assert "sales/* starts sales" in told.out
    assert connect(given("landing", "--json"), cloud, project) == 0
    assert json.loads(capsys.readouterr().out) == {
        "bucket": "landing",
        "changed": False,
        "pipelines": ["sales"],
    }


def test_where_nobody_can_be_asked_nothing_is_changed(
    cloud: Cloud, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--yes` is the answer of a script."""
    assert connect(given("landing"), cloud, project) == 1
    assert "repeat the command with --yes" in capsys.readouterr().err
    assert connect(given("landing", "--yes"), cloud, project) == 0


def test_another_accounts_bucket_is_not_touched_and_its_documents_are_written(
    cloud: Cloud, project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The template, the bucket's statements and the key's."""
    folder = tmp_path / "theirs"
    assert connect(given("theirs", "--save", str(folder)), cloud, project) == 0
    assert {path.name for path in folder.iterdir()} == {TEMPLATE, BUCKET_POLICY, KEY_POLICY}
    assert "Forward" in json.loads((folder / TEMPLATE).read_text())["Resources"]
    assert "In account 111122223333, Region eu-west-1:" in capsys.readouterr().out


def test_a_bucket_of_another_region_is_switched_on_and_gets_a_rule_alone(
    cloud: Cloud, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The account's own policies need no others."""
    assert connect(given("far", "--yes"), cloud, project) == 0
    assert read_notifications(cloud.client("s3"), "far").switched_on
    out = capsys.readouterr().out
    assert list(json.loads(out[out.index("{") :])) == [TEMPLATE]
