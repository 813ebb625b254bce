"""What `sluice show` says of a run beside its steps: its input, its results, and why steps failed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from cli.cloud import Cloud
from sluice.alerts.refusals import refusal_in
from sluice.counted import counted
from sluice.operate.errors import ResultsUnreadableError
from sluice.operate.runs.failures import FailureGroup, FailureReader, Failures
from sluice.operate.runs.item_counts import ItemCounts, item_counts
from sluice.operate.runs.results import ResultFile, list_results
from sluice.operate.runs.turns import turn_of
from sluice.operate.runs.view import RunView, StepView
from sluice.receipts.location import location_of_run
from sluice.report.inputs import input_facts
from sluice.run.failures.failed_cleanup import failed_cleanup
from sluice.run.state import Run, StepRecord
from sluice.triggers.rerun import resume_command

_SHOWN_FILES = 10
_SHOWN_REASONS = 10
_SHOWN_AHEAD = 5


@dataclass(frozen=True)
class RunFacts:
    """Reads the facts of a run when they are asked for."""

    cloud: Cloud
    run_id: str

    @cached_property
    def _run(self) -> Run | None:
        return self.cloud.ledger.load(self.run_id)

    @cached_property
    def _files(self) -> tuple[list[ResultFile], str]:
        """Return the first files, one more than are shown, and why they cannot be listed, else nothing."""
        if self._run is None:
            return [], ""
        place = location_of_run(self._run, self.cloud.deployment.results)
        try:
            found = list_results(self.cloud.client("s3"), place)
            return list(islice(found, _SHOWN_FILES + 1)), ""
        except ResultsUnreadableError as error:
            return [], error.found

    def input_facts(self, view: RunView) -> list[tuple[str, str]]:
        """Return what started the run, and its labels."""
        if self._run is None:
            return [("input", view.input)]
        labels = [("labels", " ".join(self._run.labels))] if self._run.labels else []
        return [*input_facts(self._run.trigger), *labels]

    def turn_facts(self) -> list[tuple[str, str]]:
        """Return behind which runs it waits, or which run took its place."""
        if self._run is None:
            return []
        if self._run.replaced_by:
            return [("replaced by", self._run.replaced_by)]
        turn = turn_of(self.cloud.ledger, self._run)
        if turn is None:
            return []
        ahead = [*turn.running, *turn.before]
        more = [("", f"and {len(ahead) - _SHOWN_AHEAD} more")] if len(ahead) > _SHOWN_AHEAD else []
        first = f"{turn.place}. of those that wait for their turn"
        return [("place", first), *(("behind", one) for one in ahead[:_SHOWN_AHEAD]), *more]

    def result_facts(self, view: RunView) -> list[tuple[str, str]]:
        """Return where the results are, and what files."""
        bucket = self.cloud.deployment.results
        address = f"s3://{bucket}/{view.pipeline}/{self.run_id}/"
        if self._run is not None:
            address = location_of_run(self._run, bucket).uri
        files, unreadable = self._files
        if unreadable:
            return [("results", f"{address} cannot be listed: found {unreadable}")]
        shown = [("", f"{file.name}  {counted(file.size, 'byte')}") for file in files[:_SHOWN_FILES]]
        rest = [("", f"and more: sluice results {self.run_id}")] if len(files) > _SHOWN_FILES else []
        return [("results", address if shown else f"{address} has no files"), *shown, *rest]

    def failures(self, view: RunView) -> dict[str, Failures]:
        """Return the grouped failures of each step of which something failed, tolerated or not."""
        run = self._run
        if run is None:
            return {}
        reader = FailureReader(self.cloud.client("s3"), self.cloud.deployment.work, run)
        failed = [step.name for step in view.steps if _has_failures(step)]
        found = {name: reader.grouped(run.steps[name]) for name in failed if name in run.steps}
        return {name: one for name, one in found.items() if one.groups}

    def failure_lines(self, view: RunView) -> Iterator[str]:
        """Yield lines that say why steps failed, or items of those that succeeded all the same, the most
        frequent reason first.
        """
        done = [step.name for step in view.steps if step.state == "SUCCEEDED"]
        for name, found in self.failures(view).items():
            yield ""
            what = f"items of {name} failed, which is tolerated" if name in done else f"{name} failed"
            yield f"Why {what}{', by the first reports' if found.more else ''}:"
            for group in found.groups[:_SHOWN_REASONS]:
                yield from _lines(group)
            if len(found.groups) > _SHOWN_REASONS:
                yield f"  and {counted(len(found.groups) - _SHOWN_REASONS, 'more reason')}: --json has all"
            more = f"logs {self.run_id} {name} --failed" if name in done else f"show {self.run_id} {name}"
            yield f"  Each child: sluice {more}"

    def cleanup_lines(self) -> Iterator[str]:
        """Yield lines that say what the failed cleanup of a run that succeeded means, and what mends it."""
        if self._failed_cleanup is None or self._run is None:
            return
        waits = ", and what starts after the run waits for that" if self._run.pipeline.followed else ""
        yield ""
        yield (
            "The run succeeded, but its cleanup failed, for the reason above: the receipt and the report may"
            f" be missing beside its results{waits}."
        )
        yield f"  When the cause is gone: {resume_command(self.run_id)} runs the cleanup again, and no step."

    @property
    def _failed_cleanup(self) -> StepRecord | None:
        return failed_cleanup(self._run) if self._run is not None else None

    def _item_counts(self) -> dict[str, ItemCounts]:
        if self._run is None:
            return {}
        return item_counts(self.cloud.client("s3"), self.cloud.deployment.work, self._run)

    def item_lines(self) -> Iterator[str]:
        """Yield lines that say how many items of each array are done, how many failed, and how many there
        are.
        """
        counts = self._item_counts()
        if counts:
            yield ""
        for name, one in counts.items():
            yield f"Items of {name}: {one.done:,} done, {one.failed:,} failed, {one.items:,} in all"

    def document(self, view: RunView) -> dict[str, Any]:
        """Return the facts for programs."""
        return {
            "trigger": dict(self._run.trigger) if self._run else None,
            "labels": list(self._run.labels) if self._run else [],
            "items": {name: asdict(one) for name, one in self._item_counts().items()},
            "cleanup_failed": (self._failed_cleanup.reason or "") if self._failed_cleanup else None,
            **self._turn_document(),
            "results": [asdict(file) for file in self._files[0][:_SHOWN_FILES]],
            "results_unreadable": self._files[1] or None,
            "failures": {name: asdict(found) for name, found in self.failures(view).items()},
        }

    def _turn_document(self) -> dict[str, Any]:
        if self._run is not None and self._run.replaced_by:
            return {"replaced_by": self._run.replaced_by}
        turn = turn_of(self.cloud.ledger, self._run) if self._run else None
        return {"turn": {"place": turn.place, **asdict(turn)}} if turn else {}


def _has_failures(step: StepView) -> bool:
    return step.state == "FAILED" or bool(step.failed or step.failed_items)


def _lines(group: FailureGroup) -> Iterator[str]:
    yield f"  {group.count:,} times: {group.reason}" if group.count > 1 else f"  once: {group.reason}"
    shown = [f"item {number} {text}".rstrip() for number, text in group.items]
    shown = shown or [f"child {child}" for child in group.children]
    yield f"      {', '.join(shown)}{', …' if group.count > len(shown) else ''}"
    refusal = refusal_in(group.reason)
    if refusal is not None:
        yield f"      To allow it: {refusal.line}"
