"""The pytest plugin: tests find their project, and a test that fails shows what became of its runs.

Registered in pyproject.toml (``pytest11``), so it is there wherever Sluice is installed.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from sluice.testing import recent

Reporting = Generator[None, pytest.TestReport, pytest.TestReport]
_FOLDERS = ("pipelines", "containers")


def pytest_configure(config: pytest.Config) -> None:
    """Let tests import ``pipelines`` and ``containers`` of the project that they are in."""
    project = _project_of(config.rootpath)
    if project is not None and str(project) not in sys.path:
        sys.path.insert(0, str(project))


def _project_of(folder: Path) -> Path | None:
    """Return the nearest folder upwards that is a project."""
    folders = (folder, *folder.parents)
    return next((one for one in folders if all((one / name).is_dir() for name in _FOLDERS)), None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Reporting:
    """Add the runs of a test to its report: pytest shows them when it failed."""
    report = yield
    for run in recent.take():
        report.sections.append((f"Sluice run {run.run_id}", f"{run}\n{run.log}"))
    return report
