"""Reads logs for the page: a part after another, by what was read before."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from console import contract
from console.backend import LogQuery
from sluice.operate.errors import JobMissingError
from sluice.operate.logs.job_log import JobLog, LogLine
from sluice.operate.logs.log_source import LogSource, SubmittedStep
from sluice.visible import visible

MAX_LINES = 5_000


@dataclass(frozen=True, slots=True)
class LogPages:
    """Reads logs of the runs of a cloud; ``source_of`` finds the jobs of a run."""

    client: Callable[[str], Any]
    source_of: Callable[[str], LogSource]

    def read(self, run_id: str, query: LogQuery) -> contract.Logs:
        """Return the lines that came since ``query.after``; escapes are made visible.

        Without a step it is about the one that failed first, without a child about the first that failed.
        """
        source = self.source_of(run_id)
        name = query.step or source.failed_step()
        try:
            step = source.submitted(name, wait=False)
        except JobMissingError as error:
            return self._nothing(name, query, str(error), ended=not error.may_come)
        child = self._child(source, step, query)
        job_id = source.job_id(step, query.generation, child)
        log = JobLog(self.client("batch"), self.client("logs"), job_id)
        if query.after:
            log.resume(query.after)
        return _page(step, child, query, log)

    def _child(self, source: LogSource, step: SubmittedStep, query: LogQuery) -> int | None:
        if query.child is not None or step.nodes or step.record.children == 1:
            return query.child
        failed = source.failed_children(step, query.generation)
        return failed[0] if failed else 0

    def _nothing(self, step: str, query: LogQuery, why: str, *, ended: bool) -> contract.Logs:
        return contract.Logs(
            step=step,
            child=query.child,
            generation=0,
            generations=1,
            attempts=0,
            lines=(),
            next=query.after or "",
            ended=ended,
            note=why,
        )


def _page(step: SubmittedStep, child: int | None, query: LogQuery, log: JobLog) -> contract.Logs:
    """Read what is new in a log."""
    read = list(log.read())
    found = [line for line in read if _is_wanted(line.attempt, line.message, query)]
    kept = deque(found, maxlen=MAX_LINES)
    nothing = _nothing_logged(log) if not read and not query.after else None
    return contract.Logs(
        step=step.record.name,
        child=child,
        generation=step.record.generation if query.generation is None else query.generation,
        generations=step.record.generation + 1,
        attempts=max((line.attempt for line in read), default=1),
        lines=tuple(map(_shown, kept)),
        next=log.cursor(),
        ended=log.ended,
        note=_cut(len(kept), len(found)) or nothing,
    )


def _shown(line: LogLine) -> contract.LogLine:
    return contract.LogLine(attempt=line.attempt, at=line.at, text=visible(line.message, keep="\t"))


def _cut(kept: int, found: int) -> str | None:
    return f"These are the last {kept:,} of {found:,} lines." if found > kept else None


def _is_wanted(attempt: int, message: str, query: LogQuery) -> bool:
    is_attempt = query.attempt in (None, attempt)
    return is_attempt and (query.search is None or query.search.casefold() in message.casefold())


def _nothing_logged(log: JobLog) -> str:
    if log.status is None:
        return "AWS Batch has forgotten this job, as it does 7 days after a job's end."
    return f"It has logged nothing so far; its state is {log.status}."
