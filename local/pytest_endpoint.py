"""A pytest fixture that gives any project's tests an AWS endpoint, with AWS Batch, on this machine.

Write `pytest_plugins = ["local.pytest_endpoint"]` into the root `conftest.py` of the project.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from local.paths import LocalCloudPaths
from local.server import process


@pytest.fixture(scope="session")
def aws_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloudPaths]:
    """An empty local cloud, which ends with the tests of the session."""
    paths = LocalCloudPaths(_free_port(), tmp_path_factory.mktemp("aws"))
    process.start(paths)
    try:
        yield paths
    finally:
        process.stop(paths)


@pytest.fixture(scope="session")
def aws_endpoint(aws_cloud: LocalCloudPaths) -> str:
    """The URL of an empty local cloud; what it takes is signed with the key of ``aws_environment``."""
    return aws_cloud.endpoint


@pytest.fixture
def aws_environment(aws_cloud: LocalCloudPaths, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The variables by which every AWS client of a test, and of what it starts, finds that cloud; they are
    set.
    """
    variables = dict(aws_cloud.client_environment())
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    return variables


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
