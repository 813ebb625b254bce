"""Fixtures of the commands' tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.harness import CommandHarness, command_harness
from tests.sluice.operate.harness import REGION


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandHarness]:
    """A ledger, a log and a Batch, with nothing in them."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with command_harness() as made:
        yield made
