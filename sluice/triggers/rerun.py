"""The commands that run something again, as alerts name them."""

from __future__ import annotations


def rerun_command(run_id: str) -> str:
    """Return the command that runs a run again from its beginning, as a new run, whatever its trigger was."""
    return f"sluice rerun {run_id}"


def resume_command(run_id: str, *, with_current_code: bool = False) -> str:
    """Return the command that resumes a failed run where it failed: what has succeeded is not repeated."""
    return f"sluice retry {run_id}" + (" --with-current-code" if with_current_code else "")


def retry_many_command(pipeline: str, since: str, state: str = "failed") -> str:
    """Return the command that resumes all runs of a pipeline in this state that began since then (UTC)."""
    return f"sluice retry --pipeline {pipeline} --since {since} --state {state}"
