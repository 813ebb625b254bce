"""Fixtures of the tests that start runs."""

from __future__ import annotations

import pytest

from tests.sluice.operate.harness import OperateHarness
from tests.sluice.operate.start.inbox import Events, add_inbox


@pytest.fixture
def bus(harness: OperateHarness) -> Events:
    """The event bus of the harness, beside an inbox whose objects have versions."""
    return add_inbox(harness)
