"""Starting a process without holding up the other threads.

`subprocess` and `os.posix_spawn` keep the interpreter's lock until the new program is loaded, so that only
one process starts at a time however many threads there are. The C library's own posix_spawn, called through
ctypes, waits without it. Where the C library lacks one of the functions (glibc before 2.34, other systems),
`subprocess` does the same slower.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from ctypes import POINTER, byref, c_char_p, c_int, c_short, c_void_p, create_string_buffer
from functools import cache
from pathlib import Path
from typing import Protocol

# https://sourceware.org/git/?p=glibc.git;a=blob;f=posix/spawn.h
_SETSIGDEF, _SETSID = 0x04, 0x80
# More than the 80, 336 and 128 bytes that posix_spawn_file_actions_t, posix_spawnattr_t and sigset_t have.
_STRUCTURE = 512
# Python ignores these two; a program expects them as they are by default:
# https://docs.python.org/3/library/subprocess.html#subprocess.Popen (restore_signals).
_RESTORED = (signal.SIGPIPE, signal.SIGXFSZ)


class Child(Protocol):
    """A process that was started."""

    @property
    def pid(self) -> int:
        """Its id."""

    def wait(self) -> int | None:
        """Wait for its end: its exit code, or minus the signal that it died of; None where nobody knows."""


class _Spawned:
    def __init__(self, pid: int) -> None:
        self.pid = pid

    def wait(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def spawn(
    program: str, argv: Sequence[str], environment: Mapping[str, str], workdir: Path | None, output: int
) -> Child:
    """Start a program in a session of its own, with both outputs into a descriptor and nothing to read;
    OSError.
    """
    library = _library()
    if library is None:
        return _popen(program, argv, environment, workdir, output)
    words = _strings(argv)
    variables = _strings([f"{_name(name)}={value}" for name, value in environment.items()])
    pid, actions = c_int(), create_string_buffer(_STRUCTURE)
    _check(library.posix_spawn_file_actions_init(actions))
    try:
        _fill(library, actions, workdir, output)
        _check(_posix_spawn()(byref(pid), os.fsencode(program), actions, _attributes(), words, variables))
    finally:
        library.posix_spawn_file_actions_destroy(actions)
    return _Spawned(pid.value)


def _popen(
    program: str, argv: Sequence[str], environment: Mapping[str, str], workdir: Path | None, output: int
) -> Child:
    return subprocess.Popen(  # noqa: S603 - running the job's own command is the purpose
        argv,
        executable=program,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        cwd=workdir,
        env=environment,
        start_new_session=True,
    )


def _fill(
    library: ctypes.CDLL, actions: ctypes.Array[ctypes.c_char], workdir: Path | None, output: int
) -> None:
    """What the new process does before it loads its program, in this order."""
    _check(library.posix_spawn_file_actions_adddup2(actions, output, 1))
    _check(library.posix_spawn_file_actions_adddup2(actions, output, 2))
    _check(library.posix_spawn_file_actions_addopen(actions, 0, os.fsencode(os.devnull), os.O_RDONLY, 0))
    _check(library.posix_spawn_file_actions_addclosefrom_np(actions, 3))
    if workdir is not None:
        _check(library.posix_spawn_file_actions_addchdir_np(actions, os.fsencode(workdir)))


@cache
def _library() -> ctypes.CDLL | None:
    """The C library with its functions' types; None where it cannot do all that is needed."""
    # PyDLL keeps the interpreter's lock: to give it up for such short calls would cost a change of threads
    # each.
    library = ctypes.PyDLL(None)
    needed = ("addclosefrom_np", "addchdir_np")
    if sys.platform != "linux" or not all(
        hasattr(library, f"posix_spawn_file_actions_{each}") for each in needed
    ):
        return None
    library.posix_spawn_file_actions_adddup2.argtypes = (c_void_p, c_int, c_int)
    library.posix_spawn_file_actions_addopen.argtypes = (c_void_p, c_int, c_char_p, c_int, ctypes.c_uint)
    library.posix_spawn_file_actions_addclosefrom_np.argtypes = (c_void_p, c_int)
    library.posix_spawn_file_actions_addchdir_np.argtypes = (c_void_p, c_char_p)
    return library


@cache
def _posix_spawn() -> Callable[..., int]:
    """The one call that takes its time; CDLL lets the other threads run meanwhile."""
    function = ctypes.CDLL(None).posix_spawn
    function.argtypes = (POINTER(c_int), c_char_p, c_void_p, c_void_p, POINTER(c_char_p), POINTER(c_char_p))
    return function


@cache
def _attributes() -> ctypes.Array[ctypes.c_char]:
    """A session of its own, and the signals that Python ignores as they are by default; the same for every
    process.
    """
    library, attributes, signals = (
        ctypes.CDLL(None),
        create_string_buffer(_STRUCTURE),
        create_string_buffer(_STRUCTURE),
    )
    library.sigemptyset(signals)
    for number in _RESTORED:
        library.sigaddset(signals, c_int(number))
    _check(library.posix_spawnattr_init(attributes))
    _check(library.posix_spawnattr_setsigdefault(attributes, signals))
    _check(library.posix_spawnattr_setflags(attributes, c_short(_SETSIGDEF | _SETSID)))
    return attributes


def _name(name: str) -> str:
    if not name or "=" in name:
        raise ValueError(f"expected the name of an environment variable, without `=`, found {name!r}")
    return name


def _strings(values: Sequence[str]) -> ctypes.Array[c_char_p]:
    encoded = [os.fsencode(value) for value in values]
    if any(b"\0" in value for value in encoded):
        raise ValueError("a command line or an environment variable holds a zero byte: expected none")
    return (c_char_p * (len(encoded) + 1))(*encoded, None)


def _check(error: int) -> None:
    if error:
        raise OSError(error, os.strerror(error))
