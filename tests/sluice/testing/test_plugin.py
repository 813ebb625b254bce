"""The plugin in a project of its own: tests find their pipeline, and one that fails shows its run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PIPELINE = """
from sluice import Job, Manual, Pipeline
pipeline = Pipeline(name="own-one", triggers=[Manual()], steps=[Job("work", run="work")])
"""
STEPS = """
def work(results, out):
    print("working")
    out.write("a.txt", str(10 // results.trigger.input))
"""
TEST = """
from pipelines.own_one import pipeline
from sluice.testing import run

def test_ten():
    assert run(pipeline, input=5).files["a.txt"] == b"2"

def test_zero():
    ran = run(pipeline, input=0)
    assert ran.succeeded
"""


def test_a_project_is_found_and_a_failure_shows_its_run(tmp_path: Path) -> None:
    """Nothing is configured."""
    for name, text in {
        "pipelines/own_one.py": PIPELINE,
        "containers/own_one/steps.py": STEPS,
        "tests/test_own_one.py": TEST,
        "pytest.ini": "[pytest]\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    command = [sys.executable, "-m", "pytest", "-p", "no:randomly", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "Sluice run own-one-" in done.stdout
    assert "work: FAILED: ZeroDivisionError" in done.stdout
    assert "working" in done.stdout
