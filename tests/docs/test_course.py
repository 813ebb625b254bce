"""The course says what the pipelines are: their drawings, their code, and commands that run."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.commands.graph.command import lines
from cli.main import parser
from cli.project import EXAMPLES
from sluice.operate.pipelines import find_pipeline
from sluice.pipeline.definition import Manual
from sluice.pipeline.image_folder import package_of
from sluice.pipeline.loading import load_pipelines
from tests.docs.test_pages import _leads_somewhere, _targets

COURSE = EXAMPLES / "course"
PAGES = sorted(COURSE.glob("*.md"))
CHAPTERS = [page for page in PAGES if page.name != "README.md"]
PIPELINES = {str(pipeline.name): pipeline for pipeline in load_pipelines(EXAMPLES)}


# What these show goes beyond their own pipeline.
MORE_THAN_ITS_OWN = ("ring", "slow-vendor")


def name(page: Path) -> str:
    """Return the name of a chapter."""
    return page.stem


def blocks(page: Path, language: str) -> list[str]:
    """Return the code blocks of a page in a language; "" for those that name none."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def test_every_pipeline_has_its_chapter_in_order() -> None:
    """The list of the course links each chapter once, and each is about a pipeline that is there."""
    linked = re.findall(
        r"^(\d+)\. \[(\w+)\]\((\S+)\): ", (COURSE / "README.md").read_text(), flags=re.MULTILINE
    )
    assert [int(number) for number, _, _ in linked] == list(range(1, len(CHAPTERS) + 1))
    assert sorted(target for _, _, target in linked) == [page.name for page in CHAPTERS]
    assert (
        sorted(title.replace("_", "-") for _, title, _ in linked)
        == sorted(PIPELINES)
        == sorted(name(page) for page in CHAPTERS)
    )


@pytest.mark.parametrize("page", CHAPTERS, ids=name)
def test_a_chapter_begins_with_its_pipelines_name(page: Path) -> None:
    """And what it shows."""
    assert re.match(rf"# {package_of(name(page))}: \S", page.read_text())


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    """To a file of the repository, and a heading that is there."""
    assert [target for target in _targets(page) if not _leads_somewhere(page, target)] == []


@pytest.mark.parametrize("page", [page for page in CHAPTERS if name(page) not in MORE_THAN_ITS_OWN], ids=name)
def test_the_code_is_the_pipelines_own(page: Path) -> None:
    """Each line of Python stands in the pipeline's file or in its steps, but for the spaces before it and a
    comma behind it.
    """
    files = [
        EXAMPLES / "pipelines" / f"{package_of(name(page))}.py",
        *(EXAMPLES / "containers" / package_of(name(page))).glob("*.py"),
    ]
    code = "".join("".join(file.read_text().split()) for file in files)
    shown = [line for block in blocks(page, "python") for line in block.splitlines() if line.strip()]
    assert [line for line in shown if "".join(line.split()).rstrip(",") not in code] == []


@pytest.mark.parametrize("page", CHAPTERS, ids=name)
def test_the_drawing_is_the_commands_own(page: Path) -> None:
    """What a chapter draws is what `sluice graph` draws of its pipeline."""
    drawn = [block.rstrip("\n") for block in blocks(page, "") if block.startswith("●")]
    assert drawn in ([], ["\n".join(line.rstrip() for line in lines(find_pipeline(name(page), EXAMPLES)))])


def commands(page: Path) -> Iterator[list[str]]:
    """Yield the commands of a page as words."""
    lines = (
        shlex.split(command, comments=True) for block in blocks(page, "sh") for command in _joined(block)
    )
    yield from (
        words
        for words in ([word for word in line if not re.fullmatch(r"[A-Z_]+=\S*", word)] for line in lines)
        if words
    )


def _joined(block: str) -> list[str]:
    """Return a block's commands: one within quotes may go over several lines."""
    found = [""]
    for line in block.splitlines():
        found[-1] += line
        if found[-1].count("'") % 2 == 0:
            found.append("")
    return found


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_commands_are_understood(page: Path) -> None:
    """`sluice` takes each line, and the pipeline that it names is there; an event names one that may be asked
    for.
    """
    for words in commands(page):
        if words[0] in ("sluice", ".venv/bin/sluice"):
            given = parser().parse_args(words[1:])
            assert callable(given.run)
            assert getattr(given, "name", "word-count") in PIPELINES
        elif words[0] == "aws":
            _check_request(json.loads(words[words.index("--entries") + 1]))
        else:
            assert words[0] == "make"


def _check_request(entries: list[dict[str, Any]]) -> None:
    for entry in entries:
        assert (entry["Source"], entry["DetailType"]) == ("sluice", "Run Requested")
        detail = json.loads(entry["Detail"])
        assert any(isinstance(trigger, Manual) for trigger in PIPELINES[detail["pipeline"]].triggers)
        assert detail["token"]


def test_there_are_commands_to_check() -> None:
    """They are found at all."""
    found = [words[:2] for page in PAGES for words in commands(page)]
    assert found.count([".venv/bin/sluice", "run"]) >= 4
    assert ["aws", "events"] in found
