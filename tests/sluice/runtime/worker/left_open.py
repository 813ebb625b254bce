"""A step function that leaves things open, which Python brings to their end when a process ends."""

from __future__ import annotations

import atexit
import logging
import os
import tempfile
import threading
import time
import weakref
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sluice.steps import Item, Out


class Noisy:
    """Says when it comes to its end, and that its module and the libraries are there."""

    def __init__(self, name: str) -> None:
        self.name, self.say = name, os.write

    def __del__(self) -> None:
        self.say(1, f"the end of {self.name}\n".encode())


def _waiting() -> Iterator[int]:
    try:
        yield 1
    finally:
        os.write(1, b"the end of a generator\n")


imported = Noisy("what an import made")
kept: dict[str, Any] = {}


def _later() -> None:
    time.sleep(0.3)
    print("the end of a thread", flush=True)


def work(item: Item, out: Out) -> int:
    """Leave open whatever there is, at the first item."""
    if item.number:
        return item.number
    folder = Path(os.environ["FOLDER"])
    kept["file"] = (folder / "file").open("w")
    kept["file"].write("not closed")
    kept["archive"] = zipfile.ZipFile(folder / "archive.zip", "w")
    kept["archive"].writestr("name", "not closed either")
    kept["temporary"] = tempfile.NamedTemporaryFile(dir=folder)  # noqa: SIM115 - that is the point
    kept["directory"] = tempfile.TemporaryDirectory(dir=folder)
    kept["noisy"] = Noisy("what the function made")
    kept["cycle"] = kept
    kept["generator"] = _waiting()
    next(kept["generator"])
    logging.getLogger().addHandler(logging.FileHandler(folder / "log"))
    logging.getLogger().warning("logged")
    weakref.finalize(kept["file"], print, "the end of a file")
    atexit.register(print, "the end of the process")
    threading.Thread(target=_later).start()
    print("not flushed", end="\n")
    return 0
