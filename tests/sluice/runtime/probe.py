"""A pipeline whose functions do what a test wants, and the first steps of its runs."""

from __future__ import annotations

from sluice.pipeline.definition import Array, Job, Pipeline, Plan, S3Upload
from sluice.run.decision import decide
from sluice.run.state import Run
from sluice.run.submission import Submission
from tests.sluice.runtime.jobs import Jobs, functions_of

PIPELINE = Pipeline(
    name="probe",
    triggers=[S3Upload(prefix="probe/")],
    steps=[
        Plan("find", run="find"),
        Array("work", run="work", items_of="find", items_per_child=4),
        Array("follow", run="follow", each="work"),
        Job("gather", run="gather", after=["follow"]),
    ],
)
FUNCTIONS = functions_of(PIPELINE)


def submission(jobs: Jobs, run: Run, step: str) -> Submission:
    """Return the submission of a step that is next."""
    stored = jobs.ledger.load(run.run_id)
    assert stored is not None
    return next(one for one in decide(stored.pipeline, stored.steps).submissions if one.step.name == step)


def planned(jobs: Jobs, run: Run) -> Submission:
    """Run the plan and name the array's job; return the array's submission."""
    plan = submission(jobs, run, "find")
    jobs.submit(run, plan)
    assert jobs.start(run, plan, 0, FUNCTIONS) == 0
    jobs.codes["find"] = [0]
    jobs.settle(run, plan)
    array = submission(jobs, run, "work")
    jobs.submit(run, array)
    return array
