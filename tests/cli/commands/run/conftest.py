"""Fixtures of the tests of `sluice run`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.commands.run.repository import FILE
from tests.cli.harness import CommandHarness
from tests.sluice.operate.start.inbox import Events, add_inbox


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with one pipeline that takes texts and requests."""
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "words.py").write_text(
        FILE.format(triggers='S3Upload(prefix="texts/", suffix=".txt"), Manual()')
    )
    return tmp_path


@pytest.fixture
def bus(harness: CommandHarness) -> Events:
    """The event bus of the harness, beside an inbox whose objects have versions."""
    return add_inbox(harness)
