"""`sluice show RUN STEP`: how the children of a step ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from cli.cloud import Cloud
from cli.console import aligned, console_of, print_json, print_line, print_table
from cli.errors import FAILED
from cli.times import duration
from sluice.operate.errors import OperationError, RunRemovedError
from sluice.operate.runs.children import Children, ChildView, read_children
from sluice.operate.runs.failures import FailureReader
from sluice.run.failures.machine_faults import why_again
from sluice.run.state import Run, StepRecord

_COLUMNS = ("CHILD", "ATTEMPTS", "EXIT CODE", "TOOK", "REASON")


def show_children(cloud: Cloud, run_id: str, step: str, *, as_json: bool) -> int:
    """Show a step's children; return 1 when some have failed. Raises OperationError for a step that there is
    not.
    """
    run = cloud.ledger.load(run_id)
    if run is None:
        raise RunRemovedError(run_id)
    record = _record(run, step)
    children = read_children(cloud.client("batch"), record) if record else None
    reasons = _reasons(cloud, run, record, children)
    if as_json:
        print_json({**_document(step, record, children, reasons), "again": _again(run, step)})
    else:
        for line in aligned([*_head(step, record, _again(run, step)), *_of_job(record, children)]):
            print_line(line)
        _print_failed(children, reasons)
    return FAILED if children and children.failed else 0


def _record(run: Run, step: str) -> StepRecord | None:
    names = [one.name for one in run.pipeline.steps]
    if step not in names:
        raise OperationError(f"Expected a step of {run.run_id} ({', '.join(names)}), found {step!r}.")
    return run.steps.get(step)


def _reasons(cloud: Cloud, run: Run, record: StepRecord | None, children: Children | None) -> dict[int, str]:
    """Return what children said themselves, by their numbers."""
    if record is None or children is None or not children.failed:
        return {}
    reader = FailureReader(cloud.client("s3"), cloud.deployment.work, run)
    return {
        report.child: report.reason + ("" if report.item is None else f" (item {report.item})")
        for report in reader.reports(record)
    }


def _document(
    step: str, record: StepRecord | None, children: Children | None, reasons: dict[int, str]
) -> dict[str, object]:
    failed = children.failed if children else ()
    return {
        "step": step,
        "generation": record.generation if record else None,
        "job_id": children.job_id if children else None,
        "states": dict(children.states) if children else {},
        "failed": [{**asdict(one), "reported": reasons.get(one.child)} for one in failed],
    }


def _again(run: Run, step: str) -> str | None:
    """Return why a step's job ran again by itself, where a machine was the reason."""
    record = run.steps.get(step)
    return why_again(run.pipeline.step(step), record) if record else None


def _print_failed(children: Children | None, reasons: dict[int, str]) -> None:
    if children and children.failed:
        print_line("")
        print_table(console_of(), _COLUMNS, [_row(one, reasons) for one in children.failed])
        if children.more > 0:
            print_line(f"These are the first {len(children.failed)}; {children.more} more have failed.")


def _head(step: str, record: StepRecord | None, again: str | None) -> Iterator[tuple[str, str]]:
    yield "step", step
    if record is not None and record.generation:
        yield "submitted", f"{record.generation + 1} times; this is the last"
    if again:
        yield "again", again


def _of_job(record: StepRecord | None, children: Children | None) -> Iterator[tuple[str, str]]:
    if children is None:
        yield "job", record.job_id or "none" if record else "none: it was never submitted"
        if record is not None and record.reason:
            yield "why", record.reason
        return
    yield "job", children.job_id
    yield "children", ", ".join(f"{count:,} {state}" for state, count in sorted(children.states.items()))


def _row(child: ChildView, reasons: dict[int, str]) -> tuple[str, ...]:
    code = "" if child.exit_code is None else str(child.exit_code)
    reason = reasons.get(child.child, child.reason)
    return str(child.child), str(child.attempts), code, duration(child.seconds), reason
