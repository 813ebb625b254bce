"""`sluice logs RUN STEP [INDEX]`: prints what a job, a child of an array, or a node has logged."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

from cli.cloud import Cloud, cloud_of
from cli.console import note, say, say_json
from cli.failures import CommandError, UsageError
from cli.generations import Generation, generation_of
from cli.log_reading import JobLog, LogLine, failed_children
from cli.options import add_run, command, index
from cli.run_list import run_of
from cli.run_view import WAITING
from sluice.advance.batch_events import NODE_MARK
from sluice.run.state import RunState, StepRecord, StepState

if TYPE_CHECKING:
    from cli.options import Commands

Sleep = Callable[[float], None]
SECONDS_BETWEEN_LOOKS = 1.0
LAST_LOOKS = 3
"""Looks after a job has ended: its last lines reach CloudWatch Logs a little later than its end reaches AWS
Batch.
"""


def add_to(commands: Commands) -> None:
    """Add the command to the parser's commands."""
    parser = command(
        commands,
        "logs",
        "print a job's log",
        "Prints what a step's job, a child of its array, or one of its nodes has logged.",
    )
    add_run(parser)
    parser.add_argument("step", metavar="STEP", help="the step's name")
    parser.add_argument(
        "index",
        metavar="INDEX",
        nargs="?",
        type=index,
        help="the number of an array's child, or of a node, from 0; without it the main node",
    )
    parser.add_argument(
        "--generation",
        metavar="N",
        type=index,
        help=(
            "the N-th submission of the step, from 0, if it was submitted several times; default: the last"
            " one that worked on the child"
        ),
    )
    parser.add_argument("--follow", action="store_true", help="stay until the job has ended")
    parser.set_defaults(run=lambda given: logs(given, cloud_of()))


def logs(given: argparse.Namespace, cloud: Cloud, *, sleep: Sleep = time.sleep) -> int:
    """Print the log of a step's job, once or until it has ended; raises CommandError when there is no such
    job.
    """
    run_id = run_of(cloud.client("dynamodb"), cloud.table, given.run_id)
    record, nodes = _submitted(cloud, run_id, given.step, given.follow, sleep)
    generation = generation_of(cloud, run_id, record, given.generation, None if nodes else given.index)
    job_id = (
        _node_id(record, generation, nodes, given.index)
        if nodes
        else _job_id(cloud, record, generation, given.index)
    )
    log = JobLog(cloud.client("batch"), cloud.client("logs"), job_id)
    printed = _print(log, given.json)
    looks = LAST_LOOKS
    while given.follow and looks:
        looks -= log.ended
        sleep(SECONDS_BETWEEN_LOOKS)
        printed += _print(log, given.json)
    if not printed:
        state = (
            f"its state is {log.status}"
            if log.status
            else "AWS Batch has forgotten it, as it does 7 days after a job's end"
        )
        note(f"The job {job_id} has logged nothing; {state}.")
    return 0


def _print(log: JobLog, as_json: bool) -> int:
    printed = 0
    for line in log.read():
        _print_line(line, as_json)
        printed += 1
    sys.stdout.flush()
    return printed


def _print_line(line: LogLine, as_json: bool) -> None:
    if as_json:
        say_json(asdict(line), lines=True)
    else:
        say(line.message)


def _submitted(cloud: Cloud, run_id: str, step: str, wait: bool, sleep: Sleep) -> tuple[StepRecord, int]:
    """Return the record of a step that has a job, and how many nodes that has.

    With ``wait`` stays until it has one, or never will. Raises CommandError.
    """
    while True:
        run = cloud.ledger.load(run_id)
        names = [one.name for one in run.pipeline.steps] if run else []
        if run is None or step not in names:
            raise CommandError(f"Expected a step of {run_id} ({', '.join(names)}), found {step!r}.")
        record = run.steps.get(step)
        if record is not None and record.job_id:
            return record, run.pipeline.step(step).nodes
        if record is not None and record.state in (StepState.EMPTY, StepState.FAILED):
            reason = record.reason or "its plan found no items"
            raise CommandError(
                f"Expected a job of the step {step}, found none: it is {record.state}, because {reason}."
            )
        if not wait or run.state is not RunState.RUNNING:
            state = record.state if record else WAITING
            hint = (
                " `--follow` waits for its job."
                if run.state is RunState.RUNNING
                else f" The run is {run.state}."
            )
            raise CommandError(f"Expected a job of the step {step}, found none: it is {state}.{hint}")
        sleep(SECONDS_BETWEEN_LOOKS)


def _job_id(cloud: Cloud, record: StepRecord, generation: Generation, child: int | None) -> str:
    """Return the id of a step's job, or of a child; raises UsageError for an array without a number."""
    last = record.children - 1
    if child is not None and child > last:
        expected = (
            f"the number of one of its {record.children} children, 0 to {last}"
            if last
            else "no number but 0: it is one job"
        )
        raise CommandError(f"{record.name}: expected {expected}, found {child}.")
    if last == 0:
        return generation.job_id
    if child is None:
        failed = _failed(cloud, generation)
        hint = f" Failed: {', '.join(map(str, failed))}." if failed else ""
        raise UsageError(
            f"{record.name} is an array: expected the number of a child, 0 to {last}, behind its name, found"
            f" none.{hint}"
        )
    return generation.id_of(child)


def _failed(cloud: Cloud, generation: Generation) -> list[int]:
    """Return the first failed children of a generation, by their numbers in the whole step."""
    if len(generation.children) == 1:
        (job,) = cloud.client("batch").describe_jobs(jobs=[generation.job_id])["jobs"] or [{}]
        return list(generation.children) if job.get("status") == "FAILED" else []
    return [generation.children[place] for place in failed_children(cloud.client("batch"), generation.job_id)]


def _node_id(record: StepRecord, generation: Generation, nodes: int, node: int | None) -> str:
    """Return the id of a node of a multi-node job: of the main node, unless another is asked for. Raises
    CommandError.
    """
    if node is not None and node >= nodes:
        raise CommandError(
            f"{record.name}: expected the number of one of its {nodes} nodes, 0 to {nodes - 1}, found {node}."
        )
    return f"{generation.job_id}{NODE_MARK}{node or 0}"
