"""Imports the code of an image once for all of its jobs, and says why that must not be done.

A forked child must not be able to tell that it was not started anew. So everything that code does while it is
imported, and that a copy would share with its siblings, is watched: threads, descriptors, child processes,
files that it writes, what it prints, the variables that it reads, and the state of random numbers.
"""

from __future__ import annotations

import gc
import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

FORK_UNSAFE = frozenset(
    {"cupy", "grpc", "jax", "numba", "numpy", "polars", "pyspark", "ray", "tensorflow", "torch"}
)
"""Libraries that start threads of their own, or whose random numbers a copy would repeat."""
_WRITES = ("os.", "tempfile.", "shutil.", "socket.", "subprocess.", "sqlite3.")
"""The beginnings of audit events that a copy would not repeat: https://docs.python.org/3/library/audit_events.html"""
_HARMLESS = frozenset(
    {"os.fwalk", "os.getxattr", "os.listdir", "os.scandir", "os.walk", "socket.__new__", "socket.bind"}
)
"""A socket that is only made and closed tells a library whether there is IPv6: one that stays is found."""
_MOMENTS = frozenset(
    {time.time, time.time_ns, time.monotonic, time.monotonic_ns, time.perf_counter, time.perf_counter_ns}
    | {time.localtime, time.gmtime, time.ctime, time.strftime, os.getpid, os.getppid}
)
_MOMENTS_OF_DATES = frozenset({"now", "today", "utcnow"})
"""What a copy's code would have answered in its own time and process, and not in its parent's."""


@dataclass
class Found:
    """What was seen while an image's code was imported: why it must not be forked, and what it read."""

    reason: str | None = None
    read: set[str] = field(default_factory=set)

    def refuse(self, reason: str) -> None:
        """Keep the first reason."""
        self.reason = self.reason or reason


def imported(module: str, words: list[str]) -> tuple[Any, Found]:
    """Import the program ``module``, and what the words of its jobs name; return its ``warm`` module.

    ``warm.prepare`` makes ready what is the program's own; ``warm.load`` imports what the words name, which
    is somebody else's code: only that is watched for what it does.
    """
    found = Found()
    with _watched_environment(found, whole=False):
        warm = import_module(f"{module}.warm")
        warm.prepare()
    descriptors, state = _entries("fd"), random.getstate()
    generators = _generators()
    with ExitStack() as watches:
        watches.enter_context(_captured_output(found))
        watches.enter_context(_watched_environment(found, whole=True))
        watches.enter_context(_watched_writes(found))
        watches.enter_context(_watched_calls(found, f"{Path.cwd()}{os.sep}"))
        try:
            warm.load(words)
        except BaseException as error:  # noqa: BLE001 - each job is to say it itself
            found.refuse(f"an import fails: {type(error).__name__}")
    for reason in _left_behind(descriptors, state, generators):
        found.refuse(reason)
    return warm, found


def _left_behind(descriptors: int, state: Any, generators: int) -> Iterator[str]:
    """Yield what an import has left that a copy would share."""
    if _entries("task") > 1:
        yield "an import starts a thread"
    if _entries("fd") > descriptors:
        yield "an import leaves a socket or a file open"
    if unsafe := sorted(FORK_UNSAFE & sys.modules.keys()):
        yield f"{unsafe[0]} is imported, which must not be forked"
    if random.getstate() != state or _generators() > generators:
        yield "an import makes or uses random numbers"


def _entries(name: str) -> int:
    return sum(1 for _ in Path("/proc/self", name).iterdir())


def _generators() -> int:
    return sum(isinstance(each, random.Random) for each in gc.get_objects())


@contextmanager
def _captured_output(found: Found) -> Iterator[None]:
    """Note whether something is printed: each job is to print it itself."""
    file, before = os.memfd_create("output"), (os.dup(1), os.dup(2))
    for number in (1, 2):
        os.dup2(file, number)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        for number, kept in zip((1, 2), before, strict=True):
            os.dup2(kept, number)
            os.close(kept)
        if os.fstat(file).st_size:
            found.refuse("an import prints")
        os.close(file)


class _Environment(os._Environ):  # type: ignore[type-arg]
    """``os.environ`` while imports are watched: it takes the place of its class, so that everybody has it."""

    found: Found
    whole: bool

    def __getitem__(self, name: str) -> str:
        self.found.read.add(name)
        value: str = super().__getitem__(name)
        return value

    def __iter__(self) -> Iterator[str]:
        if self.whole:
            self.found.refuse("an import reads all variables")
        return super().__iter__()


@contextmanager
def _watched_environment(found: Found, *, whole: bool) -> Iterator[None]:
    """Note the variables that are read; with ``whole``, refuse code that reads them all."""
    before = os.environ.__class__
    _Environment.found, _Environment.whole = found, whole
    os.environ.__class__ = _Environment
    try:
        yield
    finally:
        os.environ.__class__ = before


@contextmanager
def _watched_writes(found: Found) -> Iterator[None]:
    """Note what is written, connected or started meanwhile; bytecode aside."""
    watching = [True]

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if watching[0] and (reason := _effect(event, arguments)) is not None:
            found.refuse(reason)

    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    sys.addaudithook(hook)
    try:
        yield
    finally:
        watching[0], sys.dont_write_bytecode = False, before


@contextmanager
def _watched_calls(found: Found, folder: str) -> Iterator[None]:
    """Note random numbers of the kernel, whoever asks for them, and the times and process ids that the code
    below a folder asks for: libraries ask for them, too, to measure themselves.

    https://docs.python.org/3/library/sys.html#sys.setprofile
    """

    def profile(frame: FrameType, event: str, called: Any) -> None:
        if event != "c_call":
            return
        if called is os.urandom:
            found.refuse("an import makes or uses random numbers")
        elif _is_moment(called) and frame.f_code.co_filename.startswith(folder):
            found.refuse(f"an import asks for {called.__name__}()")

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        yield
    finally:
        sys.setprofile(before)


def _is_moment(called: Any) -> bool:
    if called in _MOMENTS:
        return True
    owner = getattr(called, "__self__", None)
    return isinstance(owner, type) and issubclass(owner, date) and called.__name__ in _MOMENTS_OF_DATES


def _effect(event: str, arguments: tuple[Any, ...]) -> str | None:
    if event == "open":
        flags = arguments[2]
        is_write = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR)
        return "an import writes a file" if is_write else None
    if event.startswith(_WRITES) and event not in _HARMLESS:
        return f"an import calls {event}"
    return None
