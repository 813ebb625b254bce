"""Which cloud a command uses."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import NoRegionError

from cli.cloud import CHOICES, about_pipeline, cloud_of
from cli.main import main
from local.paths import DEFAULT_PORT, LocalCloudPaths
from local.server.lock import hold
from tests.cli.harness import CommandHarness
from tests.conftest import free_port


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalCloudPaths:
    """The place of a local cloud on the usual port, with nothing of AWS in the environment."""
    for name in (*CHOICES, "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SLUICE_HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return LocalCloudPaths.of(DEFAULT_PORT)


def test_a_local_cloud_that_runs(place: LocalCloudPaths, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a word in the environment, a local cloud on the usual port is used, and that is said beside the
    result.
    """
    with hold(place.pid_file):
        found = cloud_of({})
    assert found.client("batch").meta.endpoint_url == place.endpoint
    out, err = capsys.readouterr()
    assert (out, "this is the local cloud at http://127.0.0.1:4566" in err) == ("", True)


def test_the_only_local_cloud_on_another_port(place: LocalCloudPaths) -> None:
    """Of several that one on the usual port, and none where there is no such one."""
    other, third = (LocalCloudPaths.of(port) for port in (4571, 4572))
    with hold(other.pid_file):
        assert cloud_of({}).client("batch").meta.endpoint_url == other.endpoint
        with hold(third.pid_file):
            with pytest.raises(NoRegionError):
                cloud_of({}).client("batch")
            with hold(place.pid_file):
                assert cloud_of({}).client("batch").meta.endpoint_url == place.endpoint


@pytest.mark.parametrize("name", CHOICES)
def test_the_environment_comes_first(
    place: LocalCloudPaths, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The account or endpoint that the environment names is used, also while a local cloud runs."""
    with hold(place.pid_file):
        cloud_of({name: "http://127.0.0.1:9", "AWS_REGION": "eu-central-1"})
    assert capsys.readouterr().err == ""


def test_the_region_of_the_cli(place: LocalCloudPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_REGION counts, which botocore alone would not read."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert cloud_of().client("batch").meta.region_name == "eu-central-1"


def test_no_cloud_at_all(
    place: LocalCloudPaths, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a region, without credentials and without a local cloud a command says in a sentence what to
    do.
    """
    assert main(["runs"]) == 1
    assert "Expected a region, found none." in capsys.readouterr().err
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert main(["runs"]) == 1
    err = capsys.readouterr().err
    assert "Expected credentials of an AWS account, found none." in err
    assert "`sluice local up`" in err
    assert err.count("\n") == 1


def test_a_cloud_that_does_not_answer(
    place: LocalCloudPaths, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An endpoint without a listener is one sentence, and no traceback."""
    port = free_port()
    for name, value in LocalCloudPaths.of(port).client_environment().items():
        monkeypatch.setenv(name, value)
    assert main(["runs"]) == 1
    assert f"http://127.0.0.1:{port}/" in capsys.readouterr().err


@pytest.fixture
def two_pipelines(harness: CommandHarness) -> Any:
    """A cloud with two pipelines."""
    s3 = harness.clients["s3"]
    s3.create_bucket(Bucket="assets")
    s3.put_object(Bucket="assets", Key="a", Body=b'{"pipelines": {"bad-items": "b", "word-count": "c"}}')
    deployment = SimpleNamespace(definitions=("assets", "a"))
    return SimpleNamespace(client=harness.clients.__getitem__, deployment=deployment)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("bad-itms", " 'bad-itms' is no deployed pipeline. Did you mean 'bad-items'?"),
        ("zebra", " 'zebra' is no deployed pipeline."),
        ("a\x1b]52;c;x", r" 'a\x1b]52;c;x' is no deployed pipeline."),
        ("word-count", ""),
        (None, ""),
    ],
    ids=["near", "far", "hidden", "known", "none"],
)
def test_the_nearest_pipeline_is_named(two_pipelines: Any, name: str | None, said: str) -> None:
    """For a name that none has, with what is hidden in it made visible."""
    assert about_pipeline(two_pipelines, name) == said


def test_who_cannot_read_what_is_deployed_hears_nothing(two_pipelines: Any, harness: CommandHarness) -> None:
    """To list runs the ledger is enough."""
    assert about_pipeline(harness.cloud, "bad-itms") == ""
    two_pipelines.deployment.definitions = ("assets", "gone")
    assert about_pipeline(two_pipelines, "bad-itms") == ""
