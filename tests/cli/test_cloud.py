"""Which cloud a command looks at."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, NoRegionError

from cli.cloud import CHOICES, cloud_of
from cli.failures import CommandError, explained
from cli.main import main
from local.paths import DEFAULT_PORT, LocalCloudPaths
from local.server.lock import hold
from tests.cli.world import CommandWorld
from tests.conftest import free_port
from tests.sluice.clouds import TABLE, refused
from tests.sluice.graphs import QUEUES


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


@pytest.mark.parametrize("name", CHOICES)
def test_the_environment_comes_first(
    place: LocalCloudPaths, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever names an account or an endpoint gets it, also while a local cloud runs."""
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


def test_what_the_stacks_say(world: CommandWorld) -> None:
    """The ledger and the queues are those of the stacks' outputs."""
    assert (world.cloud.table, world.cloud.queues) == (TABLE, QUEUES)


def test_sluice_is_not_deployed(world: CommandWorld) -> None:
    """A cloud without the stacks is refused with what to do; so are stacks of another age."""
    del world.clients["cloudformation"].outputs["SluiceStorage"]["LedgerTable"]
    with pytest.raises(
        CommandError, match="the stack SluiceStorage in the test to have the output LedgerTable, found none"
    ):
        _ = world.cloud.table
    del world.clients["cloudformation"].outputs["SluiceStorage"]
    with pytest.raises(CommandError, match=r"found no stack SluiceStorage\. Deploy it with `make deploy`"):
        _ = world.cloud.table


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NoCredentialsError(), "aws configure"),
        (NoRegionError(), "AWS_REGION"),
        (EndpointConnectionError(endpoint_url="https://x/"), "AWS_ENDPOINT_URL"),
        (
            refused("AccessDeniedException", "not authorized to perform: batch:TerminateJob"),
            "docs/cli.md lists what each command",
        ),
        (
            refused("ThrottlingException", "Rate exceeded"),
            "AWS refused SubmitJob: ThrottlingException: Rate exceeded.",
        ),
    ],
)
def test_refusals_say_what_to_do(error: ClientError, words: str) -> None:
    """What AWS answers is told in a sentence with what to do."""
    assert words in explained(error)
