"""Fixtures for every folder of tests: clouds on this machine."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.deployment.deploy import deploy
from local.paths import LocalCloudPaths
from local.server import process
from tests.e2e.project import project

EMAIL, PHONE = "ops@example.com", "+15550100199"


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloudPaths]:
    """A running local cloud without the app, with IAM off; the tests of a session share it."""
    place = LocalCloudPaths(free_port(), tmp_path_factory.mktemp("cloud"))
    process.start(place)
    yield place
    process.stop(place)


@pytest.fixture(scope="session")
def deployed_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app that is deployed: this repository's, with the pipelines of tests/e2e/pipelines beside its
    own.
    """
    return project(tmp_path_factory.mktemp("app") / "project")


@pytest.fixture(scope="session")
def deployed_cloud(
    tmp_path_factory: pytest.TempPathFactory, deployed_project: Path
) -> Iterator[LocalCloudPaths]:
    """A running local cloud with the app deployed, NAT, a recipient of alerts and IAM enforced; the tests of
    a session share it.
    """
    place = LocalCloudPaths(free_port(), tmp_path_factory.mktemp("deployed"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALERT_EMAIL", EMAIL)
        patch.setenv("ALERT_PHONE", PHONE)
        patch.setenv("SLUICE_NAT", "true")  # multi-node jobs need it; here it costs nothing
        process.start(place)
        try:
            deploy(place, print, deployed_project)
            yield place
        finally:
            process.stop(place)
