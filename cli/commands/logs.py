"""`sluice logs RUN [STEP] [INDEX]`: prints what a job, a child of an array, or a node has logged; without a
step that of what failed first.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass

from cli.cloud import Cloud, cloud_of
from cli.console import print_json, print_line, print_note
from cli.options import Commands, add_run, command, index, positive
from sluice.operate.errors import RequestError
from sluice.operate.listing.lookup import find_run_id
from sluice.operate.logs.job_log import JobLog, LogLine
from sluice.operate.logs.log_source import LogSource, SubmittedStep
from sluice.operate.runs.failures import FailureReader
from sluice.visible import visible

_MAX_LOGS = 100
"""So many failed children are read: a log is at least two calls."""
Sleep = Callable[[float], None]


def add_to(commands: Commands) -> None:
    """Add the command to the parser's commands."""
    parser = command(
        commands,
        "logs",
        "print a job's log",
        "Prints what a step's job, a child of its array, or one of its nodes has logged; without a step that"
        " of what failed first.",
    )
    add_run(parser)
    parser.add_argument(
        "step", metavar="STEP", nargs="?", help="the step's name; without it the one that failed first"
    )
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
    parser.add_argument("--failed", action="store_true", help="the logs of all children that failed")
    parser.add_argument("--tail", metavar="N", type=positive, help="only the last N lines")
    parser.add_argument("--search", metavar="TEXT", help="only lines with this text, in any case")
    parser.add_argument("--follow", action="store_true", help="stay until the job has ended")
    parser.set_defaults(run=lambda given: logs(given, cloud_of()))


def logs(given: argparse.Namespace, cloud: Cloud, *, sleep: Sleep = time.sleep) -> int:
    """Print the log of a step's job, once or until it has ended; raises OperationError when there is no such
    job.
    """
    if given.follow and (given.failed or given.tail):
        raise RequestError("Expected --follow alone, found --failed or --tail beside it: these read once.")
    source = LogSource(
        ledger=cloud.ledger,
        batch=cloud.client("batch"),
        queues=cloud.deployment.queues.values(),
        run_id=find_run_id(cloud.client("dynamodb"), cloud.deployment.table, given.run_id),
    )
    step = source.submitted(given.step or source.failed_step(), wait=given.follow, sleep=sleep)
    shown = _Shown(given.search, given.tail, as_json=given.json, flush=given.follow)
    children = _children(_FailedChildren(cloud, source, step), given)
    for child in children:
        job_id = source.job_id(step, given.generation, child)
        log = JobLog(cloud.client("batch"), cloud.client("logs"), job_id)
        lines = log.follow(sleep) if given.follow else log.read()
        if not shown.print(lines, f"[{child}] " if len(children) > 1 else ""):
            print_note(f"The job {job_id} has logged nothing; {_state(log, step)}")
    return 0


def _state(log: JobLog, step: SubmittedStep) -> str:
    """Return what became of a job without a log, and why where that is known of this job alone."""
    state = "AWS Batch has forgotten it, as it does 7 days after a job's end"
    if log.status:
        state = f"its state is {log.status}"
    is_whole = step.record.children == 1 and not step.nodes
    return f"{state}. Why: {visible(step.record.reason)}." if is_whole and step.record.reason else f"{state}."


@dataclass(frozen=True, slots=True)
class _FailedChildren:
    """Finds the children of an array that failed."""

    cloud: Cloud
    source: LogSource
    step: SubmittedStep

    def find(self, generation: int | None) -> list[int]:
        """Return those whose jobs failed, or else those with failed items: where some are tolerated, their
        jobs succeed. Raises RequestError where there are none.
        """
        failed = self.source.failed_children(self.step, generation)
        found = failed or (self._with_failed_items() if generation is None else [])
        if not found:
            raise RequestError(f"Expected children of {self.step.record.name} that failed, found none.")
        return found

    def _with_failed_items(self) -> list[int]:
        run = self.cloud.ledger.load(self.source.run_id)
        if run is None:
            return []
        reader = FailureReader(self.cloud.client("s3"), self.cloud.deployment.work, run)
        return reader.failing_children(self.step.record)


def _children(children: _FailedChildren, given: argparse.Namespace) -> list[int | None]:
    """Return the children whose logs are printed; None stands for the job, or the main node."""
    step = children.step
    is_array = step.record.children > 1 and not step.nodes
    if not is_array or (given.step is not None and not given.failed):
        return [given.index]
    failed: list[int | None] = list(children.find(given.generation))
    if given.failed:
        if len(failed) > _MAX_LOGS:
            print_note(f"These are the logs of the first {_MAX_LOGS} of {len(failed):,} that failed.")
        return failed[:_MAX_LOGS]
    others = f", the first of {len(failed):,} that failed: --failed shows them" if len(failed) > 1 else ""
    print_note(f"This is child {failed[0]} of {step.record.name}{others}.")
    return failed[:1]


@dataclass(frozen=True, slots=True)
class _Shown:
    """Prints the lines that are asked for, and says when these are not all."""

    search: str | None
    tail: int | None
    as_json: bool
    flush: bool

    def print(self, lines: Iterable[LogLine], label: str) -> int:
        """Print lines, each with a label before it; return how many the log has."""
        counted = _Counted(lines)
        found = (line for line in counted if self._is_found(line))
        kept = deque(found, maxlen=self.tail) if self.tail else found
        printed = 0
        for line in kept:
            printed += 1
            self._print(line, label)
        if printed < counted.count:
            print_note(f"{label}These are {printed:,} of {counted.count:,} lines.")
        return counted.count

    def _is_found(self, line: LogLine) -> bool:
        return self.search is None or self.search.casefold() in line.message.casefold()

    def _print(self, line: LogLine, label: str) -> None:
        if self.as_json:
            print_json(asdict(line), lines=True)
        else:
            print_line(label + line.message.rstrip("\r\n"))
        if self.flush:
            sys.stdout.flush()


class _Counted:
    def __init__(self, lines: Iterable[LogLine]) -> None:
        self._lines, self.count = lines, 0

    def __iter__(self) -> Iterator[LogLine]:
        for line in self._lines:
            self.count += 1
            yield line
