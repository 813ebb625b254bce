"""`sluice local deploy --watch`: each save of a project's file is deployed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from local.paths import LocalCloudPaths
from stacks.project import VARIABLE
from tests.e2e.application import Application, wait_for

pytestmark = pytest.mark.e2e
DEPLOYED = "deploy     the code of word_count, "


class Watching:
    """The command, started by a person in a project's folder."""

    def __init__(self, place: LocalCloudPaths, project: Path, log: Path) -> None:
        self._log = log
        command = [sys.executable, "-m", "cli.main", "local", "deploy", "--watch", f"--port={place.port}"]
        # One that was started where SIGINT is ignored, as in the background of a shell, would ignore it.
        heeds_ctrl_c = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
        with log.open("w") as out:
            self.process = subprocess.Popen(
                command,
                env=os.environ | {VARIABLE: str(project)},
                stdout=out,
                stderr=out,
                preexec_fn=heeds_ctrl_c,
            )

    def has_said(self, text: str, times: int = 1) -> None:
        """Wait until the command has printed a text so often."""
        wait_for(lambda: self._goes_on() and self._said().count(text) >= times, f"{text!r} {times} times")

    def _goes_on(self) -> bool:
        assert self.process.poll() is None, self._said()
        return True

    def _said(self) -> str:
        return self._log.read_text()


@pytest.fixture
def watching(deployed_cloud: LocalCloudPaths, deployed_project: Path, tmp_path: Path) -> Iterator[Watching]:
    """The command beside the deployed app, where commands look for a cloud on its port."""
    state = LocalCloudPaths.of(deployed_cloud.port).state
    state.parent.mkdir(exist_ok=True)
    state.symlink_to(deployed_cloud.state)
    started = Watching(deployed_cloud, deployed_project, tmp_path / "log")
    try:
        yield started
    finally:
        started.process.kill()
        started.process.wait()
        state.unlink()


def test_each_save_is_deployed_until_ctrl_c(
    deployed_cloud: LocalCloudPaths, deployed_project: Path, watching: Watching
) -> None:
    """New runs have the new code; a file that is broken for a while is said, and stops nothing."""
    app = Application(deployed_cloud)
    steps = deployed_project / "containers" / "word_count" / "steps.py"
    code = steps.read_text()
    watching.has_said("Waits for the next save; Ctrl-C ends it.")
    try:
        steps.write_text(code.replace("word.lower()", "word.upper()"))
        watching.has_said(DEPLOYED)
        run = app.ended(app.put("word-count/watched.txt", b"one two\n"))
        assert json.loads(app.published(run, "counts.json")) == {"ONE": 1, "TWO": 1}
        steps.write_text("def broken(:\n")
        watching.has_said("SyntaxError: invalid syntax (steps.py, line 1)")
    finally:
        steps.write_text(code)
        watching.has_said(DEPLOYED, times=2)
    watching.process.send_signal(signal.SIGINT)
    assert watching.process.wait(timeout=120) == 130
