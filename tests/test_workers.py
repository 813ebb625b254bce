"""Tests that share something run in one worker."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.workers import give_groups, put_longest_first

pytest_plugins = ["pytester"]

_ROOT = Path(__file__).parent


class _Item(SimpleNamespace):
    """What is asked of a test."""

    def get_closest_marker(self, name: str) -> Any:
        """Return the last marker of a name."""
        return next((mark for mark in reversed(self.marks) if mark.name == name), None)

    def add_marker(self, decorator: pytest.MarkDecorator) -> None:
        """Add a marker."""
        self.marks.append(decorator.mark)


def _item(file: str, *fixtures: str, group: str = "", e2e: bool = False) -> _Item:
    marks = [pytest.mark.xdist_group(group).mark] if group else []
    marks += [pytest.mark.e2e.mark] if e2e else []
    return _Item(path=_ROOT / file, fixturenames=fixtures, marks=marks)


def test_what_is_shared_is_made_once_and_the_longest_come_first() -> None:
    """The deployed app's tests, other whole paths, groups, and then the tests of a file together."""
    items = [
        _item("sluice/test_keys.py"),
        _item("stacks/blocks/jobs/test_images.py"),
        _item("stacks/test_app.py"),
        _item("e2e/deploys/test_second_deploy.py", e2e=True),
        _item("matrix/test_matrix.py", group="matrix"),
        _item("e2e/test_runs.py", "deployed_cloud", e2e=True),
        _item("cli/test_runs_e2e.py", "deployed_cloud", e2e=True),
    ]
    give_groups(items)  # type: ignore[arg-type]
    put_longest_first(items)  # type: ignore[arg-type]
    assert [item.get_closest_marker("xdist_group").args[0] for item in items] == [
        "deployed",
        "deployed",
        "tests/e2e/deploys/test_second_deploy.py",
        "stacks",
        "stacks",
        "matrix",
        "tests/sluice/test_keys.py",
    ]


def test_a_group_is_run_by_one_worker(pytester: pytest.Pytester) -> None:
    """By the pytest and pytest-xdist that are installed: pytest 9.2 took no heed of groups, and each worker
    deployed the app.
    """
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.xdist_group("one")
        @pytest.mark.parametrize("number", range(8))
        def test_one(number, worker_id, tmp_path_factory):
            (tmp_path_factory.getbasetemp().parent / f"ran-{worker_id}").touch()
            found = list(tmp_path_factory.getbasetemp().parent.glob("ran-*"))
            assert len(found) == 1
        """
    )
    words = ("-n", "2", "--dist", "loadgroup", "-p", "no:randomly")
    pytester.runpytest_subprocess(*words).assert_outcomes(passed=8)
