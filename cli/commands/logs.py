"""`sluice logs RUN STEP [INDEX]`: prints what a job, a child of an array, or a node has logged."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict

from cli.cloud import Cloud, cloud_of
from cli.console import print_json, print_line, print_note
from cli.options import Commands, add_run, command, index
from sluice.operate.logs.job_log import JobLog, LogLine
from sluice.operate.logs.log_source import LogSource
from sluice.operate.runs.lookup import find_run_id


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


def logs(given: argparse.Namespace, cloud: Cloud, *, sleep: Callable[[float], None] = time.sleep) -> int:
    """Print the log of a step's job, once or until it has ended; raises OperationError when there is no such
    job.
    """
    source = LogSource(
        ledger=cloud.ledger,
        batch=cloud.client("batch"),
        queues=cloud.deployment.queues.values(),
        run_id=find_run_id(cloud.client("dynamodb"), cloud.deployment.table, given.run_id),
    )
    step = source.submitted(given.step, wait=given.follow, sleep=sleep)
    job_id = source.job_id(step, given.generation, given.index)
    log = JobLog(cloud.client("batch"), cloud.client("logs"), job_id)
    lines = log.follow(sleep) if given.follow else log.read()
    if not _print(lines, as_json=given.json, flush=given.follow):
        state = (
            f"its state is {log.status}"
            if log.status
            else "AWS Batch has forgotten it, as it does 7 days after a job's end"
        )
        print_note(f"The job {job_id} has logged nothing; {state}.")
    return 0


def _print(lines: Iterable[LogLine], *, as_json: bool, flush: bool) -> int:
    """Print lines, flushing each if ``flush``; return how many there were."""
    printed = 0
    for line in lines:
        printed += 1
        if as_json:
            print_json(asdict(line), lines=True)
        else:
            print_line(line.message.rstrip("\r\n"))
        if flush:
            sys.stdout.flush()
    return printed
