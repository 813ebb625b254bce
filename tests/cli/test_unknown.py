"""What is said of a name for which nothing was found."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cli.unknown import about_pipeline
from tests.cli.harness import CommandHarness


@pytest.fixture
def cloud(harness: CommandHarness) -> Any:
    """A cloud with two pipelines."""
    s3 = harness.clients["s3"]
    s3.create_bucket(Bucket="assets")
    s3.put_object(Bucket="assets", Key="a", Body=b'{"pipelines": {"bad-items": "b", "word-count": "c"}}')
    deployment = SimpleNamespace(definitions=("assets", "a"))
    return SimpleNamespace(client=harness.clients.__getitem__, deployment=deployment)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("bad-itms", " 'bad-itms' is no deployed pipeline. Did you mean 'bad-items'?"),
        ("zebra", " 'zebra' is no deployed pipeline."),
        ("a\x1b]52;c;x", r" 'a\x1b]52;c;x' is no deployed pipeline."),
        ("word-count", ""),
        (None, ""),
    ],
    ids=["near", "far", "hidden", "known", "none"],
)
def test_the_nearest_pipeline_is_named(cloud: Any, name: str | None, said: str) -> None:
    """For a name that none has, with what is hidden in it made visible."""
    assert about_pipeline(cloud, name) == said


def test_who_cannot_read_what_is_deployed_is_told_nothing(cloud: Any, harness: CommandHarness) -> None:
    """To list runs the ledger is enough."""
    assert about_pipeline(harness.cloud, "bad-itms") == ""
    cloud.deployment.definitions = ("assets", "gone")
    assert about_pipeline(cloud, "bad-itms") == ""
