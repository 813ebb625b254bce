"""Which tests run in the same worker of pytest-xdist, and which come first."""

from __future__ import annotations

from pathlib import Path

import pytest

DEPLOYED = "deployed"
_ROOT = Path(__file__).parent
_TOGETHER = {
    _ROOT / "stacks": "stacks",  # the synthesised app
    _ROOT / "console" / "page": "page",  # a browser
}
"""Folders whose tests share what takes seconds to make."""


def give_groups(items: list[pytest.Item]) -> None:
    """Let tests that share something be in one worker, so that it is made once."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(_group(item)))


def put_longest_first(items: list[pytest.Item]) -> None:
    """Begin with the tests that take longest: a long one that began last would leave the other workers
    without work.
    """
    items.sort(key=_rank)


def _group(item: pytest.Item) -> str:
    """Return the group of a test that names none: of the one deployed app, of its folder, or of its file."""
    if "deployed_cloud" in getattr(item, "fixturenames", ()):
        return DEPLOYED
    for folder, name in _TOGETHER.items():
        if folder in item.path.parents:
            return name
    return item.path.relative_to(_ROOT.parent).as_posix()


def _rank(item: pytest.Item) -> tuple[bool, bool, bool]:
    marker = item.get_closest_marker("xdist_group")
    group = marker.args[0] if marker else ""
    return group != DEPLOYED, item.get_closest_marker("e2e") is None, "/" in group
