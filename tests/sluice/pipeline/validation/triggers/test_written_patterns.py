"""Keys that are written as addresses or with wildcards: no file ever matches them."""

from __future__ import annotations

import pytest

from sluice.pipeline.definition import FileSet, S3Upload, Trigger
from tests.sluice.pipeline.validation.pipelines import mistakes_of, valid


@pytest.mark.parametrize(
    ("trigger", "says"),
    [
        (S3Upload(prefix="s3://landing/sales/"), "prefix: expected what keys begin with, without a bucket"),
        (S3Upload(prefix="s3://landing/sales/"), 'Write bucket="landing", prefix="sales/"'),
        (S3Upload(prefix="sales/*.csv"), 'Write prefix="sales/", suffix=".csv".'),
        (S3Upload(prefix="sales/*/*.csv"), 'Write prefix="sales/".'),
        (S3Upload(prefix="a/", bucket="s3://landing/x"), 'Write bucket="landing".'),
        (S3Upload(prefix="a/", bucket="arn:aws:s3:::landing"), 'Write bucket="landing".'),
        (
            FileSet("s3://landing/{day}/{part}.csv", expect=2),
            'Write "{day}/{part}.csv": sets are',
        ),
    ],
)
def test_they_are_mistakes_with_how_to_write_them(trigger: Trigger, says: str) -> None:
    """At synthesis, with the field."""
    assert says in mistakes_of(valid(triggers=[trigger]))


def test_keys_as_s3_has_them_are_none() -> None:
    """With braces and colons, too."""
    assert mistakes_of(valid(triggers=[S3Upload(prefix="s3/{a}:/", bucket="landing")])) == ""
