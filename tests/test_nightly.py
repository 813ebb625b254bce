"""What takes too long for every change is run each night."""

from __future__ import annotations

from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent


def test_the_nightly_workflow_runs_what_other_runs_leave_out() -> None:
    """By the marker, so that a test which is marked is run without anybody adding it to a list."""
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "nightly.yml").read_text())["jobs"]
    lines = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    assert "make nightly" in lines
