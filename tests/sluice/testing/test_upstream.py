"""A test gives the results of the runs before one of a chain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sluice import AfterRun, Array, Job, Pipeline, Plan
from sluice.errors import InputMissingError
from sluice.steps import Item, Out, Results, UpstreamResults
from sluice.testing import run
from sluice.testing.errors import HarnessError
from sluice.triggers.upstream_runs import UpstreamRun, UpstreamRuns

PIPELINE = Pipeline(
    name="join",
    triggers=[AfterRun("flights", "weather", by="date")],
    steps=[
        Plan("files", run="files"),
        Array("sizes", run="sizes", items_of="files"),
        Job("merge", run="merge", after=["sizes"]),
    ],
)
UPSTREAM: dict[str, dict[str, bytes | str]] = {
    "flights": {"delays.csv": "a,1", "x/y.csv": ""},
    "weather": {"days.csv": b"rain"},
}


def files(trigger: UpstreamResults) -> Iterator[dict[str, object]]:
    """Find the files of both."""
    yield from (file.input for file in trigger.uploads)


def sizes(item: Item, out: Out) -> int:
    """Read a file."""
    return len(item.upload.bytes())


def merge(results: Results, out: Out) -> None:
    """Publish what both published."""
    trigger: Any = results.trigger
    rain = trigger.results("weather")["days.csv"].text()
    out.write("all.txt", f"{trigger.key['date']} {rain} {sum(size for _, size in results('sizes'))}")


FUNCTIONS: dict[str, Callable[..., Any]] = {"files": files, "sizes": sizes, "merge": merge}


def test_a_run_reads_the_results_of_those_before_as_uploads() -> None:
    """By name and all together; the receipt says after which runs it came."""
    found = run(PIPELINE, upstream=UPSTREAM, key={"date": "2026-01-31"}, functions=FUNCTIONS)
    assert found.succeeded, found
    assert found.files["all.txt"].text() == "2026-01-31 rain 7"
    assert found.receipt is not None
    assert [one["pipeline"] for one in found.receipt["trigger"]["runs"]] == ["flights", "weather"]
    assert found.receipt["key"] == {"date": "2026-01-31"}


def test_results_of_others_are_refused() -> None:
    """A join needs those of all."""
    with pytest.raises(HarnessError, match=r"comes after \(flights, weather\), found those of flights"):
        run(PIPELINE, upstream={"flights": {}}, functions=FUNCTIONS)


@pytest.mark.parametrize("version", [0, 1])
def test_results_that_are_gone_or_replaced_say_so(version: int) -> None:
    """The receipt of another version is not taken for the one that was meant."""
    before = UpstreamRun(pipeline="flights", run="flights-x", version=version, bucket="", prefix="none/")
    pipeline = Pipeline(name="p", triggers=[AfterRun("flights")], steps=[Job("read", run="read")])

    def read(results: Results, out: Out) -> None:
        next(results.trigger.uploads)

    found = run(pipeline, trigger=UpstreamRuns(runs=(before,)), functions={"read": read})
    assert found.reason is not None
    assert InputMissingError.__name__ in found.reason
    assert "Expected the receipt of flights-x" in found.reason
