"""The pages say what the code says."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import deploy
from docs import pages
from local.errors import LocalCloudError
from sluice import errors
from stacks.configuration import ConfigurationError
from stacks.project import ProjectError

ROOT = pages.ROOT
_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_MARKDOWN = [
    path
    for folder in (ROOT, ROOT / "docs", ROOT / "docs" / "decisions", ROOT / "benchmarks")
    for path in sorted(folder.glob("*.md"))
]


def _named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", list(pages.pages()), ids=_named)
def test_what_comes_from_the_code_is_as_the_code_says(page: Path) -> None:
    """Writing a page again changes nothing."""
    assert page.read_text() == pages.written(page.read_text()), f"Run `make docs`: {_named(page)} is stale."


def test_every_part_stands_somewhere() -> None:
    """Each part that can be written is on a page."""
    texts = "".join(page.read_text() for page in pages.pages())
    assert {name for name in pages.PARTS if f"<!-- {name}: written by" not in texts} == set()


@pytest.mark.parametrize("page", _MARKDOWN, ids=_named)
def test_links_lead_somewhere(page: Path) -> None:
    """Each relative link names a file or folder of the repository, and a heading that is there."""
    broken = [target for target in _targets(page) if not _leads_somewhere(page, target)]
    assert broken == []


@pytest.mark.parametrize("page", _MARKDOWN, ids=_named)
def test_no_page_is_about_what_a_team_may_change(page: Path) -> None:
    """The pipelines of this repository's own project are its user's: the pages show the examples."""
    folders = [(page.parent / target.partition("#")[0]).resolve() for target in _targets(page)]
    theirs = [
        one for one in folders if one.parent in (ROOT / "pipelines", ROOT / "containers" / "word_count")
    ]
    assert theirs == []


def _targets(page: Path) -> Iterator[str]:
    yield from (link["target"] for link in _LINK.finditer(page.read_text()) if "://" not in link["target"])


def _leads_somewhere(page: Path, target: str) -> bool:
    name, _, heading = target.partition("#")
    path = (page.parent / name).resolve() if name else page
    return path.exists() and path.is_relative_to(ROOT) and (not heading or heading in _headings(path))


def _headings(page: Path) -> set[str]:
    lines = [
        line.lstrip("#").strip().lower() for line in page.read_text().splitlines() if line.startswith("#")
    ]
    return {re.sub(r"[^\w -]", "", line).replace(" ", "-") for line in lines}


def test_every_error_has_its_section() -> None:
    """docs/errors.md has a heading for each error class, followed by the class's own sentence."""
    text = " ".join((ROOT / "docs" / "errors.md").read_text().split())
    found = [
        error
        for _, error in inspect.getmembers(errors, inspect.isclass)
        if issubclass(error, errors.SluiceError)
    ]
    ours = [*found, ConfigurationError, ProjectError, LocalCloudError, deploy.DeployError]
    missing = [
        one.__name__
        for one in ours
        if one is not errors.SluiceError and f"## {one.__name__} {_sentence(one)}" not in text
    ]
    assert missing == []


def _sentence(error: type) -> str:
    return " ".join((error.__doc__ or "").split())
