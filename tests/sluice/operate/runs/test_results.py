"""The files that a run has published."""

from __future__ import annotations

from typing import Any

from sluice.operate.runs.results import ResultFile, list_results, read_result
from sluice.receipts.location import Location
from tests.sluice.operate.harness import OperateHarness


def test_results_of_one_run(harness: OperateHarness) -> None:
    """Those of another run, whose id begins alike, are left out."""
    s3: Any = harness.session.create_client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="results")
    for key, content in (("words/words-a/top.csv", b"top"), ("words/words-ab/top.csv", b"other")):
        s3.put_object(Bucket="results", Key=key, Body=content)
    (file,) = list_results(s3, Location("results", "words/words-a/"))
    assert file == ResultFile("top.csv", "words/words-a/top.csv", 3)
    assert read_result(s3, "results", file) == b"top"
    assert list(list_results(s3, Location("results", "words/none/"))) == []
