"""The variables of a job beside its place: of one that repeats a part of a step, which children run again,
and what is missing to a command behind failed steps; and what saves calls.

The ledger has all of it; these variables are for those without the ledger: a person who looks for a child's
log in an older generation (``DescribeJobs`` shows a job's variables for a week), and a command. What AWS
Batch would refuse as too long is left out, or shortened.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sluice.errors import LimitError
from sluice.limits import MAX_BATCH_GET_KEYS, MIN_ARRAY_SIZE, check_submit_job
from sluice.run.compiled import CompiledStep, Kind
from sluice.run.following import words_needed
from sluice.run.state import GenerationSpec
from sluice.run.submission import Submission

CHILDREN = "SLUICE_CHILDREN"
"""The children, by their numbers in the whole step, that a later generation works on, such as ``3,17-19``."""
MISSING = "SLUICE_MISSING"
"""JSON: for each lost step before a command, its failed children; ``"*"`` for a step that never ran, null for
more than can be listed.
"""
WORD = "SLUICE_WORD"
"""Whether the word of a supervisor proves the success of a single job: AWS Batch's event of its end has the
variable, so it is known what to look for.
"""
READS = "SLUICE_READS"
"""The steps whose records a job will need, by their names: it reads them with its own, by one call."""
_MAX_READS = MAX_BATCH_GET_KEYS - 2
"""With the run and the job's own step that is one call."""


def add_child_environment(request: dict[str, Any], submission: Submission, steps: Sequence[str]) -> None:
    """Add the variables to a SubmitJob request; each in the first of its forms that AWS Batch takes. Nodes
    get none. ``steps`` are all those of the run.
    """
    if submission.step.kind is Kind.MULTI_NODE:
        return
    overrides = request["containerOverrides"]
    forms_of_all = (*_forms(submission.step, submission.spec), *_hints(submission, steps))
    for name, forms in forms_of_all:
        for value in forms:
            longer = {**overrides, "environment": [*overrides["environment"], {"name": name, "value": value}]}
            if _taken({**request, "containerOverrides": longer}):
                request["containerOverrides"] = overrides = longer
                break


def _forms(step: CompiledStep, spec: GenerationSpec) -> Iterator[tuple[str, tuple[str, ...]]]:
    if spec.missing and not step.returns:
        yield MISSING, (_json(spec.missing), _json(dict.fromkeys(spec.missing)))
    if spec.children is not None:
        yield CHILDREN, (spec.children,)


def _hints(submission: Submission, steps: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield what saves calls: nothing is lost where AWS Batch does not take it."""
    if submission.size < MIN_ARRAY_SIZE and words_needed(submission):
        yield WORD, ("yes",)
    reads = list(_reads(submission, steps))
    if reads and len(reads) <= _MAX_READS:
        yield READS, (",".join(reads),)


def _reads(submission: Submission, steps: Sequence[str]) -> Iterator[str]:
    """Yield the steps whose records a job needs: all those of the run for its cleanup, those that it waits
    for where they may have results for it.
    """
    if submission.step.kind is Kind.CLEANUP:
        yield from steps
    elif submission.step.kind is Kind.JOB and submission.step.supervised:
        yield from (wait.step for wait in submission.waits)


def _json(value: Any) -> str:
    return json.dumps(dict(value), separators=(",", ":"), sort_keys=True)


def _taken(request: dict[str, Any]) -> bool:
    try:
        check_submit_job(request)
    except LimitError:
        return False
    return True
