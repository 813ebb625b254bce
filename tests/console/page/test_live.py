"""The page over the backend of real runs, with AWS in memory: what that answers is understood."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, expect

from console.live.backend import LiveBackend
from tests.console.live.conftest import CountedCloud, backend, cloud, large
from tests.console.page.chromium import served, visiting
from tests.sluice.clouds import START
from tests.sluice.graphs import RUN_ID, pipeline, step

__all__ = ["backend", "cloud", "large"]

_BEGAN = START.isoformat(timespec="milliseconds")
SHOWN = {
    "": "3,000/10,000",
    "/steps/work": "1,000,000 items",
    "/why": "merge",
    "/failures": "No failure is recorded",
    "/timeline": "work",
    "/input": "Start again with this input",
}


def test_a_real_run_of_a_large_array_is_shown(
    browser: BrowserContext, backend: LiveBackend, cloud: CountedCloud, large: str
) -> None:
    """Each of its views; opening its graph costs a few calls of AWS, however many children there are."""
    with served(backend) as access:
        visitor = visiting(browser, access)
        visitor.go("/").get_by_text(large[-12:]).first.wait_for()
        cloud.calls.clear()
        for place, text in SHOWN.items():
            visitor.go(f"/runs/{large}{place}").get_by_text(text).first.wait_for()
        visitor.page.close()
    assert visitor.complaints == []


def test_the_graph_is_there_from_the_first_second(
    browser: BrowserContext, backend: LiveBackend, cloud: CountedCloud
) -> None:
    """Of a run of which no job has begun: all its steps are there, and say for what they wait."""
    cloud.harness.begin(RUN_ID, _BEGAN, pipeline(step("a"), step("b", after=("a",))))
    with served(backend) as access:
        visitor = visiting(browser, access)
        page = visitor.go(f"/runs/{RUN_ID}?step=b")
        expect(page.locator("tr[data-state=SUBMITTED]")).to_have_count(2)
        waits = page.get_by_role("region", name="Step b").get_by_role("listitem")
        expect(waits).to_have_text("b waits for the success of a, which is submitted.")
        page.get_by_role("img", name="Graph of 2 steps").or_(page.locator("canvas")).first.wait_for()
        visitor.page.close()
    assert visitor.complaints == []
