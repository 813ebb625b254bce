"""Fixtures of the commands' tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.world import REGION, CommandWorld, command_world


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandWorld]:
    """A ledger, a log and a Batch, with nothing in them."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with command_world() as made:
        yield made
