"""A worker's process ends as Python does, for all that the user's code has made."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from local.batch.runtime.warm.parents import WarmParents
from tests.sluice.runtime.forked import forked, task_of
from tests.sluice.runtime.jobs import Jobs
from tests.sluice.runtime.processes import ROOT, ended, planned

Start = Callable[[Jobs, WarmParents, Path], tuple[int | None, str]]
WORD = "worker.left_open:work"
_PLAIN = """
from types import SimpleNamespace
from tests.sluice.runtime.worker.left_open import work
work(SimpleNamespace(number=0), None)
"""


def _plainly(folder: Path) -> str:
    """Return what the function prints, and what is left, in a process that is nothing but Python."""
    done = subprocess.run(
        [sys.executable, "-c", _PLAIN], env={"FOLDER": str(folder)}, cwd=ROOT, capture_output=True, check=True
    )
    return done.stdout.decode()


def _anew(jobs: Jobs, parents: WarmParents, folder: Path) -> tuple[int | None, str]:
    """Return the exit code and the output of a job that is started anew, as on AWS."""
    done = ended(jobs, planned(jobs), "work", WORD, 0, FOLDER=str(folder))
    return done.code, done.output + done.error


def _forked(jobs: Jobs, parents: WarmParents, folder: Path) -> tuple[int | None, str]:
    return forked(parents, task_of(jobs, planned(jobs).run_id, 0, WORD, FOLDER=str(folder)))


def _left(folder: Path) -> tuple[dict[str, bytes], list[str]]:
    """Return what the files hold, and which there are."""
    with zipfile.ZipFile(folder / "archive.zip") as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    files = {name: (folder / name).read_bytes() for name in ("file", "log")}
    return content | files, sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("start", [_anew, _forked])
def test_what_is_left_open_comes_to_its_end_as_in_any_python(
    processes: Jobs, parents: WarmParents, start: Start, tmp_path: Path
) -> None:
    """Files, threads, exit handlers, finalizers, whatever an import or the function has made: as in a process
    that is nothing but Python.
    """
    plainly, as_a_job = tmp_path / "plainly", tmp_path / "as-a-job"
    for folder in (plainly, as_a_job):
        folder.mkdir()
    plain = _plainly(plainly).splitlines()
    code, output = start(processes, parents, as_a_job)
    *said, last = output.splitlines()
    assert (code, last.endswith("child 0: 3 items")) == (0, True)
    assert plain == [
        "not flushed",
        "the end of a thread",
        "the end of the process",
        "the end of a file",
        "the end of what an import made",
        "the end of what the function made",
        "the end of a generator",
    ]
    assert sorted(said) == sorted(plain)
    assert _left(as_a_job) == _left(plainly)
