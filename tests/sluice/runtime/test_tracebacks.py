"""What is printed of an error: the user's frames."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from sluice.run.child_ranges import from_text
from sluice.runtime import tracebacks
from sluice.settings import JobSettings

_STEPS = """\
def each(item):
    return parse(item)


def parse(item):
    try:
        return {}["a"]
    except KeyError as error:
        raise ValueError("no a") from error


def calls_us(call):
    return call()
"""


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """The module of a step, in the working directory, as in an image."""
    folder = tmp_path / "containers" / "words"
    folder.mkdir(parents=True)
    (folder / "of_tracebacks.py").write_text(_STEPS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(folder))
    yield import_module("of_tracebacks")
    del sys.modules["of_tracebacks"]


def _printed(call: Callable[[], object], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return what is printed of the error of a call by Sluice's own code, without this test's frame."""
    caller: dict[str, Callable[[Callable[[], object]], object]] = {}
    own = str(Path(tracebacks.__file__).with_name("caller.py"))
    exec(compile("def run(call):\n    call()\n", own, "exec"), caller)  # noqa: S102 - a frame in a file of ours
    with pytest.raises(Exception) as raised:  # noqa: PT011 - whatever it is
        caller["run"](call)
    (_, *frames) = raised.traceback
    tracebacks.print_traceback(raised.value.with_traceback(frames[0]._rawentry))
    return capsys.readouterr().err.splitlines()


def test_frames_of_sluice_are_left_out(steps: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Those that call the user's function; the paths are those of the project, also in causes."""
    assert _printed(partial(steps.each, {}), capsys) == [
        "Traceback (most recent call last):",
        '  File "containers/words/of_tracebacks.py", line 7, in parse',
        '    return {}["a"]',
        "           ~~^^^^^",
        "KeyError: 'a'",
        "",
        "The above exception was the direct cause of the following exception:",
        "",
        "Traceback (most recent call last):",
        '  File "containers/words/of_tracebacks.py", line 2, in each',
        "    return parse(item)",
        "           ^^^^^^^^^^^",
        '  File "containers/words/of_tracebacks.py", line 9, in parse',
        '    raise ValueError("no a") from error',
        "ValueError: no a",
    ]


def test_a_line_of_the_users_that_calls_sluice_stands_last(
    steps: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """The frames below it are Sluice's again."""
    printed = _printed(partial(steps.calls_us, partial(from_text, "x")), capsys)
    assert [line for line in printed if "File" in line] == [
        '  File "containers/words/of_tracebacks.py", line 13, in calls_us'
    ]
    assert printed[-1].startswith("ValueError: ")


def test_what_sluice_raises_on_purpose_is_its_message(capsys: pytest.CaptureFixture[str]) -> None:
    """There is no frame of the user's in it."""
    printed = _printed(partial(JobSettings.from_env, {}), capsys)
    assert printed == [line for line in printed if "File" not in line and "Traceback" not in line]
    assert printed[0].startswith("sluice.errors.SettingError: ")


def test_an_error_of_our_own_keeps_its_frames(capsys: pytest.CaptureFixture[str]) -> None:
    """A bug of ours is reported whole."""
    printed = _printed(partial(from_text, "x"), capsys)
    files = [line.split('"')[1].rpartition("/")[2] for line in printed if "File" in line]
    assert files == ["caller.py", *["child_ranges.py"] * (len(files) - 1)]
    assert len(files) > 1
