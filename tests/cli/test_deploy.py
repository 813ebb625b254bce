"""What `make deploy` refuses before it changes anything."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from cli import deploy
from cli.cloud import Cloud
from sluice.operate.listing.adopting import Adoption
from sluice.operate.listing.listing import list_runs
from stacks.configuration import Configuration, variable
from stacks.project import FILE as FILE_OF_PROJECT
from stacks.project import SETTINGS, VARIABLE
from tests.cli.harness import CommandHarness
from tests.sluice.clouds import TABLE, refused
from tests.sluice.operate.listing.older_runs import Unscannable, forget_listing
from tests.sluice.operate.runs.three_runs import begin_three_runs, words
from tests.sluice.operate.runs_in_a_queue import FIRST, begin_runs_in_bulk

FILE = """from sluice.pipeline.definition import Job, Manual, Pipeline
pipeline = Pipeline(name="words", triggers=[Manual()], steps=[Job("a", image="busybox", command=["true"])])
"""


def test_the_deploy_is_refused_with_what_to_do(harness: CommandHarness, tmp_path: Path) -> None:
    """The refusal names queue, run and setting; with the setting the deploy goes on, and so does the first
    one of all.
    """
    begin_runs_in_bulk(harness)
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "words.py").write_text(FILE)
    with pytest.raises(deploy.DeployError, match=f"bulk is needed by {FIRST}.*SLUICE_KEEP_QUEUES=bulk"):
        deploy._check_no_queue_is_needed(harness.cloud, Configuration(), tmp_path)
    deploy._check_no_queue_is_needed(harness.cloud, Configuration(keep_queues=("bulk",)), tmp_path)
    nothing = Cloud(harness.clients.__getitem__, "the test", "Other")
    deploy._check_no_queue_is_needed(nothing, Configuration(), tmp_path)


@pytest.fixture
def older(harness: CommandHarness, monkeypatch: pytest.MonkeyPatch) -> CommandHarness:
    """Three runs of a version without the index of runs, and a deploy that calls AWS Batch for nothing."""
    begin_three_runs(harness)
    for number in range(3):
        forget_listing(harness, words(number))
    monkeypatch.setattr(deploy, "tag_batch_resources", lambda *_: None)
    monkeypatch.setattr(deploy, "switch_insights", lambda *_: None)
    harness.clients["batch"] = harness.clients["ecs"] = None
    return harness


class ClientSession:
    """A session whose clients are a harness's."""

    def __init__(self, harness: CommandHarness) -> None:
        """Give these clients."""
        self._clients = harness.clients

    def create_client(self, service_name: str) -> Any:
        """Return a client of the harness."""
        return self._clients[service_name]

    def get_config_variable(self, logical_name: str) -> Any:
        """Have no setting."""
        return None

    def set_config_variable(self, logical_name: str, value: str) -> None:
        """Keep no setting."""


def test_runs_of_an_older_version_are_in_the_index_after_a_deploy(
    older: CommandHarness, tmp_path: Path
) -> None:
    """Also for people who may read only, and without that anybody has listed runs: no Scan from then on."""
    for _ in range(2):  # the index follows the table: the second deploy, or listing, says that it is complete
        deploy._finish(ClientSession(older), Configuration(), tmp_path)
    found = list_runs(Unscannable(older.client), TABLE, limit=5).runs
    assert [run.run_id for run in found] == [words(2), words(1), words(0)]


def test_a_deploy_goes_well_where_runs_cannot_be_put_into_the_index(
    older: CommandHarness,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It says so, and a later listing does it."""

    def busy(_: Adoption) -> bool:
        raise refused("ProvisionedThroughputExceededException", "slow down")

    with monkeypatch.context() as patch:
        patch.setattr(Adoption, "is_complete", busy)
        deploy._finish(ClientSession(older), Configuration(), tmp_path)
    assert "not in the index of runs yet" in capsys.readouterr().err
    assert len(list_runs(older.client, TABLE, limit=5).runs) == 3


DENIED = refused(
    "UnauthorizedOperation",
    "You are not authorized to perform: ec2:DescribeSubnets with an explicit deny in a service control"
    " policy",
)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (DENIED, "A service control policy of your organization"),
        (EndpointConnectionError(endpoint_url="https://x/"), "Expected an answer, found none"),
    ],
)
def test_what_an_account_forbids_is_said_in_a_sentence(
    error: Exception,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Any call before the stacks may be refused: the deploy ends without a traceback and changes nothing."""

    def where(_: object) -> tuple[str, str]:
        raise error

    (tmp_path / FILE_OF_PROJECT).touch()
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    monkeypatch.setattr(deploy, "_where", where)
    monkeypatch.setattr(deploy, "_cdk", lambda *_, **__: pytest.fail("nothing is to be deployed"))
    assert deploy.main() == 1
    assert words in " ".join(capsys.readouterr().err.split())


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting is in the environment: those of a cloud that other tests deploy to may be."""
    for setting in fields(Configuration):
        monkeypatch.delenv(variable(setting.name), raising=False)


class SettingsSession:
    """A session whose every client is CloudFormation with the last deploy's settings."""

    def create_client(self, service_name: str) -> SettingsSession:
        """Return the client."""
        return self

    def get_template(self, **_: str) -> dict[str, object]:
        """Return the template of a deploy that had an e-mail address and few spot vCPUs."""
        settings = {"alert_email": "ops@example.com", "max_vcpus_spot": "8"}
        return {"TemplateBody": {"Metadata": {SETTINGS: settings}, "Resources": {}}}


@pytest.mark.parametrize(
    ("written", "environment", "words"),
    [
        ("max_vcpus_spot = 8", {}, 'alert_email = "ops@example.com"'),
        ("", {"ALERT_EMAIL": "ops@example.com"}, 'max_vcpus_spot = "8"'),
        ('alert_email = ""\nmax_vcpus_spot = 9', {}, "the next check"),
        ("max_vcpus_spot = 9", {"ALERT_EMAIL": "new@example.com"}, "the next check"),
    ],
)
def test_a_deploy_takes_away_no_setting_by_saying_nothing_of_it(
    written: str,
    environment: dict[str, str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Neither of the file nor of the environment; what is said again, or said to be empty, goes on."""

    def next_check(*_: object) -> None:
        raise deploy.DeployError("the next check")

    (tmp_path / FILE_OF_PROJECT).write_text(f"[settings]\n{written}\n")
    for name, value in {VARIABLE: str(tmp_path), **environment}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("botocore.session.get_session", SettingsSession)
    monkeypatch.setattr(deploy, "_where", lambda _: ("111122223333", "eu-central-1"))
    monkeypatch.setattr(deploy, "_check_images_can_be_built", lambda: None)
    monkeypatch.setattr(deploy, "_bootstrapped", lambda _: True)
    monkeypatch.setattr(deploy, "_check_no_queue_is_needed", next_check)
    monkeypatch.setattr(deploy, "_cdk", lambda *_, **__: pytest.fail("nothing is to be deployed"))
    assert deploy.main() == 1
    assert words in " ".join(capsys.readouterr().err.split())
