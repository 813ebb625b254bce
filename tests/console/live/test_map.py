"""The map of all pipelines."""

from __future__ import annotations

from pathlib import Path

from console.catalog import known, text_of_catalog
from console.live.backend import LiveBackend
from console.live.catalog_file import read_catalog
from console.live.cloud import Catalog
from sluice.pipeline.definition import AfterRun, Job, Manual, Pipeline, Schedule
from sluice.run.state import RunState
from tests.console.live.conftest import CountedCloud

PIPELINES = [
    Pipeline(name="report", triggers=[AfterRun("words", "flights")], steps=[Job("report", run="report")]),
    Pipeline(name="words", triggers=[Schedule("rate(1 day)")], steps=[Job("count", run="count")]),
    Pipeline(
        name="flights",
        triggers=[Manual()],
        steps=[Job("count", run="count")],
        results="s3://team-results/flights/",
    ),
    Pipeline(name="mail", triggers=[AfterRun("report")], steps=[Job("send", run="send")]),
]


def _backend(cloud: CountedCloud) -> LiveBackend:
    return LiveBackend(cloud=cloud, where="", catalog=lambda: Catalog(tuple(map(known, PIPELINES))))


def test_a_pipeline_stands_behind_those_that_start_it(cloud: CountedCloud) -> None:
    found = _backend(cloud).map()
    places = {node.name: (node.x, node.y, node.state) for node in found.graph.nodes}
    assert places == {
        "words": (0, 0, "NOT_RUN"),
        "flights": (0, 1, "NOT_RUN"),
        "report": (1, 0, "NOT_RUN"),
        "mail": (2, 0, "NOT_RUN"),
    }
    assert (found.graph.width, found.graph.height) == (3, 2)
    edges = {(one.parent, one.child): one.text for one in found.graph.edges}
    assert edges.keys() == {("words", "report"), ("flights", "report"), ("report", "mail")}
    assert "published in s3://team-results/flights/" in edges["flights", "report"]
    assert "published in words/<run>/" in edges["words", "report"]


def test_it_says_how_the_newest_runs_went_and_costs_one_listing(cloud: CountedCloud) -> None:
    for number in range(25):
        run_id = f"words-{number:02d}" + "a" * 18
        cloud.harness.begin(run_id, f"2026-01-01T00:{number:02d}:00.000+00:00")
        if number != 24:
            cloud.harness.end(run_id, RunState.FAILED if number == 23 else RunState.SUCCEEDED)
    _backend(cloud).map()  # The first listing adopts runs from before the index.
    cloud.calls.clear()
    words = next(one for one in _backend(cloud).map().graph.nodes if one.name == "words")
    assert (words.state, words.children) == ("RUNNING", 20)
    assert (words.counts.done, words.counts.failed, words.counts.running) == (18, 1, 1)
    assert cloud.calls.keys() == {"query", "batch_get_item", "get_item"}
    assert sum(cloud.calls.values()) <= 12


def test_the_deployed_console_has_the_same_map(cloud: CountedCloud, tmp_path: Path) -> None:
    """From the file that synthesis writes."""
    read = read_catalog(text_of_catalog(PIPELINES))
    assert LiveBackend(cloud=cloud, where="", catalog=lambda: read).map() == _backend(cloud).map()
