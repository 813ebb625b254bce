"""The buckets that `sluice show` reads."""

from __future__ import annotations

import pytest

from tests.cli.harness import CommandHarness


@pytest.fixture(autouse=True)
def _buckets(harness: CommandHarness) -> None:
    for bucket in ("results", "work"):
        harness.clients["s3"].create_bucket(Bucket=bucket)
