"""Where a job stands: its run and step from the submission, its id, attempt and child from Batch."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sluice.errors import SettingError, SupersededJobError
from sluice.ledger.ledger import Assignment, Ledger
from sluice.run.compiled import Kind
from sluice.run.state import RunState, StepRecord
from sluice.runtime.errors import JobNotRegisteredError
from sluice.runtime.node_info import INDEX, NodeInfo, whole_number
from sluice.settings import SubmissionSettings, variable

REGISTRATION_TIMEOUT_SECONDS = 900
"""Longer than it takes to settle the claim of a Lambda that died: its lease and the sweep behind it, ten
minutes together. A job that gives up sooner uses up its attempts, and with them those of the others of its
array."""
_FIRST_PAUSE, _MAX_PAUSE = 0.05, 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One attempt of one job, of one child of an array, or of one node, which counts as a child.

    ``job_id`` is the whole job's for a child or a node. ``child`` is the number in the whole step, once the
    ledger has said which children a later generation works on (``within``); a plain job of a whole step is
    child 0.
    """

    run: str
    step: str
    generation: int
    job_id: str
    attempt: int
    child: int
    seat: NodeInfo | None = None

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Place:
        """Read the place from the environment.

        Batch's variables: https://docs.aws.amazon.com/batch/latest/userguide/job_env_vars.html. Raises
        SettingError.
        """
        place = SubmissionSettings.from_env(env)
        if not env.get("AWS_BATCH_JOB_ID"):
            raise SettingError(
                "Expected AWS_BATCH_JOB_ID, found none. Steps run as AWS Batch jobs; start the pipeline with"
                " an upload."
            )
        return cls(
            run=place.run,
            step=place.step,
            generation=whole_number(env, variable("generation")),
            job_id=env["AWS_BATCH_JOB_ID"].split(":")[0].split("#")[0],
            attempt=whole_number(env, "AWS_BATCH_JOB_ATTEMPT", "1"),
            child=whole_number(env, INDEX if INDEX in env else "AWS_BATCH_JOB_ARRAY_INDEX", "0"),
            seat=NodeInfo.from_env(env),
        )

    def within(self, record: StepRecord) -> Place:
        """Return the place with the child's number in the whole step: a generation that repeats what failed
        has an array of its own.
        """
        if record.spec.children is None:
            return self
        indexes = record.indexes
        if self.child >= len(indexes):
            raise SettingError(
                f"Expected a child of {len(indexes)} that run again, found child {self.child}."
            )
        return replace(self, child=indexes[self.child])


def _says(record: StepRecord, place: Place) -> bool:
    """Return whether the ledger says already whose job it is; of a later generation than this job's it
    certainly is another.
    """
    return record.job_id is not None or record.generation > place.generation


def _goes_on(assignment: Assignment, step: str) -> bool:
    """Return whether the run may still name a job of this step: one that has failed names its cleanup
    later.
    """
    cleanup = any(one.name == step and one.kind is Kind.CLEANUP for one in assignment.pipeline.steps)
    return assignment.state is RunState.RUNNING or (cleanup and assignment.state is RunState.FAILED)


def assigned(place: Place, ledger: Ledger, *, sleep: Callable[[float], None] = time.sleep) -> Assignment:
    """Return what the ledger says of this job's step.

    Raises SupersededJobError when the ledger names another job, or none and the run has ended, and
    JobNotRegisteredError when it names none for a quarter of an hour.
    """
    waited, pause = 0.0, _FIRST_PAUSE
    while True:
        assignment = ledger.assignment(place.run, place.step)
        if assignment is not None and assignment.step is not None and _says(assignment.step, place):
            break
        if assignment is not None and not _goes_on(assignment, place.step):
            raise SupersededJobError(
                f"The run {place.run} has ended ({assignment.state}), and no job of {place.step} is named any"
                " more."
            )
        if waited >= REGISTRATION_TIMEOUT_SECONDS:
            raise JobNotRegisteredError(
                f"Expected the ledger to name a job for {place.run} {place.step}, found none in"
                f" {waited:.0f} s."
            )
        sleep(pause)
        waited, pause = waited + pause, min(pause * 2, _MAX_PAUSE)
    named = assignment.step
    if (named.job_id, named.generation) != (place.job_id, place.generation):
        raise SupersededJobError(
            f"The ledger names job {named.job_id} (generation {named.generation}) for {place.run}"
            f" {place.step}; this is {place.job_id} (generation {place.generation})."
        )
    return assignment
