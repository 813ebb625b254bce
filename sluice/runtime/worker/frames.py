"""The messages of a worker on their way through a pipe: a letter, a length, and so many bytes."""

from __future__ import annotations

import json
import os
import struct
import time
from collections.abc import Iterator
from dataclasses import asdict
from mmap import mmap
from typing import Any

from sluice.runtime.errors import Stopped
from sluice.runtime.exit_codes import FAILED, STOPPED
from sluice.runtime.worker.report import Failed, Outcome, Report, Returned

_PAUSE_SECONDS = 1.0
_HEADER = struct.Struct(">cI")
_BEGINS, _FINISHED, _ITEM_FAILED, _RETURNED, _FAILED = b"B", b"R", b"I", b"D", b"F"


class PipeReport:
    """Writes what a worker tells into a pipe. While ``paused`` is not zero, which is memory that the
    supervisor shares, nothing begins.
    """

    def __init__(self, into: int, paused: bytearray | mmap) -> None:
        self._into, self._worker, self._paused = into, os.getpid(), paused
        self._is_cut = False

    def begins(self, item: int | None = None, value: str = "") -> None:
        """Say that the user's function is about to be called."""
        while self._paused[0]:
            time.sleep(_PAUSE_SECONDS)
        self._send(_BEGINS, json.dumps([item, value]).encode())

    def finished(self, line: str) -> None:
        """Hand over the line of an item's result."""
        self._send(_FINISHED, line.encode())

    def failed(self, failure: Failed) -> None:
        """Say that the item failed."""
        self._send(_ITEM_FAILED, json.dumps(asdict(failure)).encode())

    def ends(self, outcome: Outcome) -> None:
        """Say the final word."""
        self._send(
            _RETURNED if isinstance(outcome, Returned) else _FAILED, json.dumps(asdict(outcome)).encode()
        )

    def _send(self, letter: bytes, body: bytes) -> None:
        if os.getpid() != self._worker:
            # The user's code has forked, and the copy came back out of the function: its work is the
            # worker's own already.
            os._exit(FAILED)
        if self._is_cut:
            raise Stopped(STOPPED)
        # SIGTERM may end the work in the middle of a message: then nothing may follow it.
        self._is_cut, rest = True, memoryview(_HEADER.pack(letter, len(body)) + body)
        while rest:
            rest = rest[os.write(self._into, rest) :]
        self._is_cut = False


class FrameReader:
    """Takes a worker's messages out of what was read from the pipe. Memory: one message."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes, report: Report) -> Outcome | None:
        """Pass on each message that is complete now; return the final word when it was among them."""
        self._buffer += data
        outcome: Outcome | None = None
        for letter, body in self._complete():
            outcome = _pass_on(letter, body, report) or outcome
        return outcome

    def _complete(self) -> Iterator[tuple[bytes, bytes]]:
        at = 0
        while len(self._buffer) - at >= _HEADER.size:
            letter, length = _HEADER.unpack_from(self._buffer, at)
            stop = at + _HEADER.size + length
            if len(self._buffer) < stop:
                break
            yield letter, bytes(self._buffer[at + _HEADER.size : stop])
            at = stop
        del self._buffer[:at]


def _pass_on(letter: bytes, body: bytes, report: Report) -> Outcome | None:
    if letter == _FINISHED:
        report.finished(body.decode())
        return None
    document: Any = json.loads(body)
    if letter == _BEGINS:
        report.begins(*document)
        return None
    if letter == _ITEM_FAILED:
        report.failed(Failed(**document))
        return None
    return Returned(**document) if letter == _RETURNED else Failed(**document)
