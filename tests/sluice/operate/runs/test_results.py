"""The files that a run has published."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError

from sluice.operate.errors import ResultsUnreadableError
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


@pytest.mark.parametrize("code", ["NoSuchBucket", "AccessDenied"])
def test_a_folder_that_cannot_be_listed_is_an_error_that_says_why(
    harness: OperateHarness, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """A pipeline may publish into a bucket of its team, which is another account's or not there yet."""
    s3: Any = harness.session.create_client("s3", region_name="us-east-1")
    if code == "AccessDenied":
        refusal = ClientError({"Error": {"Code": code, "Message": "no"}}, "ListObjectsV2")
        monkeypatch.setattr(s3, "_make_api_call", Mock(side_effect=refusal))
    with pytest.raises(
        ResultsUnreadableError, match=r"^Expected to list s3://team-results/a/, found "
    ) as error:
        list(list_results(s3, Location("team-results", "a/")))
    assert ("team-results" if code == "NoSuchBucket" else "s3:ListBucket") in error.value.found
