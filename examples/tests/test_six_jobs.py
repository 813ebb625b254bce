"""six_jobs: nothing runs before what it waits for."""

from __future__ import annotations

from pipelines.six_jobs import pipeline
from sluice.pipeline.definition import Job
from sluice.testing import Command, run


def test_each_job_runs_once_and_after_what_it_waits_for() -> None:
    """By the words that it says."""
    said: list[str] = []

    def note(command: Command) -> None:
        said.append(command.words[-1].lower())

    jobs = [step for step in pipeline.steps if isinstance(step, Job)]
    ran = run(pipeline, commands={job.name: note for job in jobs})
    assert ran.succeeded, ran
    assert sorted(said) == list("abcdef")
    assert all(said.index(str(earlier)) < said.index(job.name) for job in jobs for earlier in job.after)
