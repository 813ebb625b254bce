"""Which labels a run takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sluice.operate.errors import RequestError
from sluice.operate.listing.labels import check_labels, label_run, with_labels_of
from sluice.operate.listing.listing import list_runs
from tests.sluice.clouds import TABLE
from tests.sluice.graphs import pipeline, step
from tests.sluice.operate.harness import OperateHarness
from tests.sluice.operate.runs.three_runs import at, words


@pytest.mark.parametrize("wrong", ["team", "=data", "team=", "te am=data", "team=a\nb", "team=" + "x" * 129])
def test_wrong_labels_are_refused(wrong: str) -> None:
    """A label has a name and a value, without control characters, of a length that fits."""
    with pytest.raises(RequestError, match="Expected a label such as team=data"):
        check_labels(["ok=yes", wrong])


@pytest.mark.parametrize("many", [["a=1", "a=2"], [f"n{number}=1" for number in range(11)]])
def test_too_many_labels_are_refused(many: list[str]) -> None:
    """A run has at most ten labels, and one value of each name."""
    with pytest.raises(RequestError, match="at most 10 labels of different names"):
        check_labels(many)


def test_a_run_may_be_labelled_before_it_begins(harness: OperateHarness) -> None:
    """Labels that came before the run are the run's; a run that never begins is not listed."""
    label_run(harness.client, TABLE, words(0), ["team=data"])
    label_run(harness.client, TABLE, words(1), ["team=data"])
    harness.begin(words(0), at(0), pipeline(step("a")))
    label_run(harness.client, TABLE, words(0), ["why=test"])
    (run,) = list_runs(harness.client, TABLE, limit=9).runs
    assert run.labels == ("team=data", "why=test")
    loaded = harness.ledger.load(words(0))
    assert loaded is not None
    assert loaded.labels == run.labels


def test_a_rerun_keeps_labels(harness: OperateHarness) -> None:
    """A run that runs again keeps its labels but for those that are given anew."""
    harness.begin(words(0), at(0), pipeline(step("a")))
    run = harness.ledger.load(words(0))
    assert run is not None
    labelled = replace(run, labels=("team=data", "why=test"))
    assert with_labels_of(labelled, ["why=mended"]) == ("team=data", "why=mended")
