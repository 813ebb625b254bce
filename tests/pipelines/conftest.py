"""A cloud for the jobs of one test."""

from collections.abc import Iterator

import pytest

from tests.sluice.runtime.jobs import Jobs, aws


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Jobs]:
    """Jobs over an empty cloud."""
    with aws(monkeypatch) as cloud:
        yield cloud
