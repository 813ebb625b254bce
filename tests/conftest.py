"""Fixtures for every folder of tests: clouds on this machine."""

import os
import socket
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import BrowserContext, sync_playwright

from local.deployment.deploy import deploy
from local.paths import LocalCloudPaths
from local.server import process
from stacks.project import VARIABLE
from tests.botocore_models import read_once
from tests.console.page.chromium import launched, why_not
from tests.e2e.project import project
from tests.moto_answers import find_names_once
from tests.moto_transactions import copy_what_is_named
from tests.workers import give_groups, put_longest_first

SECONDS, WHOLE_PATH_SECONDS = 600, 3_600
"""What a test may take with its fixtures, on a machine far slower than any that we have: it is there against
tests that hang, and no test waits for it to pass."""
NO_DEADLINE = "no deadline"
EMAIL, PHONE = "ops@example.com", "+15550100199"


def pytest_configure(config: pytest.Config) -> None:
    """Let every botocore session of the tests share what it reads of services, and moto not do over and over
    what it does once. Let no example of Hypothesis have a deadline, whose default is 200 ms: that would
    measure the machine. https://hypothesis.readthedocs.io/en/latest/reference/api.html#hypothesis.settings
    """
    settings.register_profile(NO_DEADLINE, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    if not config.getoption("--hypothesis-profile", None):
        settings.load_profile(NO_DEADLINE)
    patch = pytest.MonkeyPatch()
    read_once(patch)
    find_names_once(patch)
    copy_what_is_named(patch)
    config.add_cleanup(patch.undo)


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, object, object]:
    """Give each test a time limit, where the plugin that holds it is installed (``make setup``), and the
    worker that runs it, where there are several: before pytest-xdist looks at the groups, and in order after
    the others have shuffled.
    """
    if config.pluginmanager.hasplugin("timeout"):
        for item in items:
            if item.get_closest_marker("timeout") is None:
                # The marker of those in tests/e2e comes after this.
                is_whole_path = "/e2e/" in str(item.path) or item.get_closest_marker("e2e")
                limit = WHOLE_PATH_SECONDS if is_whole_path else SECONDS
                item.add_marker(pytest.mark.timeout(limit))
    is_worker = hasattr(config, "workerinput")
    if is_worker:
        give_groups(items)
    found = yield
    if is_worker:
        put_longest_first(items)
    return found


@pytest.fixture(autouse=True)
def _no_project_is_left() -> Iterator[None]:
    """Let ``--project`` of a command be about that command's test alone."""
    before = os.environ.get(VARIABLE)
    yield
    if before is None:
        os.environ.pop(VARIABLE, None)
    else:
        os.environ[VARIABLE] = before


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
    """The app that is deployed: the examples, with the pipelines of tests/e2e/pipelines beside them."""
    return project(tmp_path_factory.mktemp("app") / "project")


@pytest.fixture(scope="session")
def deployed_cloud(
    tmp_path_factory: pytest.TempPathFactory, deployed_project: Path
) -> Iterator[LocalCloudPaths]:
    """A running local cloud with the app deployed, its console, NAT, a recipient of alerts and IAM enforced;
    the tests of a session share it.
    """
    place = LocalCloudPaths(free_port(), tmp_path_factory.mktemp("deployed"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALERT_EMAIL", EMAIL)
        patch.setenv("ALERT_PHONE", PHONE)
        patch.setenv("SLUICE_NAT", "true")  # multi-node jobs need it; here it costs nothing
        patch.setenv("SLUICE_CONSOLE", "true")
        process.start(place)
        try:
            deploy(place, print, deployed_project)
            yield place
        finally:
            process.stop(place)


@pytest.fixture(scope="session")
def browser() -> Iterator[BrowserContext]:
    """Chromium, started once: a process may have its driver once. Where it cannot be had the test is skipped,
    and says why.
    """
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    with sync_playwright() as playwright, launched(playwright) as context:
        yield context
