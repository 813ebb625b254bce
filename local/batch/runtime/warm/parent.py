"""The program of a warm parent: it imports what the jobs of an image import, then forks a ready child for
each attempt that it is asked for.

It runs in the image's folder under the image's Python, so it imports nothing but the modules beside it. What
it is told and answers is in ``wire``.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from local.batch.runtime.warm import imports, wire

Job = tuple[Callable[[list[str]], None], list[str]]
"""What a child calls, and with which words."""
_PROXY = "_proxy"
_AT_START = ("PYTHON", "LD_", "LANG", "LC_ALL", "MALLOC_")
"""How variables begin that a program reads when it is started, before any import: Python, the linker and
the C library. Not LC_CTYPE, which Python itself sets: https://peps.python.org/pep-0538/
"""


def serve(connection: socket.socket, module: str, words: list[str]) -> Job | None:
    """Import, then fork until nothing more is asked for: None. In each child, return what it is to do."""
    warm, found = imports.imported(module, words)
    if found.reason:
        wire.send(connection, {"cold": found.reason})
        return None
    wire.send(connection, {"ready": True})
    shared = dict(os.environ)
    while (received := wire.receive(connection)) is not None:
        request, descriptors = received
        if "reap" in request:
            wire.send(connection, {"status": os.waitpid(request["reap"], 0)[1]})
        elif (reason := _refusal(warm, shared, request["environment"], found.read)) is not None:
            os.close(descriptors[0])
            wire.send(connection, {"cold": reason})
        elif _fork(connection, request, descriptors[0]):
            return warm.run, request["words"]
    return None


def _refusal(warm: Any, shared: Mapping[str, str], wanted: Mapping[str, str], read: set[str]) -> str | None:
    """Return why an attempt with this environment must not be forked: an import has read what is different
    in it, or it lacks what the program needs of every attempt.
    """
    if missing := [name for name in getattr(warm, "NEEDED", ()) if not wanted.get(name)]:
        return f"the variable {missing[0]} is missing"
    for name in sorted(_different(shared, wanted)):
        if name.startswith(_AT_START):
            return f"a program reads the variable {name} when it is started"
        if name in read or name.lower().endswith(_PROXY):
            return f"an import reads the variable {name}"
    return None


def _different(one: Mapping[str, str], other: Mapping[str, str]) -> set[str]:
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}


def _fork(connection: socket.socket, request: Mapping[str, Any], output: int) -> bool:
    """Fork a child and answer with its id; return whether this is the child, which is ready.

    It begins when its id is on the way to the engine, and not before: an engine that does not know of it
    would start another.
    """
    ours, childs = socket.socketpair()
    child = os.fork()
    if child == 0:
        connection.close()
        ours.close()
        _become(request, output)
        childs.send(b"!")
        if not childs.recv(1):
            os._exit(1)  # The parent is gone.
        childs.close()
        return True
    childs.close()
    os.close(output)
    with ours:
        # Its session must be there before anybody can be told to signal it.
        ours.recv(1)
        wire.send(connection, {"pid": child})
        with suppress(OSError):  # It may have been killed.
            ours.send(b"!")
    return False


def _become(request: Mapping[str, Any], output: int) -> None:
    """Make this process what a newly started one of the attempt would be."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, number in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(descriptor, number)
    os.close(nothing)
    os.close(output)
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()


def main() -> None:
    """Serve the engine at the other end of the socket whose number is the first word."""
    _hide_own_modules()
    descriptor, module, *words = sys.argv[1:]
    job = serve(socket.socket(fileno=int(descriptor)), module, words)
    if job is None:
        # What an import has registered for its job's end, or has running in a thread, is no parent's to end.
        os._exit(0)
    run, given = job
    sys.argv = [sys.argv[0], *given]
    run(given)


def _hide_own_modules() -> None:
    """Let what is imported be found as for `python -m`: in the working directory, whatever its names."""
    sys.path[0] = str(Path.cwd())
    for name in [name for name in sys.modules if name.partition(".")[0] == "local"]:
        del sys.modules[name]
