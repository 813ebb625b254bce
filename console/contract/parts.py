"""Parts of a run: children and items of its steps, lines of logs, published files."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Children ``start`` to ``start + count - 1`` of a step of ``total``, for a heat map.

    ``states`` has a letter for each: w waits, b boots, r runs, s succeeded, f failed, n never ran, ? is not
    known (without zooming in, a child that has not ended may be one of w, b, r). ``attempts`` and ``seconds``
    come with at most MAX_EXACT_CELLS, else None. ``done_items`` and ``failed_items`` are for each child, None
    where they are not counted. Child c has the items from ``c * items // total`` to before
    ``(c + 1) * items // total``.
    """

    step: str
    generation: int
    total: int
    items: int | None
    start: int
    count: int
    states: str
    attempts: tuple[int, ...] | None
    seconds: tuple[float | None, ...] | None
    done_items: tuple[int | None, ...] | None
    failed_items: tuple[int | None, ...] | None
    exact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An item with the child that works on it; ``state`` has the letters of Cells."""

    item: int
    child: int
    state: str
    text: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """Items ``start`` and following of ``total``. They have no texts where their list ``is_removed``, as it
    is by the run's cleanup.
    """

    step: str
    total: int
    start: int
    items: tuple[Item, ...]
    is_removed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """A line of a log; ``attempt`` counts from 1."""

    attempt: int
    at: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Logs:
    """Lines of a job's log; ``next`` is given back as ``after`` for the following ones. ``ended``: there will
    be none. Without ``step`` the request is about what failed first.
    """

    step: str
    child: int | None
    generation: int
    generations: int
    attempts: int
    lines: tuple[LogLine, ...]
    next: str
    ended: bool
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFile:
    """A published file; ``kind``: text, table, image, html, other (no preview)."""

    name: str
    size: int
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """The published files; ``more``: there are further ones."""

    files: tuple[ResultFile, ...]
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The beginning of a file: ``text``, or ``columns`` and ``rows`` of a table, or ``src``, the address of
    an image or of HTML for a sandboxed iframe. ``cut``: this is not the whole. With ``parts`` an image is
    larger than an answer may be: ``src?part=0`` and following have so many pieces of it.
    """

    name: str
    kind: str
    size: int
    cut: bool
    text: str | None = None
    columns: tuple[str, ...] | None = None
    rows: tuple[tuple[str, ...], ...] | None = None
    src: str | None = None
    parts: int | None = None
