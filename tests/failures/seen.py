"""What a person sees of a run, without what differs from one time to the next."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from cli.main import main

_VARYING = (
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<job>"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?( UTC|Z|\+00:00)?", "<time>"),
    (r"\b\d+\.\d s\b", "<n> s"),
    (r"\b\d+ MiB\.", "<n> MiB."),
    (r"0x[0-9a-f]{6,}", "<address>"),
    (r"/default/[0-9a-f]+", "/default/<task>"),
    (r"\$252Fdefault\$252F[0-9a-f]+", "<task>"),
    (r"(sluicestorage-)?results[0-9a-f]{8}-[0-9a-f]{12,16}", "<results>"),
    (r"assumed-role/\S+", "assumed-role/<role>"),
    (r"/\S*/images/[0-9a-f]+/", "<image>/"),
    (r"/\S*/site-packages/", "<packages>/"),
    (r"repeated \d+ more times", "repeated <n> more times"),
    (r"(_sluice\.(?:html|json)\s+)[\d,]+", r"\1<n>"),
    (r"127\.0\.0\.1:\d+", "<cloud>"),
    (r"[ ]{2,}", "  "),
)


def command(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Return what a command prints, and its exit code."""
    capsys.readouterr()
    code = main(words)
    out, err = capsys.readouterr()
    return f"{out}{err}(exit code {code})"


def settled(text: str, run_id: str, lines: int = 60) -> str:
    """Return a text with names for what varies; of a long one its beginning and its end."""
    text = text.replace(run_id, "<run>").replace(run_id[-20:], "<end of run>")
    for pattern, name in _VARYING:
        text = re.sub(pattern, name, text)
    rows = text.splitlines()
    if len(rows) > lines:
        rows = [*rows[: lines // 2], f"<{len(rows) - lines} more lines>", *rows[-lines // 2 :]]
    return "\n".join(row if len(row) <= 1200 else f"{row[:1200]}<…{len(row) - 1200}>" for row in rows)


def sections(parts: Sequence[tuple[str, str]]) -> str:
    """Return texts under their titles."""
    return "\n".join(f"===== {title}\n{text.rstrip()}\n" for title, text in parts)
