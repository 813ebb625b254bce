"""The commands of the README, CONTRIBUTING and the docs exist and run."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cli.main import parser
from docs.pages import ROOT

_PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "benchmarks" / "README.md",
]
_SHELL = re.compile(r"```sh\n(?P<lines>.*?)```", re.DOTALL)


def _commands() -> Iterator[str]:
    for page in _PAGES:
        for block in _SHELL.finditer(page.read_text()):
            whole = block["lines"].replace("\\\n", " ")
            lines = [line.split("#")[0].strip() for line in whole.splitlines()]
            yield from (line for line in lines if line)


def _starting_with(program: str) -> list[str]:
    return sorted({command for command in _commands() if program in shlex.split(command)})


@pytest.mark.parametrize("command", _starting_with("make"))
def test_make_knows_each_target(command: str) -> None:
    """Each `make` command names targets of the Makefile, and what it would run can be worked out."""
    words = shlex.split(command)
    arguments = words[words.index("make") + 1 :]
    ran = subprocess.run(
        ["make", "--dry-run", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("command", _starting_with(".venv/bin/sluice"))
def test_the_command_line_is_understood(command: str) -> None:
    """Each `sluice` command is one that the program has, with options that it takes."""
    assert callable(parser().parse_args(shlex.split(command)[1:]).run)


def test_there_are_commands_to_check() -> None:
    """The commands are found at all."""
    assert len(_starting_with("make")) >= 5
    assert len(_starting_with(".venv/bin/sluice")) >= 3


def test_make_check_leaves_a_teams_own_code_alone() -> None:
    """How it is written is theirs; that of the jobs that Sluice adds is ours."""
    ran = subprocess.run(["make", "--dry-run", "check"], cwd=ROOT, capture_output=True, text=True, check=True)
    commands = [line for line in ran.stdout.splitlines() if "ruff" in line]
    left_out = {word.partition("=")[2] for word in " ".join(commands).split() if "-exclude=" in word}
    others = {path.name for path in (ROOT / "containers").iterdir() if path.is_dir()}
    own = {"backfill", "backfill_reports", "cleanup", "start", "step", "__pycache__"}
    assert left_out - {"containers/__pycache__"} == {
        "pipelines",
        "tests/pipelines",
        *(f"containers/{name}" for name in others - own),
    }


def test_make_help_lists_every_target() -> None:
    """`make help` names each target that a person may call, with what it is for."""
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [name for name in phony[1].split() if f"make {name} " not in shown] == []


def test_the_workflow_runs_what_ci_runs() -> None:
    """GitHub's workflow runs `.ci/run`, which runs the checks, the tests and the demo."""
    assert "run: .ci/run" in (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    script = (ROOT / ".ci" / "run").read_text()
    assert all(f"make {target}" in script for target in ("setup", "check", "test", "demo"))


def test_no_page_names_a_path_of_one_machine() -> None:
    """Pages and build files name no home folder."""
    files = [*_PAGES, ROOT / "Makefile", ROOT / ".ci" / "run"]
    assert [
        path.name for path in files if re.search(r"/(home|root|Users|work)/", Path(path).read_text())
    ] == []


class _Text:
    """An uploaded text, as step functions see it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def ranges(self, **_: object) -> Iterator[tuple[int, int]]:
        middle = self._content.index(b" ", len(self._content) // 2) + 1
        yield from ((0, middle), (middle, len(self._content)))

    def read(self, start: int, stop: int) -> bytes:
        return self._content[start:stop]


class _Item(dict[str, int]):
    upload: _Text
    previous: object = None


def test_the_functions_of_the_readme_count_words() -> None:
    """The step functions that the README shows work together as it says."""
    (block,) = (
        found
        for found in re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
        if "def merge" in found
    )
    steps: dict[str, Any] = {"Counter": Counter, "json": json}
    exec(block, steps)  # noqa: S102 - our own README
    text = _Text(b"to be or not to be")
    items = [_Item(item) for item in steps["split"](text)]
    for item in items:
        item.upload = text
        item.previous = steps["count"](item, None)
    written: dict[str, str] = {}
    steps["merge"](
        lambda _: enumerate(steps["rank"](item, None) for item in items),
        SimpleNamespace(write=written.__setitem__),
    )
    assert json.loads(written["counts.json"]) == {"to": 2, "be": 2, "or": 1, "not": 1}
