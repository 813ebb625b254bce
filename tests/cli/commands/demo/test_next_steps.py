"""What to try after the demo."""

from __future__ import annotations

import io
import shlex

import pytest

from cli.commands.demo import next_steps
from cli.console import VisibleConsole
from cli.main import parser
from local.paths import LocalCloudPaths


@pytest.mark.parametrize(
    ("keeps", "words"), [(True, "local down --port 4600"), (False, "make demo KEEP=true")]
)
def test_the_cloud_is_used_or_kept_next_time(keeps: bool, words: str) -> None:
    """With the port of the cloud."""
    printed = io.StringIO()
    console = VisibleConsole(file=printed, force_terminal=False, width=80)
    next_steps.show(console, LocalCloudPaths.of(4600), keeps=keeps)
    assert words in printed.getvalue()


def test_the_commands_are_ones_that_there_are() -> None:
    """Each one as the parser takes it."""
    for _, line in next_steps.with_cloud(LocalCloudPaths.of(4566)):
        command = line.partition("$(")[2].rstrip('")') or line
        program, *words = shlex.split(command)
        assert program == ".venv/bin/sluice"
        parser().parse_args(words)
