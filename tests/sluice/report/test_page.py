"""The report of a run as one file."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser

from sluice.report.graph_picture import MAX_DRAWN, graph_picture, layers, times_picture
from sluice.report.page import page_of
from sluice.report.report import ReportFailure, ReportFile, ReportStep, RunReport

NASTY = '<script>alert("1")</script>\x1b[31m\u202e'
REPORT = RunReport(
    run_id="words-a",
    pipeline="words",
    state="FAILED",
    created_at="2026-11-28T10:00:00.000+00:00",
    ended_at="2026-11-28T10:01:30.000+00:00",
    written_at="2026-11-28T10:02:00.000+00:00",
    input=(("input", f"s3://inbox/{NASTY}"),),
    steps=(
        ReportStep(
            name="split",
            kind="plan",
            state="SUCCEEDED",
            children=1,
            done=1,
            failed=0,
            submitted_at="2026-11-28T10:00:01.000+00:00",
            started_at="2026-11-28T10:00:10.000+00:00",
            ended_at="2026-11-28T10:00:20.000+00:00",
            definition="words-split-1b2a:1",
        ),
        ReportStep(
            name="count",
            kind="array",
            state="FAILED",
            children=200,
            done=198,
            failed=2,
            items=1_000,
            failed_items=3,
            reason=NASTY,
            parents=("split",),
        ),
    ),
    failures=(ReportFailure(step="count", reason=NASTY, count=3, items=(f"item 5: {NASTY}",)),),
    files=(ReportFile(NASTY, 1_234),),
)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_nothing_is_loaded_and_nothing_runs() -> None:
    """Names from outside are text; the file has no script, no link and no address to fetch."""
    page = page_of(REPORT)
    tags = _Tags()
    tags.feed(page)
    names = {tag for tag, _ in tags.found}
    attributes = {name for _, given in tags.found for name in given}
    assert names.isdisjoint({"script", "link", "img", "iframe", "object", "embed", "base", "a"})
    assert not {one for one in attributes if one.startswith("on") or one in ("src", "href", "style")}
    assert not re.search(r"url\(|@import", page)
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert page.count("&lt;script&gt;") == 5


def test_it_says_all_that_there_is() -> None:
    """State, times, counts, failures, files, code."""
    page = page_of(REPORT)
    for text in (
        "FAILED",
        "after 90.0 s",
        "198 of 200",
        "1,000, 3 failed",
        "10.0 s",
        "1,234",
        "1b2a:1",
        "3 failed",
    ):
        assert text in page, text


def test_a_run_without_anything_has_a_report() -> None:
    """It was cancelled before it began."""
    page = page_of(replace(REPORT, steps=(), failures=(), files=(), ended_at=""))
    assert page.count("None.") == 2


def test_the_pictures_are_svg() -> None:
    """Well-formed, with a title, one box a step and one line an edge."""
    graph = ET.fromstring(graph_picture(REPORT))  # noqa: S314 (it is ours)
    assert (len(graph.findall("path")), len(graph.findall("g"))) == (1, 2)
    assert graph.findtext("title") == "The graph of words-a"
    times = ET.fromstring(times_picture(REPORT))  # noqa: S314 (it is ours)
    assert [one.get("class") for one in times.findall("g")] == ["waited", "succeeded"]
    assert layers(REPORT.steps) == {"split": (0, 0), "count": (1, 0)}


def test_a_graph_of_a_thousand_steps_is_cut() -> None:
    """The table has all of them."""
    steps = tuple(replace(REPORT.steps[0], name=f"s{number}") for number in range(1_000))
    page = page_of(replace(REPORT, steps=steps))
    assert graph_picture(replace(REPORT, steps=steps)).count("<g ") == MAX_DRAWN
    assert "<td>s999</td>" in page
