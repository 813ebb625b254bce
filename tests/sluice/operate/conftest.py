"""Fixtures of the tests of what people read and do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.sluice.operate.harness import REGION, OperateHarness


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> Iterator[OperateHarness]:
    """A ledger, a log and a Batch, with nothing in them."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        yield OperateHarness()
