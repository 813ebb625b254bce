"""Makes the answer of a run: from the ledger, the results bucket, and what was recorded on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sluice import keys
from sluice.pipeline.definition import Array, Pipeline
from sluice.receipts.location import location_of_run
from sluice.run.state import Run, StepRecord
from sluice.run.uploads import IN_TRIGGER, items_in
from sluice.testing.memory.clients import SETTINGS, Cloud
from sluice.testing.outcome import NOT_RUN, ItemOutcome, Published, RunOutcome, StepOutcome
from sluice.testing.recording import ItemRecord, Recorder


@dataclass(frozen=True, slots=True)
class Report:
    """Reads what is left of a run that has ended."""

    pipeline: Pipeline
    cloud: Cloud
    recorder: Recorder
    manifests: Mapping[str, Sequence[Mapping[str, Any]]]

    def of(self, run: Run, resume: Callable[..., RunOutcome]) -> RunOutcome:
        """Return what became of the run."""
        steps = {step.name: self._step(step.name, run) for step in self.pipeline.steps}
        failed = run.steps.get(run.failed_step or "")
        return RunOutcome(
            run_id=run.run_id,
            state=str(run.state),
            failed_step=run.failed_step,
            reason=f"{failed.name}: {failed.reason}" if failed else None,
            files=self._files(run),
            receipt=self._receipt(run),
            steps=steps,
            log=self.recorder.logs.text(),
            resume=resume,
        )

    def _step(self, name: str, run: Run) -> StepOutcome:
        record, logs = run.steps.get(name), self.recorder.logs.by_item(name)
        if record is None:
            return StepOutcome(name=name, state=NOT_RUN, log=logs.get(None, ""))
        return StepOutcome(
            name=name,
            state=str(record.state),
            reason=record.reason,
            children=record.children,
            generation=record.generation,
            items=self._items(record, run, logs),
            log=logs.get(None, ""),
        )

    def _items(self, record: StepRecord, run: Run, logs: Mapping[int | None, str]) -> tuple[ItemOutcome, ...]:
        step = next(one for one in self.pipeline.steps if one.name == record.name)
        if not isinstance(step, Array) or record.item_source is None:
            return ()
        records = self.recorder.items[record.name]
        return tuple(
            _item(number, value, records.get(number), logs.get(number, ""))
            for number, value in enumerate(self._values(record, run))
        )

    def _values(self, record: StepRecord, run: Run) -> Sequence[Mapping[str, Any]]:
        source = record.item_source
        if source is None:
            return ()
        if source.manifest is None:
            return [{"index": number} for number in range(source.items)]
        return items_in(run.trigger) if source.manifest == IN_TRIGGER else self.manifests[source.manifest]

    def _files(self, run: Run) -> dict[str, Published]:
        """Return the published files; what Sluice adds is no file of the pipeline's own."""
        found = self._published(run)
        return {name: file for name, file in found.items() if name not in keys.OWN_RESULTS}

    def _receipt(self, run: Run) -> dict[str, Any] | None:
        found = self._published(run).get(keys.RECEIPT)
        return found.json() if found is not None else None

    def _published(self, run: Run) -> dict[str, Published]:
        location = location_of_run(run, SETTINGS.results_bucket)
        bucket, prefix, buckets = location.bucket, location.prefix, self.cloud.buckets
        return {
            key.removeprefix(prefix): Published(body, buckets.types[bucket, key])
            for key, body in sorted(buckets.objects.get(bucket, {}).items())
            if key.startswith(prefix)
        }


def _item(number: int, value: Mapping[str, Any], record: ItemRecord | None, log: str) -> ItemOutcome:
    if record is None:
        return ItemOutcome(number=number, value=value, state=NOT_RUN, log=log)
    ended = "SUCCEEDED" if record.is_done else "FAILED" if record.error else NOT_RUN
    return ItemOutcome(
        number=number,
        value=value,
        state=ended,
        result=record.result,
        error=record.error,
        attempts=record.attempts,
        child=record.child,
        log=log,
    )
