"""Attempts that are forked from a parent: each is as if it had been started anew."""

from __future__ import annotations

import os
import signal

import pytest

from local.batch.runtime.spawn import Child
from local.batch.runtime.warm.parents import COLD, MAX_PARENTS, START_VARIABLE
from tests.local.batch.runtime.warm.conftest import Folder


def test_an_attempt_is_forked_with_its_own_words_and_variables(folder: Folder) -> None:
    """Its words, its environment and its output are its own."""
    folder.write("import os\ndef job(*words):\n    print(*words, os.environ.get('OWN'), os.getcwd())\n")
    assert folder.run("a", OWN="1") == (0, f"a 1 {folder.root}\n")
    assert folder.run("b", OWN="2") == (0, f"b 2 {folder.root}\n")
    assert folder.run("c") == (0, f"c None {folder.root}\n")


def test_children_share_nothing(folder: Folder) -> None:
    """What one changes in memory, and the random numbers that it draws, no other sees."""
    folder.write(
        "import random\nseen = []\ndef job(word):\n    seen.append(word)\n    print(seen, random.random())\n"
    )
    lines = [(folder.run(word) or (1, ""))[1].split(" ") for word in "abc"]
    assert [first for first, _ in lines] == ["['a']", "['b']", "['c']"]
    assert len({number for _, number in lines}) == 3


def test_exit_codes_and_signals_are_known(folder: Folder) -> None:
    """A child's end is what it would be for a process of the engine's own."""
    folder.write(
        "import os, sys\ndef job(code):\n    os.kill(os.getpid(), 9) if code == '9' else sys.exit(3)\n"
    )
    assert folder.run("3") == (3, "")
    assert folder.run("9") == (-signal.SIGKILL, "")


def _forked(folder: Folder) -> tuple[Child, int]:
    out, into = os.pipe()
    child = folder.parents.fork(folder.task(), into)
    os.close(into)
    assert child is not None
    return child, out


def test_a_child_leads_a_session_of_its_own(folder: Folder) -> None:
    """So that it can be stopped with all that it starts, from the moment on that it is known."""
    folder.write("import time\ndef job():\n    time.sleep(60)\n")
    child, out = _forked(folder)
    assert os.getsid(child.pid) == child.pid
    os.killpg(child.pid, signal.SIGTERM)
    assert child.wait() == -signal.SIGTERM
    os.close(out)


def test_no_descriptor_of_the_parent_is_open_in_a_child(folder: Folder) -> None:
    """Only the three that every program has, and the one that lists them."""
    folder.write("import os\ndef job():\n    print(sorted(map(int, os.listdir('/proc/self/fd'))))\n")
    assert folder.run() == (0, "[0, 1, 2, 3]\n")


def test_a_variable_that_an_import_reads_must_be_the_same(folder: Folder) -> None:
    """An import that reads what differs between attempts would have read another's."""
    folder.shared["SAME"] = "1"
    folder.write("import os\nos.environ.get('INDEX')\nos.getenv('SAME')\n")
    assert folder.run(INDEX="7") is None
    assert folder.run(OTHER="7") == (0, "done\n")


@pytest.mark.parametrize("name", ["PYTHONPATH", "PYTHONOPTIMIZE", "LD_PRELOAD", "LC_ALL"])
def test_a_variable_that_a_start_reads_must_be_the_same(folder: Folder, name: str) -> None:
    """A copy of a process that was started with another value would not have heard of it."""
    assert folder.run(**{name: str(folder.root)}) is None
    assert folder.run() == (0, "done\n")


def test_a_word_has_an_image_started_anew(folder: Folder) -> None:
    """The variable is one of the image or of the step."""
    assert folder.run(**{START_VARIABLE: COLD}) is None
    assert folder.run() == (0, "done\n")


def test_a_program_without_the_module_is_started_anew(folder: Folder) -> None:
    """Only a program that says how can be forked."""
    (folder.root / "prog" / "warm.py").unlink()
    assert folder.run() is None


def test_a_program_is_found_along_the_path_of_an_image(folder: Folder) -> None:
    """Images that Sluice writes have the core in a folder of its own, behind the code of the steps."""
    core = folder.root / "core"
    core.mkdir()
    (folder.root / "prog").rename(core / "prog")
    assert folder.run() is None
    folder.shared["PYTHONPATH"] = f"{folder.root}:{core}"
    assert folder.run("a") == (0, "done a\n")


def test_attempts_are_started_anew_when_a_parent_is_gone(folder: Folder) -> None:
    """A parent that somebody has killed stops no job; nobody knows how its last one ended."""
    folder.write("import os, signal\ndef job():\n    os.kill(os.getppid(), signal.SIGKILL)\n")
    first = folder.run()
    assert first is not None
    assert first[0] is None
    assert folder.run() is None


def test_parents_that_are_not_used_make_room(folder: Folder) -> None:
    """There are never more than so many, and each can be had again."""
    for number in (*range(MAX_PARENTS + 2), 0):
        folder.shared = {**folder.shared, "IMAGE": str(number)}
        assert folder.run() == (0, "done\n")
    assert len(folder.parents._parents) == MAX_PARENTS


def test_a_parent_that_must_not_fork_does_nothing_at_its_end(folder: Folder) -> None:
    """What an import has registered for the end is a job's, and a thread of it keeps no parent."""
    folder.write(
        "import atexit, pathlib, threading, time\n"
        "atexit.register(pathlib.Path('note.txt').touch)\n"
        "threading.Thread(target=time.sleep, args=(3600,)).start()\n"
    )
    assert folder.run() is None
    (parent,) = folder.parents._parents.values()
    assert parent._process.wait(timeout=60) == 0
    assert not (folder.root / "note.txt").exists()
