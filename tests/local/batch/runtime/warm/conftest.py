"""An image with a program that can be forked, and how its attempts are forked."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from local.batch.ports import Task
from local.batch.runtime.warm import parents
from local.batch.runtime.warm.parents import WarmParents

WARM = """
import sys
from importlib import import_module

def prepare():
    pass

def load(words):
    import_module(words[0])

def run(words):
    import_module(words[0]).job(*words[1:])
    sys.exit(0)
"""
JOB = """
def job(*words):
    print("done", *words, flush=True)
"""


@dataclass
class Folder:
    """An image's folder, and the parents of an engine."""

    root: Path
    parents: WarmParents
    shared: dict[str, str] = field(default_factory=lambda: {"PATH": os.environ["PATH"]})

    def write(self, code: str) -> None:
        """Write the module that jobs name."""
        (self.root / "steps.py").write_text(JOB + code)

    def task(self, *words: str, **own: str) -> Task:
        """Return an attempt with variables of its own."""
        return Task(
            id="0" * 32,
            argv=(sys.executable, "-m", "prog", "steps", *words),
            environment={**self.shared, **own},
            workdir=self.root,
            log_group="g",
            log_stream="s",
            memory=100,
            image="i",
            shared=self.shared,
        )

    def run(self, *words: str, **own: str) -> tuple[int | None, str] | None:
        """Return the exit code and the output of a forked attempt, None where it must be started anew."""
        out, into = os.pipe()
        try:
            child = self.parents.fork(self.task(*words, **own), into)
        finally:
            os.close(into)
        with os.fdopen(out) as file:
            return None if child is None else (child.wait(), file.read())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folder]:
    """An image whose jobs print `done`, and parents that are waited for also on a slow machine."""
    monkeypatch.setattr(parents, "READY_SECONDS", 60.0)
    program = tmp_path / "prog"
    program.mkdir()
    (program / "__init__.py").write_text("")
    (program / "warm.py").write_text(WARM)
    made = Folder(tmp_path, WarmParents())
    made.write("")
    yield made
    made.parents.close()
