"""Prints the traceback of an error of the user's code, without the frames that are not theirs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from traceback import FrameSummary, StackSummary, TracebackException

import sluice
from sluice.errors import SluiceError

_OWN = f"{Path(sluice.__file__).parent}{os.sep}"
_IMPORT = (f"{os.sep}importlib{os.sep}__init__.py", "<frozen importlib._bootstrap>")
_IMPORT_EXTERNAL = "<frozen importlib._bootstrap_external>"


def print_traceback(error: BaseException) -> None:
    """Print an error to the standard error: its frames but for Sluice's own and those of imports, with paths
    below the working directory as they are in the project.

    An error of Sluice's own code that is none on purpose keeps all its frames: they are what a report needs.
    """
    found = TracebackException.from_exception(error)
    if isinstance(error, SluiceError) or any(map(_is_users, found.stack)):
        _shorten(found)
    sys.stderr.write("".join(found.format()))
    sys.stderr.flush()


def _shorten(found: TracebackException) -> None:
    for one in _chain(found):
        frames = [_placed(frame) for frame in one.stack if _is_users(frame)]
        # Without a stack there is no line that announces one.
        one.stack = StackSummary.from_list(frames) if frames else None  # type: ignore[assignment]


def _chain(found: TracebackException) -> Iterator[TracebackException]:
    yield found
    for below in (found.__cause__, found.__context__, *(getattr(found, "exceptions", None) or ())):
        if below is not None:
            yield from _chain(below)


def _is_users(frame: FrameSummary) -> bool:
    name = frame.filename
    return not (name.startswith(_OWN) or name.endswith(_IMPORT) or name == _IMPORT_EXTERNAL)


def _placed(frame: FrameSummary) -> FrameSummary:
    """Shorten the name of a frame's file; its line is read before, by the whole name."""
    _ = frame.line
    frame.filename = frame.filename.removeprefix(f"{Path.cwd()}{os.sep}")
    return frame
