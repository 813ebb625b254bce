"""What a person does in the page: buttons that say first what they will do, forms, files, keys."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from console import contract
from console.answers import NotFoundError
from console.backend import Download
from sluice.operate.errors import RunNotFoundError
from tests.console.made_up.backend import MadeUp
from tests.console.page.chromium import Visitor
from tests.console.page.views import VIEWS

REACHABLE = 'a[href], button, input, select, textarea, canvas, summary, [tabindex="0"]'
WITHOUT_A_VIEW = ("skip", "brand", *range(9), "theme")
"""What stands around each view: two links, nine places and the switch of colours."""
DROP = """([name, text]) => {
    const data = new DataTransfer();
    data.items.add(new File([text], name));
    document.querySelector('.drop').dispatchEvent(
        new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}));
}"""


def test_a_button_says_what_it_will_do_before_it_does_it(visitor: Visitor, backend: MadeUp) -> None:
    """Nothing happens until the second press; then the run is seen to go on, without another look."""
    page = visitor.go("/runs/broken-0")
    page.get_by_role("button", name="Retry", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("3 failed items of work are worked on again").wait_for()
    assert backend.acts == []
    dialog.get_by_role("button", name="Retry", exact=True).click()
    dialog.get_by_text("Done:").wait_for()
    assert backend.acts == [("ada", "retry", "broken-0")]
    dialog.get_by_role("button", name="Close").click()
    page.locator(".run-head .state", has_text="running").wait_for()


def test_a_dialog_that_is_left_does_nothing(visitor: Visitor, backend: MadeUp) -> None:
    """Escape is a no."""
    page = visitor.go("/")
    page.get_by_role("group", name="Actions of stuck-0").get_by_role("button", name="Cancel").click()
    page.get_by_text("2 jobs are ended").wait_for()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert backend.acts == []


def test_a_paused_pipeline_goes_on_by_its_button(visitor: Visitor, backend: MadeUp) -> None:
    """The button says what it will do; then the row is gone, without another look."""
    page = visitor.go("/")
    page.get_by_role("button", name="Unpause: huge").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("12 that were kept start, in order of arrival").wait_for()
    assert backend.acts == []
    dialog.get_by_role("button", name="Unpause", exact=True).click()
    dialog.get_by_text("start now, in order").wait_for()
    assert backend.acts == [("ada", "unpause", "huge")]
    dialog.get_by_role("button", name="Close the window").click()
    expect(page.get_by_text("Paused pipelines")).to_have_count(0)


def test_an_open_set_is_closed_by_its_button(visitor: Visitor, backend: MadeUp) -> None:
    """Its address has the set's key, with all that a key may have."""
    page = visitor.go("/")
    page.get_by_role("button", name="Close: 2026-11-28").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("begins with what there is, 3 files").wait_for()
    dialog.get_by_role("button", name="Close", exact=True).click()
    dialog.get_by_text("is being closed").wait_for()
    assert backend.acts == [("ada", "close-set", "flights date=2026-11-28")]


def test_alerts_are_shown_of_one_pipeline(visitor: Visitor) -> None:
    """By its address, which the pipeline's page has; what an alert said is text."""
    page = visitor.go("/start/flights")
    page.locator("main").get_by_role("link", name="Alerts").click()
    page.wait_for_url("**/alerts?pipeline=flights")
    page.get_by_text("12 more runs of flights").wait_for()
    expect(page.locator(".cards li")).to_have_count(1)
    expect(page.get_by_text("Alarms of Sluice itself")).to_have_count(0)
    page.get_by_text("What it says").click()
    page.get_by_text("sluice retry broken-0").wait_for()
    page.get_by_label("Pipeline").select_option("")
    expect(page.locator(".cards li")).to_have_count(1 + 3)
    assert page.locator("main img").count() == 0


def test_raised_alarms_say_since_when_why_and_what_to_do(visitor: Visitor) -> None:
    """Those of Sluice itself, before what was sent."""
    page = visitor.go("/alerts")
    alarm = page.get_by_role("region", name="Alarms of Sluice itself").get_by_role("listitem")
    expect(alarm).to_contain_text("SluiceControl-TriggerAlarm")
    expect(alarm).to_contain_text(re.compile(r"since\s*\S"))
    expect(alarm).to_contain_text("start a redrive to send them again")
    expect(alarm).to_contain_text("Threshold Crossed")


@pytest.mark.parametrize(
    ("alarms", "text"),
    [
        (contract.Alarms(missing="cloudwatch:DescribeAlarms"), "that needs cloudwatch:DescribeAlarms"),
        (contract.Alarms(), "None is raised."),
    ],
)
def test_alarms_that_are_not_shown_say_why(
    visitor: Visitor, backend: MadeUp, monkeypatch: pytest.MonkeyPatch, alarms: contract.Alarms, text: str
) -> None:
    """For want of a permission, which greys them and nothing else, or because there are none."""
    monkeypatch.setattr(backend, "alerts", lambda _: contract.Alerts((), alarms=alarms))
    page = visitor.go("/alerts")
    page.get_by_role("region", name="Alarms of Sluice itself").get_by_text(text).wait_for()
    page.get_by_text("No alert was sent").wait_for()
    assert visitor.violations() == []


def test_the_map_leads_to_the_runs_of_a_pipeline(visitor: Visitor) -> None:
    """By its table, and by Enter on the box that is chosen."""
    page = visitor.go("/map?pipeline=wide")
    page.get_by_role("img", name="Map of 6 pipelines").or_(page.locator("canvas")).first.press("Enter")
    page.wait_for_url("**/runs?pipeline=wide")
    page.go_back()
    page.get_by_role("link", name="broken").click()
    page.wait_for_url("**/runs?pipeline=broken")


def test_a_run_that_is_not_there_yet_is_followed_once_it_is(
    visitor: Visitor, backend: MadeUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that was just started is in the ledger after some seconds; nothing can be heard of it before."""
    there = False

    def line(run_id: str) -> contract.RunLine:
        if not there:
            raise RunNotFoundError(run_id)
        return backend_line(run_id)

    backend_line = backend._line
    monkeypatch.setattr(backend, "_line", line)
    page = visitor.go("/runs/broken-0")
    page.get_by_role("alert").wait_for()
    there = True
    page.locator(".run-head .state", has_text="failed").wait_for()
    backend.states["broken-0"] = "RUNNING"
    page.locator(".run-head .state", has_text="running").wait_for()
    # The browser's own words of the answers 404.
    visitor.complaints.clear()


def test_a_rerun_leads_to_the_new_run(visitor: Visitor) -> None:
    """Its address is where one is then."""
    page = visitor.go("/runs/flights-2")
    page.get_by_role("button", name="Rerun").click()
    page.get_by_role("dialog").get_by_role("button", name="Rerun").click()
    page.get_by_role("button", name="Open the new run").click()
    page.wait_for_url("**/runs/flights-new0")


def test_a_form_of_the_schema_starts_a_run(visitor: Visitor, backend: MadeUp) -> None:
    """With what was filled in, by its types; what is required is asked for; pressing twice starts one."""
    page = visitor.go("/start/flights")
    page.get_by_role("button", name="Start").click()
    assert backend.acts == [], "the day is missing"
    page.get_by_label("day").fill("2026-11-28")
    page.get_by_label("limit").fill("7")
    page.get_by_label("carriers").fill("AA\nUA")
    page.get_by_role("button", name="Start").dblclick()
    page.wait_for_url("**/runs/flights-new0")
    assert [act for _, act, _ in backend.acts] == ["start"]
    given = backend.started["flights-new0"].input
    assert json.loads(given) == {"day": "2026-11-28", "limit": 7, "carriers": ["AA", "UA"]}


def test_again_with_this_input_fills_the_form(visitor: Visitor) -> None:
    """From the run's own view."""
    page = visitor.go("/runs/flights-2/input")
    page.get_by_role("link", name="Start again with this input").click()
    page.wait_for_url("**/start/flights?again=flights-2")
    expect(page.get_by_label("day")).to_have_value("2026-11-28")
    page.get_by_role("button", name="As JSON").click()
    expect(page.get_by_label("Input, as JSON")).to_have_value('{\n  "day": "2026-11-28",\n  "limit": 5\n}')


def test_what_is_no_json_is_said_and_not_sent(visitor: Visitor, backend: MadeUp) -> None:
    """The form keeps what was written."""
    page = visitor.go("/start/flights")
    page.get_by_role("button", name="As JSON").click()
    page.get_by_label("Input, as JSON").fill("{day:")
    page.get_by_role("button", name="Start", exact=True).click()
    page.get_by_text("This is no JSON").wait_for()
    assert backend.acts == []


def test_what_hides_or_reorders_text_is_seen_while_one_edits(visitor: Visitor, backend: MadeUp) -> None:
    """JSON says the same with it escaped; a text keeps it, and says so beside the field. What is sent is what
    was written.
    """
    hidden = "txt\u202eexe.\u200b"
    page = visitor.go("/start/flights")
    page.get_by_label("carriers").fill(f"{hidden}\nUA")
    page.get_by_role("status").get_by_text(r"txt\u202eexe.\u200b").wait_for()
    page.get_by_label("carriers").fill("AA\nUA")
    expect(page.get_by_text("It has hidden characters")).to_have_count(0)
    page.get_by_role("button", name="As JSON").click()
    area = page.get_by_label("Input, as JSON")
    area.fill(f'{{"day": "2026-11-28", "note": "{hidden}"}}')
    expect(area).to_have_value(r'{"day": "2026-11-28", "note": "txt\u202eexe.\u200b"}')
    area.evaluate("one => one.setSelectionRange(1, 1)")
    page.keyboard.insert_text("\u202e")
    assert area.evaluate("one => one.selectionStart") == 1 + len(r"\u202e")
    area.fill(f'{{"day": "2026-11-28", "note": "{hidden}"}}')
    assert visitor.violations() == []
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url("**/runs/flights-new0")
    assert json.loads(backend.started["flights-new0"].input) == {"day": "2026-11-28", "note": hidden}


def test_the_name_of_a_dragged_file_shows_what_is_hidden_in_it(visitor: Visitor) -> None:
    """A reader would take it for a text."""
    page = visitor.go("/start/word-count")
    page.evaluate(DROP, ["gpj.\u202etxt", "words"])
    page.locator(".files li").get_by_text(r"gpj.\u202etxt", exact=True).wait_for()
    page.get_by_text("Expected a file that a trigger takes").wait_for()
    # The browser's own word of the answer 400.
    visitor.complaints.clear()


def test_a_dragged_file_starts_its_run(visitor: Visitor, backend: MadeUp) -> None:
    """One that a trigger takes by itself; one that none takes is refused in words."""
    page = visitor.go("/start/word-count")
    page.evaluate(DROP, ["book.txt", "many words"])
    page.get_by_role("link", name="started word-count-new0").wait_for()
    assert backend.stored["book.txt"] == b"many words"
    page.evaluate(DROP, ["book.pdf", "%PDF"])
    page.get_by_text("Expected a file that a trigger takes").wait_for()
    # The browser's own word of the answer 400.
    visitor.complaints.clear()


def test_a_result_is_downloaded_and_its_html_may_do_nothing(visitor: Visitor) -> None:
    """The file is the whole; its script has not run."""
    page = visitor.go("/runs/flights-2/results?file=report.html")
    frame = page.frame_locator("iframe")
    frame.get_by_role("heading", name="Report").wait_for()
    title = page.title()
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download counts.csv").click()
    assert Path(downloading.value.path()).read_text().startswith("word,count\nword0,0\n")
    assert page.title() == title != "ran"
    visitor.complaints[:] = [one for one in visitor.complaints if "about:srcdoc" not in one]


def test_an_image_in_parts_is_put_together_and_drawn(visitor: Visitor) -> None:
    """By the page's own policy, which nothing of it violates."""
    page = visitor.go("/runs/flights-2/results?file=photo.png")
    canvas = page.get_by_role("img", name="photo.png")
    canvas.wait_for()
    assert canvas.evaluate("one => [one.width, one.height]") == [1, 1]
    drawn = canvas.evaluate("one => [...one.getContext('2d').getImageData(0, 0, 1, 1).data]")
    assert drawn[3] > 0


def test_an_image_of_which_a_part_is_gone_says_so(
    visitor: Visitor, backend: MadeUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the server's words."""
    download = backend.download

    def second_is_gone(run_id: str, name: str, *, whole: bool = False, part: int | None = None) -> Download:
        if part == 1:
            raise NotFoundError("Expected a part of it, found none.")
        return download(run_id, name, whole=whole, part=part)

    monkeypatch.setattr(backend, "download", second_is_gone)
    page = visitor.go("/runs/flights-2/results?file=photo.png")
    page.get_by_text("Expected a part of it").wait_for()
    # The browser's own word of the answer 404.
    visitor.complaints.clear()


def test_a_log_is_followed_and_searched(visitor: Visitor) -> None:
    """Lines come while one looks; a search shows those that have it."""
    page = visitor.go("/runs/wide-0/logs?step=work")
    page.get_by_text("line 19:").wait_for()
    page.get_by_text("line 24:").wait_for()
    page.get_by_label("Search").fill("line 13:")
    expect(page.locator(".log .block p")).to_have_count(1)
    expect(page.locator(".log mark")).to_have_text("line 13:")
    assert "search=line+13%3A" in page.url


def test_runs_are_searched_and_two_compared(visitor: Visitor) -> None:
    """The search is in the address; two that are marked are one press from each other."""
    page = visitor.go("/runs")
    page.get_by_label("State").select_option("FAILED")
    page.get_by_label("Pipeline").select_option("flights")
    page.wait_for_url("**/runs?state=FAILED&pipeline=flights")
    expect(page.locator("tbody .state", has_text="succeeded")).to_have_count(0)
    for mark in page.get_by_role("checkbox").all()[:2]:
        mark.check()
    page.get_by_role("link", name="Compare").click()
    page.get_by_role("heading", name="Two runs compared").wait_for()


@pytest.mark.parametrize("name", VIEWS)
def test_the_keyboard_reaches_everything(visitor: Visitor, name: str) -> None:
    """Tab comes to each link, button, field and drawing of a view; none is left out, none holds it."""
    page = visitor.go(VIEWS[name])
    everything = f"[...document.querySelectorAll('{REACHABLE}')].filter(one => one.checkVisibility())"
    # What changes meanwhile is marked once, and looked for by its mark.
    wanted = page.evaluate(f"{everything}.map((one, at) => one.dataset.reach = String(at))")
    assert len(wanted) >= len(WITHOUT_A_VIEW)
    reached = set()
    # A field for a date has four places.
    for _ in range(len(wanted) + 20):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.dataset.reach ?? null"))
    there = page.evaluate(f"{everything}.map(one => one.dataset.reach ?? null)")
    assert {one for one in wanted if one in there} - reached == set()


def test_the_keyboard_walks_through_graph_and_heat_map(visitor: Visitor) -> None:
    """Arrows go from step to step and Enter opens one; in there they go from child to child."""
    page = visitor.go("/runs/broken-0")
    page.locator("canvas").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.get_by_role("region", name="Step work").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs/broken-0/steps/work")
    visitor.settle()
    page.locator(".heat canvas").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.get_by_role("region", name="Child 1").wait_for()
    assert "child=1" in page.url


def test_a_heat_map_is_coloured_by_what_one_asks_for(visitor: Visitor) -> None:
    """State, duration or attempts, which the address says; a cell that is pointed at names its item."""
    page = visitor.go("/runs/broken-0/steps/work?of=children&child=17")
    legend, choice = page.locator(".legend"), page.get_by_role("group", name="Colour", exact=True)
    states = legend.inner_text()
    for colour in ("duration", "attempts"):
        choice.get_by_role("button", name=colour).click()
        page.wait_for_url(f"**colour={colour}**")
        expect(legend).not_to_have_text(states)
    page.reload()
    visitor.settle()
    expect(choice.get_by_role("button", name="attempts")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("region", name="Child 17").get_by_text("s3://inbox/parts/").first.wait_for()


def test_the_colours_that_a_person_chose_stay(visitor: Visitor) -> None:
    """Also when the page is loaded again."""
    page = visitor.go("/")
    page.get_by_role("button", name="Dark colours").click()
    page.reload()
    page.get_by_role("button", name="Light colours").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    page.evaluate("localStorage.clear()")


def test_what_one_may_not_is_greyed_with_the_missing_permission(visitor: Visitor) -> None:
    """The button says what is missing, and does nothing."""
    me = {
        "name": "eve",
        "roles": ["watch"],
        "permitted": {"cancel": {"allowed": False, "missing": "batch:TerminateJob"}},
        "csrf": "none",
        "deployed": False,
        "where": "here",
        "max_upload_bytes": 1,
    }
    visitor.page.route("**/api/me", lambda route: route.fulfill(json=me))
    page = visitor.go("/runs/huge-0")
    button = page.get_by_role("button", name="Cancel needs batch:TerminateJob")
    expect(button).to_have_attribute("aria-disabled", "true")
    button.click(force=True)
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_first_view_is_read_once_and_then_as_it_changes(
    visitor: Visitor, backend: MadeUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is under way before the script that shows it has come; the stream's first word is no change."""
    version = "1"
    monkeypatch.setattr(backend, "version", lambda _: version)
    read = "performance.getEntriesByType('resource').filter(one => one.name.endsWith('/api/overview'))"
    page = visitor.go("/")
    page.wait_for_timeout(3_000)
    begun, loaded = page.evaluate(
        f"[{read}.map(one => one.startTime), performance.getEntriesByType('resource')"
        ".find(one => one.name.includes('/static/app')).responseEnd]"
    )
    assert len(begun) == 1
    assert begun[0] < loaded
    version = "2"
    visitor.until(lambda: page.evaluate(f"{read}.length") == 2, "another look")


def test_a_hidden_tab_asks_for_nothing(visitor: Visitor, backend: MadeUp) -> None:
    """Its stream of events is closed; it reads again when it is looked at."""
    page = visitor.go("/runs/wide-0/steps/work")
    page.evaluate(
        "Object.defineProperty(document, 'hidden', {configurable: true, get: () => true});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    page.wait_for_timeout(1_000)
    before = backend.calls
    page.wait_for_timeout(3_000)
    assert backend.calls == before
    page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    visitor.until(lambda: backend.calls > before, "another look")


def test_items_of_a_run_that_is_cleaned_up_are_no_error(visitor: Visitor) -> None:
    """What they were is removed, which is said in a plain line."""
    page = visitor.go("/runs/word-count-4/steps/work?of=children&child=0")
    card = page.get_by_role("region", name="Child 0")
    expect(card.get_by_role("listitem")).to_have_text(
        "The cleanup of the run has removed the list of its items."
    )
    expect(page.get_by_role("alert")).to_have_count(0)
