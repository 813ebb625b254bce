"""Each view in Chromium, light and dark: it shows what it is about, and axe-core finds nothing wrong."""

from __future__ import annotations

import pytest

from tests.console.made_up.sizes import NASTY
from tests.console.page.chromium import PHONE, Visitor
from tests.console.page.views import USED_ON_A_PHONE, VIEWS

SHOWN = {
    "now": (
        "Needs you",
        "could not convert string to float",
        "Running",
        "Sets that are not complete",
        "Paused pipelines",
        "41 of 365 scheduled times left",
    ),
    "runs": ("flights-1", "Compare"),
    "graph": ("196/200", "merge"),
    "large-graph": ("1,000",),
    "children": ("Child 17", "s3://inbox/parts/"),
    "items": ("1,000,000 items", "10,000 children"),
    "failures": ("3 failures", "item 1,700", "Log"),
    "why": ("work waits for a machine that can hold it.", "MISCONFIGURATION", "3rd in the queue"),
    "logs": ("line 399", "The log has ended."),
    "results": ("counts.csv", "word999", "Download"),
    "timeline": ("vCPUs in use", "booting", "merge"),
    "input": ("Start again with this input", '"limit": 5'),
    "start": ("word-count", "next"),
    "form": ("With the input of", "The day to work on", "6,200 of at most 10,000 files"),
    "map": ("Starts with", "word-count/*.txt", "broken/<run>/"),
    "compare": ("differs", "2026-11-27"),
    "trends": ("median", "Steps that failed"),
    "uploads": ("17 of at most 100 files", "closes in", "text.TXT"),
    "queues": ("vCPU", "Sluice_Spot"),
    "alerts": (
        "Alarms of Sluice itself",
        "start a redrive",
        "broken failed at work",
        "12 more runs of flights",
        "All pipelines",
        "What it says",
    ),
    "doctor": ("Look again",),
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_shows_what_it_is_about(visitor: Visitor, name: str) -> None:
    """From its address alone, as somebody sees it who was sent that."""
    page = visitor.go(VIEWS[name])
    for text in SHOWN[name]:
        page.get_by_text(text).first.wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", VIEWS)
def test_axe_finds_no_violation(visitor: Visitor, name: str, theme: str) -> None:
    """In no view, light or dark."""
    visitor.go(VIEWS[name], theme=theme)
    assert visitor.violations() == []


@pytest.mark.parametrize("name", USED_ON_A_PHONE)
def test_a_phone_shows_it_without_scrolling_aside(visitor: Visitor, name: str) -> None:
    """Nothing is wider than the screen, and axe finds nothing there either."""
    page = visitor.go(VIEWS[name], size=PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    assert visitor.violations() == []


@pytest.mark.parametrize("name", ["now", "runs", "failures", "logs", "results", "uploads", "children"])
def test_a_name_with_html_in_it_is_text(visitor: Visitor, name: str) -> None:
    """It is read as it is; nothing becomes an element, and nothing runs."""
    page = visitor.go(VIEWS[name].replace("?pipeline=flights", ""))
    page.get_by_text(NASTY[:20]).first.wait_for()
    assert page.locator("main img").count() == 0


def test_an_address_of_nothing_says_so(visitor: Visitor) -> None:
    """And a run that is not there."""
    visitor.go("/no/such/view").get_by_text("There is no view").wait_for()
    visitor.go("/runs/nobody-7").get_by_role("alert").wait_for()
    # The browser's own word of the answer 404.
    visitor.complaints.clear()
