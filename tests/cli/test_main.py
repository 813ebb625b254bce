"""The command line as a whole."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from cli.main import main


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["nope"],
        ["graph", "--nope"],
        ["show"],
        ["logs", "run", "step", "-1"],
        ["logs", "run", "step", "first"],
        ["runs", "--limit", "0"],
        ["runs", "--limit", "many"],
        ["runs", "--state", "DONE"],
        ["cancel", "run", "--timeout", "0"],
    ],
)
def test_wrong_usage_is_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Words that are no command line end with the exit code 2 and what was expected."""
    with pytest.raises(SystemExit, match="2"):
        main(words)
    assert "usage: sluice" in capsys.readouterr().err


def test_a_reader_that_has_enough() -> None:
    """A reader that goes away early, such as `head`, is no failure and no traceback."""
    command = [
        sys.executable,
        "-c",
        "import sys; from cli.main import main; sys.exit(main(['pipelines', '--json']))",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert (running.stderr.read(), running.wait(timeout=60)) == (b"", 0)


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    """It ends at once, with 0."""
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert re.fullmatch(r"sluice \d+\.\d+\.\d+\n", capsys.readouterr().out)


@pytest.mark.parametrize(("words", "nearest"), [(["shwo", "x"], "show"), (["local", "upp"], "up")])
def test_an_unknown_word_is_answered_with_the_nearest(
    words: list[str], nearest: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong command line ends with 2."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert f"Did you mean {nearest!r}?" in capsys.readouterr().err


def test_nothing_is_suggested_for_what_is_like_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Only the choices are listed."""
    with pytest.raises(SystemExit):
        main(["xyzzy"])
    assert "Did you mean" not in capsys.readouterr().err
