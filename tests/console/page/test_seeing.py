"""What a person finds in the page: runs by what is known of them, why something waits, how long what took."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import parse_qsl

import pytest
from playwright.sync_api import expect

from console.backend import RunQuery
from sluice.run.state import RunState
from tests.console.made_up.backend import MadeUp
from tests.console.page.chromium import Visitor

BUTTONS = {
    "retry": ("Retry", "3 failed items of work are worked on again", "running"),
    "retry-current": ("Retry with current code", "image 9f3c instead of 1b2a", "running"),
    "cancel": ("Cancel", "2 jobs are ended, and nothing new is submitted", "cancelled"),
}


@pytest.mark.parametrize("action", BUTTONS)
def test_each_button_says_what_it_will_do_and_its_result_is_seen(
    visitor: Visitor, backend: MadeUp, action: str
) -> None:
    """Nothing before the second press; then the run is seen to change, without another look."""
    word, does, state = BUTTONS[action]
    page = visitor.go("/runs/broken-0")
    page.get_by_role("button", name=word, exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text(does).wait_for()
    assert backend.acts == []
    assert visitor.violations() == []
    dialog.get_by_role("button", name=word, exact=True).click()
    dialog.get_by_text("Done:").wait_for()
    dialog.get_by_role("button", name="Close").click()
    page.locator(".run-head .state", has_text=state).wait_for()
    assert backend.acts == [("ada", action, "broken-0")]


def test_a_step_that_waits_says_for_what(visitor: Visitor) -> None:
    """When it is chosen in the graph; why the run waits as a whole is a view, with since when."""
    page = visitor.go("/runs/wide-0?step=merge")
    step = page.get_by_role("region", name="Step merge")
    step.get_by_text("waits for at least 99 % of its items").wait_for()
    visitor.go("/runs/stuck-0/why")
    reason = page.locator(".cards li").first
    reason.get_by_role("img", name="blocked").wait_for()
    expect(reason.get_by_role("time")).to_have_text("9 min ago")
    expect(reason).to_contain_text("MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE")


def test_a_run_that_waits_for_its_turn_leads_to_those_ahead(
    visitor: Visitor, backend: MadeUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the whole run that waits, and none of its steps."""
    waiting = replace(backend.run("stuck-0").run, state="WAITING")
    monkeypatch.setattr(backend, "_line", lambda _: waiting)
    page = visitor.go("/runs/stuck-0/why")
    reason = page.locator(".cards li").first
    reason.get_by_text("The run", exact=True).wait_for()
    expect(reason.get_by_role("link")).to_have_attribute("href", "/runs/wide-0")


def test_a_step_that_never_ran_says_so_and_waits_for_nothing(visitor: Visitor) -> None:
    """Its run is over."""
    page = visitor.go("/runs/broken-0/steps/merge")
    page.get_by_text("It never ran").wait_for()
    expect(page.get_by_role("link", name="Why does it wait?")).to_have_count(0)


@pytest.mark.parametrize(("run", "step"), [("wide-0", "work"), ("flights-2", "merge")])
def test_logs_begin_with_what_runs_or_ended_last(visitor: Visitor, run: str, step: str) -> None:
    """Where nothing failed and the address names no step."""
    page = visitor.go(f"/runs/{run}/logs")
    expect(page.get_by_label("Step")).to_have_value(step)
    page.get_by_text("line 19:").wait_for()


def test_a_timeline_has_each_attempt_and_generation(visitor: Visitor) -> None:
    """Waiting, booting and working apart, told in words as well; and the vCPUs in use."""
    page = visitor.go("/runs/broken-0/timeline")
    track = page.get_by_role("listitem").filter(has=page.get_by_role("link", name="work")).get_by_role("img")
    said = str(track.get_attribute("aria-label"))
    assert said.split("; ") == [
        "waiting, 8.0 s, succeeded",
        "booting, 6.0 s, succeeded",
        "working, 26 s, failed",
        "waiting, 4.0 s, attempt 2, succeeded",
        "booting, 4.0 s, attempt 2, succeeded",
        "working, 12 s, attempt 2, failed",
        "waiting, 6.0 s, generation 1, succeeded",
        "booting, 4.0 s, generation 1, succeeded",
        "working, 18 s, generation 1, succeeded",
    ]
    assert track.locator(".segment").count() == len(said.split("; "))
    assert track.locator(".segment.failed").count() == 2
    page.get_by_role("img", name="vCPUs in use over time, at most 64").wait_for()
    page.locator(".lanes").get_by_role("link", name="work").click()
    page.wait_for_url("**/runs/broken-0/steps/work")


def test_trends_say_how_long_and_how_often_it_failed(visitor: Visitor, backend: MadeUp) -> None:
    """Each run is a bar that leads to it, told in words; another pipeline is chosen."""
    page = visitor.go("/trends/flights")
    found = backend.trends("flights")
    failed = sum(run.state == "FAILED" for run in found.runs)
    expect(page.locator(".figure", has_text="failed")).to_contain_text(f"{failed} %")
    bars = page.get_by_role("list", name="Runs, the oldest first").get_by_role("link")
    expect(bars).to_have_count(100)
    expect(bars.filter(has=page.locator(".bad").first).first).to_have_accessible_name(
        re.compile(": failed, ")
    )
    bars.last.click()
    page.wait_for_url(f"**/runs/{found.runs[-1].run_id}")
    page.go_back()
    page.get_by_label("Pipeline").select_option("word-count")
    page.wait_for_url("**/trends/word-count")


@pytest.mark.parametrize(
    ("label", "text", "query"),
    [
        ("Label", "customer=acme", "label=customer%3Dacme"),
        ("File or input", "file-5001", "input=file-5001"),
        ("To", "2026-11-03", "until=2026-11-03"),
    ],
)
def test_runs_are_found_by_what_is_known_of_them(
    visitor: Visitor, backend: MadeUp, label: str, text: str, query: str
) -> None:
    """A label, a part of the file or input, a day: in the address, so that it can be sent to somebody."""
    page = visitor.go("/runs")
    page.get_by_label(label, exact=True).fill(text)
    page.keyboard.press("Tab")
    page.wait_for_url(f"**/runs?{query}")
    found = backend.runs(RunQuery(**dict(parse_qsl(query)))).runs
    names = page.locator("tbody .run-name")
    # As many may have stood there before.
    expect(names.first).to_have_attribute("title", found[0].run_id)
    expect(names).to_have_count(len(found))
    assert [one.get_attribute("title") for one in names.all()] == [run.run_id for run in found]
    assert len(found) > 0
    assert [run.run_id for run in found] != [run.run_id for run in backend.runs(RunQuery()).runs]
    visitor.go(f"/runs?{query}")
    expect(names.first).to_have_attribute("title", found[0].run_id)
    expect(names).to_have_count(len(found))
    expect(page.get_by_label(label, exact=True)).to_have_value(text)
    page.get_by_role("button", name="Clear").click()
    page.wait_for_url("**/runs")


@pytest.mark.parametrize(
    ("view", "label", "text", "read"),
    [
        ("/runs", "Label", "customer=a", "**/api/runs"),
        ("/runs", "File or input", "file-5", "**/api/runs"),
        ("/runs/wide-0/steps/work", "Child", "12", "**/api/runs/wide-0"),
    ],
)
def test_what_is_typed_stays_while_the_view_changes(
    visitor: Visitor, view: str, label: str, text: str, read: str
) -> None:
    """Something runs: the view is read again each second, and a half-written word is not taken away."""
    page = visitor.go(view)
    field = page.get_by_label(label, exact=True)
    field.press_sequentially(text)
    for _ in range(2):
        with page.expect_response(read):
            pass
    page.evaluate("new Promise(requestAnimationFrame)")
    expect(field).to_have_value(text)


def test_runs_are_found_in_each_state(visitor: Visitor) -> None:
    """That a run may have."""
    states = visitor.go("/runs").locator("select[name=state] option")
    assert {one.get_attribute("value") for one in states.all()} == {"", *RunState}


def test_a_day_without_runs_says_so(visitor: Visitor) -> None:
    """That is no failure."""
    page = visitor.go("/runs")
    page.get_by_label("From", exact=True).fill("2026-12-01")
    page.keyboard.press("Tab")
    page.wait_for_url("**/runs?since=2026-12-01")
    page.get_by_text("No run is like that.").wait_for()


def test_runs_beyond_a_page_come_when_they_are_asked_for(visitor: Visitor) -> None:
    """Behind those that are shown."""
    page = visitor.go("/runs?pipeline=flights")
    expect(page.locator("tbody tr")).to_have_count(50)
    page.get_by_role("button", name="More").click()
    expect(page.locator("tbody tr")).to_have_count(100)


def test_uploads_that_started_nothing_say_why_and_groups_count_down(visitor: Visitor) -> None:
    """The file, what nearly took it, and how long a group is still open."""
    page = visitor.go("/uploads")
    expect(page.get_by_role("listitem").filter(has_text="text.TXT")).to_contain_text(
        "those of word-count/ take *.txt"
    )
    timer = page.get_by_role("timer")
    first = timer.inner_text()
    assert re.fullmatch(r"closes in 3 min \d+ s", first), first
    expect(timer).not_to_have_text(first)


def test_a_log_of_an_attempt_and_of_a_generation(visitor: Visitor) -> None:
    """Each is chosen, and in the address; lines say of which attempt they are where there are several."""
    page = visitor.go("/runs/broken-0/logs?step=work&child=17")
    lines = page.locator(".log .block p")
    expect(lines.first).to_contain_text("#1")
    expect(lines.last).to_contain_text("#2")
    page.get_by_label("Attempt").select_option("2")
    page.wait_for_url("**&attempt=2")
    expect(lines.first).to_contain_text("#2")
    page.get_by_label("Generation").select_option("1")
    page.wait_for_url("**&generation=1")
    assert "attempt" not in page.url


def test_a_log_that_is_not_followed_stays_as_it_is(visitor: Visitor) -> None:
    """Until it is followed again."""
    page = visitor.go("/runs/wide-0/logs?step=work")
    page.get_by_text("line 19:").wait_for()
    page.get_by_label("Follow").uncheck()
    page.get_by_text("Not following.").wait_for()
    page.wait_for_timeout(500)
    before = page.locator(".log .block p").count()
    page.wait_for_timeout(3_000)
    assert page.locator(".log .block p").count() == before
    page.get_by_label("Follow").check()
    expect(page.locator(".log .block p")).not_to_have_count(before)


def test_escapes_in_a_log_do_nothing(visitor: Visitor) -> None:
    """They are letters, and the line is black as the others."""
    page = visitor.go("/runs/broken-0/logs?step=work&child=17")
    line = page.locator(".log .block p").first
    expect(line).to_contain_text(r"\x1b[31mred")
    colours = page.evaluate(
        "[...document.querySelectorAll('.log .block p')].slice(0, 50).map(one => getComputedStyle(one).color)"
    )
    assert len(set(colours)) == 1


def test_a_text_is_previewed_with_what_is_hidden_in_it(visitor: Visitor) -> None:
    """A file of none of the kinds that can be shown is offered for download."""
    page = visitor.go("/runs/flights-2/results?file=notes.txt")
    page.get_by_text(r"Some notes: äöü \u202e").first.wait_for()
    chart = visitor.go("/runs/flights-2/results?file=chart.png").get_by_role("img", name="chart.png")
    expect(chart).to_have_js_property("naturalWidth", 1)


def test_the_doctor_says_what_it_found(visitor: Visitor) -> None:
    """Each finding with how grave it is."""
    page = visitor.go("/doctor")
    for text in ("The vCPU quotas are enough.", "The SMS sandbox is on."):
        page.get_by_text(text).wait_for()
