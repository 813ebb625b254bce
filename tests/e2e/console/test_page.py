"""The console in a real browser over a cloud that enforces IAM: from a dragged file to its result, a failure
to its retry, and what one may not do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from cli.cloud import Cloud
from cli.commands.demo import files
from console.catalog import catalog_of
from console.live.backend import LiveBackend
from sluice.ledger.pauses import Pauses
from sluice.operate.deployment import Deployment
from tests.console.page.chromium import Visitor, served, visiting
from tests.console.page.test_doing import DROP
from tests.e2e.access.person import Person
from tests.e2e.application import SECONDS, Application

LONG = SECONDS * 1000
"""Milliseconds, against waiting for ever."""


@contextmanager
def console(
    browser: BrowserContext, app: Application, client: Callable[[str], Any], root: Path
) -> Iterator[Visitor]:
    """Yield a tab that has opened a console with somebody's clients; nothing may go wrong in it."""
    cloud = Cloud(client, "the test's cloud")
    backend = LiveBackend(cloud=cloud, where="the test's cloud", catalog=lambda: catalog_of(root))
    with served(backend) as access:
        visitor = visiting(browser, access)
        visitor.page.set_default_timeout(LONG)
        yield visitor
        visitor.page.close()
    assert [one for one in visitor.complaints if "404" not in one] == []


@pytest.fixture
def visitor(browser: BrowserContext, app: Application, deployed_project: Path) -> Iterator[Visitor]:
    """A tab of the one who deployed."""
    with console(browser, app, app.client, deployed_project) as found:
        yield found


def run_of(page: Page) -> str:
    """Return the run whose view is open."""
    return page.url.partition("/runs/")[2].partition("/")[0].partition("?")[0]


def wait_for_state(page: Page, word: str) -> None:
    """Wait until the run that is looked at has a state, without another look."""
    page.locator(".run-head .state", has_text=word).wait_for()


def test_a_dragged_file_runs_before_ones_eyes_and_its_result_is_downloaded(
    visitor: Visitor, app: Application
) -> None:
    """The page is never loaded again: each change comes to it."""
    page = visitor.go("/start/word-count")
    page.evaluate(DROP, ["dragged.txt", "to be or not to be\n"])
    page.get_by_role("link", name="started …").click()
    page.wait_for_url("**/runs/word-count-*")
    page.evaluate("window.sameDocument = true")
    wait_for_state(page, "succeeded")
    assert page.evaluate("window.sameDocument") is True
    run = app.ledger.load(run_of(page))
    assert run is not None
    app.wait_until_ended(run.run_id)
    visitor.go(f"/runs/{run.run_id}/results")
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download counts.json").click()
    taken = Path(downloading.value.path()).read_bytes()
    assert taken == app.published(run, "counts.json")
    assert b'"to"' in taken


def test_a_failure_is_read_from_its_reason_to_its_log_and_retried(visitor: Visitor, app: Application) -> None:
    """The same run goes on, and fails again: its file is as broken as before."""
    failed = app.ended(app.put("flights/in-the-browser.csv", files.broken()))
    page = visitor.go(f"/runs/{failed.run_id}/failures")
    page.locator(".failure .reason").first.wait_for()
    page.locator(".failure").get_by_role("link", name="Log").first.click()
    page.wait_for_url("**/logs?*")
    page.get_by_text("Error").first.wait_for()
    visitor.go(f"/runs/{failed.run_id}")
    page.get_by_role("button", name="Retry", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("It will do this:").wait_for()
    dialog.get_by_role("button", name="Retry", exact=True).click()
    dialog.get_by_text("Done:").wait_for()
    dialog.get_by_role("button", name="Close").click()
    app.wait_until_ended(failed.run_id)
    wait_for_state(page, "failed")
    again = app.ledger.load(failed.run_id)
    assert again is not None
    assert again.reopened == 1


def test_a_run_that_the_button_started_is_cancelled(visitor: Visitor, app: Application) -> None:
    """Its jobs, which would wait for minutes, are ended."""
    page = visitor.go("/start/slow-vendor")
    page.get_by_label("Input, as JSON").fill('{"seconds": 60}')
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url("**/runs/slow-vendor-*")
    wait_for_state(page, "running")
    page.get_by_role("button", name="Cancel", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Cancel", exact=True).click()
    dialog.get_by_text("Done:").wait_for()
    dialog.get_by_role("button", name="Close").click()
    wait_for_state(page, "cancelled")
    assert app.wait_until_ended(run_of(page)).state == "CANCELLED"


def test_a_paused_pipeline_goes_on_by_the_button(visitor: Visitor, app: Application) -> None:
    """With the pause that the ledger has."""
    pauses = Pauses(app.client("dynamodb"), app.outputs["LedgerTable"])
    pauses.pause("ring", "a test", "2026-11-28T00:00:00.000+00:00")
    page = visitor.go("/")
    page.get_by_role("button", name="Unpause: ring").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Unpause", exact=True).click()
    dialog.get_by_text("Done:").wait_for()
    dialog.get_by_role("button", name="Close the window").click()
    expect(page.get_by_role("button", name="Unpause: ring")).to_have_count(0, timeout=LONG)


def test_who_may_only_watch_is_told_which_permission_is_missing(
    browser: BrowserContext, app: Application, deployed_project: Path
) -> None:
    """The button is grey then, and the run is as it was."""
    failed = app.ended(app.put("flights/watched.csv", files.broken()))
    person = Person(app, "watch")
    assert Deployment(person.client("cloudformation"), "here").table
    with console(browser, app, person.client, deployed_project) as visitor:
        page = visitor.go(f"/runs/{failed.run_id}")
        page.get_by_role("button", name="Retry", exact=True).click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Retry", exact=True).click()
        dialog.get_by_role("alert").wait_for()
        dialog.get_by_role("button", name="Close").click()
        expect(page.get_by_role("button", name="Retry needs")).to_have_attribute("aria-disabled", "true")
        # The browser's own word of the answer 403.
        visitor.complaints.clear()
    after = app.ledger.load(failed.run_id)
    assert after is not None
    assert after.reopened == 0


def test_who_may_not_read_alarms_is_told_so_and_sees_the_alerts(
    browser: BrowserContext, app: Application, deployed_project: Path
) -> None:
    """IAM's own refusal: the policy for those who only watch has no such action."""
    person = Person(app, "watch")
    assert Deployment(person.client("cloudformation"), "here").table
    with console(browser, app, person.client, deployed_project) as visitor:
        page = visitor.go("/alerts")
        page.get_by_text("Not shown: that needs cloudwatch:DescribeAlarms.").wait_for()
        page.get_by_role("heading", name="Sent").wait_for()
        # The browser's own word of the answer 403: this policy has no look-up of queues for the changes.
        visitor.complaints.clear()
