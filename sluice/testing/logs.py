"""What jobs print, kept by step, child and item."""

from __future__ import annotations

import io
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import NamedTuple


class Place(NamedTuple):
    """What prints: a child of a step, at an item or at none."""

    step: str
    child: int
    item: int | None = None


class Logs(io.TextIOBase):
    """Stands for stdout and stderr while jobs run; a thread that a function started prints for its job."""

    def __init__(self) -> None:
        super().__init__()
        self._texts: dict[Place, list[str]] = defaultdict(list)
        self._all: list[str] = []
        self._job: Place | None = None
        self._own = threading.local()

    def write(self, text: str) -> int:
        """Keep a text."""
        place: Place | None = getattr(self._own, "place", None) or self._job
        if place is not None:
            self._texts[place].append(text)
        self._all.append(text)
        return len(text)

    @contextmanager
    def of_job(self, step: str, child: int) -> Iterator[None]:
        """Keep what is printed for this job."""
        self._job = Place(step, child)
        with redirect_stdout(self), redirect_stderr(self):
            yield
        self._job = None

    def at(self, place: Place) -> None:
        """Keep what this thread prints from now on for another place."""
        self._own.place = place

    def by_item(self, step: str) -> dict[int | None, str]:
        """Return what was printed at each item of a step, and outside of any."""
        found: dict[int | None, list[str]] = defaultdict(list)
        for place, texts in self._texts.items():
            if place.step == step:
                found[place.item] += texts
        return {item: "".join(texts) for item, texts in found.items()}

    def text(self) -> str:
        """Return all that was printed."""
        return "".join(self._all)
