"""Whether the buckets of ``results=`` are there, and where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli.commands.doctor.checks.files import results_buckets
from cli.commands.doctor.finding import Level
from sluice.pipeline.definition import Job, Manual, Pipeline, Step
from tests.cli.commands.doctor.fake_account import findings_of, refused


def elsewhere(region: str) -> Callable[[str], ClientError]:
    """Return the answer of S3 in another Region, which names its own."""
    headers = {"x-amz-bucket-region": region}
    answer: Any = {"Error": {"Code": "301"}, "ResponseMetadata": {"HTTPHeaders": headers}}
    return lambda operation: ClientError(answer, operation)


@pytest.fixture
def publishing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository with two pipelines that publish into a bucket of their team, and one that does not."""
    steps: list[Step] = [Job("a", image="busybox", command=["true"])]
    addresses = {"a": "s3://team-results/a/", "b": "s3://team-results/b/{date}/", "c": None}
    pipelines = [
        Pipeline(name=name, triggers=[Manual()], steps=steps, results=address)
        for name, address in addresses.items()
    ]
    monkeypatch.setattr(results_buckets, "load_pipelines", lambda _: pipelines)


@pytest.mark.parametrize(
    ("answer", "level", "says"),
    [
        ({"BucketRegion": "us-east-1"}, Level.OK, "The bucket team-results of a, b is there."),
        ({}, Level.OK, "is there"),
        ({"BucketRegion": "eu-west-1"}, Level.WARNING, "is in eu-west-1, the jobs are in us-east-1"),
        (refused("404"), Level.ERROR, "team-results of a, b is not there"),
        (elsewhere("eu-west-1"), Level.WARNING, "is in eu-west-1, the jobs are in us-east-1"),
        (refused("500"), Level.WARNING, "Not checked"),
        (refused("403"), Level.WARNING, "may not be looked at with these credentials"),
    ],
)
@pytest.mark.usefixtures("publishing")
def test_a_bucket_is_checked_once_for_all_that_publish_there(answer: Any, level: Level, says: str) -> None:
    """By its head, which says the Region too."""
    ((found_level, text, _),) = findings_of(results_buckets.results, HeadBucket=answer)
    assert (found_level, says in text) == (level, True), text
