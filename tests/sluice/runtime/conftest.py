"""A cloud for the jobs of one test, and a run in it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from uuid import uuid4

import pytest

from local.batch.runtime.warm.parents import WarmParents
from local.paths import LocalCloudPaths
from sluice.run.state import Run
from sluice.runtime.__main__ import _stop
from tests.sluice.runtime import functions
from tests.sluice.runtime.jobs import Jobs, aws, jobs_at
from tests.sluice.runtime.probe import PIPELINE


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Jobs]:
    """Jobs over an empty cloud."""
    with aws(monkeypatch) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def local_jobs(cloud: LocalCloudPaths) -> Jobs:
    """What jobs need, in the local cloud; the tests of a session share it."""
    variables = cloud.client_environment()
    return jobs_at(cloud.endpoint, (variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"]))


@pytest.fixture
def processes(local_jobs: Jobs, cloud: LocalCloudPaths, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    """Jobs that run as processes, over the local cloud."""
    for name, value in cloud.client_environment().items():
        monkeypatch.setenv(name, value)
    local_jobs.mark = uuid4().hex[:20]
    return local_jobs


@pytest.fixture
def parents() -> Iterator[WarmParents]:
    """Parents of an engine."""
    made = WarmParents()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten items, and nothing done yet."""
    monkeypatch.setattr(functions, "items", [{"n": number} for number in range(10)])
    monkeypatch.setattr(functions, "worked", [])


@pytest.fixture
def run(jobs: Jobs) -> Run:
    """A run that has begun."""
    begun = jobs.upload(PIPELINE, "probe/a b+c%.txt", b"input")
    jobs.module = "tests.sluice.runtime.functions"
    return begun


@pytest.fixture
def stoppable() -> Iterator[None]:
    """SIGTERM as the entry point handles it."""
    before = signal.signal(signal.SIGTERM, _stop)
    yield
    signal.signal(signal.SIGTERM, before)
