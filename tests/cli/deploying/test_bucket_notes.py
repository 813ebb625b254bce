"""A deploy says which buckets of its pipelines are missing, and goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from cli import deploy
from cli.commands import local
from cli.commands.doctor.checks.files import buckets, results_buckets
from cli.deploying.bucket_notes import note_buckets
from local.paths import LocalCloudPaths
from local.server.lock import hold
from sluice.pipeline.definition import Job, Pipeline, S3Upload
from stacks.configuration import Configuration
from tests.conftest import free_port
from tests.sluice.operate.harness import REGION

PIPELINE = Pipeline(
    name="sales",
    triggers=[S3Upload(prefix="in/", bucket="team-inbox")],
    steps=[Job("a", image="busybox", command=["true"])],
    results="s3://team-results/sales/",
)
Client = Callable[[str], Any]


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """Return clients of an account, for a project whose pipeline names two buckets."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "123456789012")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    for module in (buckets, results_buckets):
        monkeypatch.setattr(module, "load_pipelines", lambda _: [PIPELINE])
    with mock_aws():
        yield botocore.session.get_session().create_client


def test_missing_buckets_are_named_with_what_makes_them(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those of results and of triggers; nothing fails with it."""
    note_buckets(client)
    notes = capsys.readouterr().err
    assert "error: results: The bucket team-results of sales is not there." in notes
    assert f"aws s3 mb s3://team-results --region {REGION}" in notes
    assert "error: buckets: " in notes
    assert "team-inbox" in notes


def test_nothing_is_said_of_buckets_that_are_as_they_must_be(
    client: Client, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are there; moto keeps no switch of EventBridge, so that no trigger names one here."""
    monkeypatch.setattr(buckets, "load_pipelines", lambda _: [])
    client("s3").create_bucket(Bucket="team-results")
    note_buckets(client)
    assert capsys.readouterr().err == ""


def test_a_check_that_is_refused_is_one_line(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    """A deploy needs no permission more."""

    class Refusing:
        def __init__(self, inner: Any) -> None:
            self.meta = inner.meta

        def __getattr__(self, name: str) -> Any:
            def refuse(**_: Any) -> None:
                raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, name)

            return refuse

    note_buckets(lambda service: Refusing(client(service)))
    notes = capsys.readouterr().err.splitlines()
    [line] = [note for note in notes if "Not checked" in note]
    assert line.startswith("sluice: warning: buckets: Not checked: ")
    assert "docs/cli.md" not in line


def test_each_deploy_says_it(
    client: Client, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not the first one alone, which checks the whole account; later ones go on."""
    monkeypatch.setattr("cli.commands.doctor.account.Account.resources", lambda *_: ["a-bucket"])

    class Session:
        create_client = staticmethod(client)

    deploy._examine(Session(), Configuration())  # type: ignore[arg-type]
    assert "team-results of sales is not there" in capsys.readouterr().err


def test_a_local_deploy_says_it(
    client: Client, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    """Of the local cloud, behind what was deployed."""
    from cli.main import main

    monkeypatch.setenv("SLUICE_HOME", str(tmp_path))
    monkeypatch.setattr(local, "_update", lambda *_: None)
    monkeypatch.setattr(local, "client_of", lambda _, service: client(service))
    place = LocalCloudPaths.of(free_port())
    with hold(place.pid_file):
        assert main(["local", "deploy", f"--port={place.port}"]) == 0
    assert "team-results of sales is not there" in capsys.readouterr().err
