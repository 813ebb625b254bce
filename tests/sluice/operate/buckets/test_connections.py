"""Which buckets the pipelines of a project read."""

from __future__ import annotations

import pytest

from sluice.operate.buckets.connections import connection_to, connections_of
from sluice.operate.errors import RequestError
from sluice.pipeline.definition import Job, Pipeline, S3Upload

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab"


def pipeline(name: str, *triggers: S3Upload) -> Pipeline:
    """Return a pipeline with these triggers."""
    return Pipeline(name=name, triggers=list(triggers), steps=[Job("work", run="work")])


SALES = S3Upload(bucket="landing", prefix="sales/", kms_key=KEY)
PIPELINES = [
    pipeline("inbox-only", S3Upload(prefix="a/")),
    pipeline("sales", SALES, S3Upload(bucket="archive", prefix="old/")),
    pipeline("also-sales", SALES, S3Upload(bucket="landing", prefix="stock/")),
]


def test_a_bucket_is_found_with_all_that_read_it() -> None:
    """The inbox is none; prefixes and keys are named once."""
    archive, landing = connections_of(PIPELINES)
    assert (archive.bucket, archive.pipelines) == ("archive", ("sales",))
    assert (landing.pipelines, landing.prefixes) == (("sales", "also-sales"), ("sales/", "stock/"))
    assert landing.kms_keys == (KEY,)
    assert connection_to("landing", PIPELINES) == landing


def test_a_bucket_that_no_trigger_names_is_refused_with_those_that_there_are() -> None:
    """With what to write."""
    with pytest.raises(RequestError, match=r"names \(archive, landing\), found 'lading'"):
        connection_to("lading", PIPELINES)
    with pytest.raises(RequestError, match=r"\(none does\)"):
        connection_to("landing", PIPELINES[:1])


def test_two_pipelines_that_have_a_bucket_in_different_places_are_refused() -> None:
    """One of them is wrong."""
    other = pipeline("other", S3Upload(bucket="landing", prefix="x/", region="eu-west-1"))
    with pytest.raises(RequestError, match="one account and one Region of the bucket landing"):
        connections_of([*PIPELINES, other])
