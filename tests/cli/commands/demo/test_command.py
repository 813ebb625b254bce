"""The exit code of `sluice demo`; `make demo` plays the whole."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from rich.console import Console

from cli.commands.demo import command
from local.paths import LocalCloudPaths


@contextmanager
def deployed(*_: Any, **__: Any) -> Iterator[LocalCloudPaths]:
    """Yield a place without a cloud."""
    yield LocalCloudPaths.of(4599)


class Timeout:
    """A demo whose runs do not end in time."""

    def __init__(self, *_: Any) -> None:
        """Have nothing."""

    def run(self) -> list[str]:
        """Raise what the watch of the runs raises."""
        raise TimeoutError("Expected 3 runs to end.")


class Difference(Timeout):
    """A demo with a result that differs."""

    def run(self) -> list[str]:
        """Return the difference."""
        return ["word-count: the counts differ."]


class Equal(Timeout):
    """A demo in which every result is as computed."""

    def run(self) -> list[str]:
        """Return no difference."""
        return []


@pytest.mark.parametrize(
    ("played", "code", "printed"),
    [
        (Timeout, 1, "WRONG: Expected 3 runs to end."),
        (Difference, 1, "WRONG: word-count: the counts differ."),
        (Equal, 0, ""),
    ],
)
def test_only_equal_results_are_a_success(
    played: type, code: int, printed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong is printed, and the cloud has ended."""
    monkeypatch.setattr(command, "deployed", deployed)
    monkeypatch.setattr(command, "_Demo", played)
    console = Console(file=io.StringIO(), width=100)
    assert command.demo(console) == code
    assert isinstance(console.file, io.StringIO)
    assert printed in console.file.getvalue()
    assert ("WRONG" in console.file.getvalue()) is bool(printed)
