"""Which job this is: its run and step from the submission, its id, attempt and child from AWS Batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sluice.errors import SettingError
from sluice.run.child_environment import READS
from sluice.run.state import StepRecord
from sluice.runtime.node_info import NODE_INDEX, NodeInfo, whole_number
from sluice.settings import SubmissionSettings, variable


@dataclass(frozen=True, slots=True, kw_only=True)
class JobContext:
    """One attempt of one job, of one child of an array, or of one node, which counts as a child.

    ``job_id`` is that of the whole job for a child or a node. ``child`` is the number in the whole step, once
    the ledger has answered which children a later generation works on (``with_child_of``); a job that is no
    array is child 0. ``node`` is None for a job without nodes. ``reads`` are the steps whose records it
    needs.
    """

    run: str
    step: str
    generation: int
    job_id: str
    attempt: int
    child: int
    node: NodeInfo | None = None
    reads: tuple[str, ...] = ()

    @property
    def is_repeated(self) -> bool:
        """Return whether AWS Batch repeats it when it ends with TRY_AGAIN: of nodes, only the main one.

        Another node reports its error, so that the main node can name the cause.
        """
        return self.node is None or self.node.is_main

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> JobContext:
        """Read the context from the environment.

        Batch's variables: https://docs.aws.amazon.com/batch/latest/userguide/job_env_vars.html. Raises
        SettingError.
        """
        submission = SubmissionSettings.from_env(env)
        if not env.get("AWS_BATCH_JOB_ID"):
            raise SettingError(
                "Expected AWS_BATCH_JOB_ID, found none. Steps run as AWS Batch jobs; start the pipeline with"
                " an upload."
            )
        return cls(
            run=submission.run,
            step=submission.step,
            generation=whole_number(env, variable("generation")),
            job_id=env["AWS_BATCH_JOB_ID"].split(":")[0].split("#")[0],
            attempt=whole_number(env, "AWS_BATCH_JOB_ATTEMPT", "1"),
            child=whole_number(env, NODE_INDEX if NODE_INDEX in env else "AWS_BATCH_JOB_ARRAY_INDEX", "0"),
            node=NodeInfo.from_env(env),
            reads=tuple(filter(None, env.get(READS, "").split(","))),
        )

    def with_child_of(self, record: StepRecord) -> JobContext:
        """Return the context with the child's number in the whole step: a generation that repeats failed
        children has an array of its own.
        """
        if record.spec.children is None:
            return self
        children = record.indexes
        if self.child >= len(children):
            raise SettingError(
                f"Expected one of the {len(children)} children of this generation, found child {self.child}."
            )
        return replace(self, child=children[self.child])
