"""The missed times of schedules as people see them: of which pipelines some are left, and how many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from sluice.catch_up.covered import missed_times
from sluice.catch_up.ledger import CatchUpLedger, CatchUpState
from sluice.catch_up.scheduled_runs import time_text
from sluice.operate.clients import ObjectReader
from sluice.run.compiled import CompiledPipeline

MAX_COUNTED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedTimes:
    """What is left of a pipeline: how many times, at most 10,000 of them counted, of how many since its
    schedules' starts, counted likewise, the ``first`` of them and the ``last`` one counted (both empty where
    none is left), and how many of the runs that were begun are under way or wait.
    """

    pipeline: str
    left: int
    of: int
    first: str
    last: str
    live: int


def written(number: int) -> str:
    """Return a number of times, as people read it: counting stops at 10,000."""
    return f"{number:,}{' or more' if number == MAX_COUNTED else ''}"


def all_missed_times(
    ledger: CatchUpLedger, read: Callable[[Mapping[str, str]], CompiledPipeline], pipeline: str | None
) -> Iterator[MissedTimes]:
    """Yield what is left of a pipeline, or of all; ``read`` reads a compiled pipeline.

    Some of the times may have their runs already: whether they do is asked when their turn comes.
    """
    for name in sorted(ledger.open()):
        found = missed_times_of(ledger, read, name) if pipeline in (None, name) else None
        if found is not None:
            yield found


def missed_times_of(
    ledger: CatchUpLedger, read: Callable[[Mapping[str, str]], CompiledPipeline], pipeline: str
) -> MissedTimes | None:
    """Return what is left of a pipeline, None where nothing is."""
    state = ledger.read(pipeline)
    if state is None or not state.is_open:
        return None
    return _left(state, ledger, read(state.definition))


def definition_reader(s3: ObjectReader) -> Callable[[Mapping[str, str]], CompiledPipeline]:
    """Return what reads a compiled pipeline where messages say that it is."""

    def read(place: Mapping[str, str]) -> CompiledPipeline:
        body: bytes = s3.get_object(Bucket=place["bucket"], Key=place["key"])["Body"].read()
        return CompiledPipeline.from_json(body.decode())

    return read


def _left(state: CatchUpState, ledger: CatchUpLedger, deployed: CompiledPipeline) -> MissedTimes:
    missed = missed_times(deployed.catch_up, state.covered)
    times = [time_text(time) for time, _ in islice(missed, MAX_COUNTED)]
    whole = {name: one.reopened() for name, one in state.covered.items()}
    return MissedTimes(
        pipeline=state.pipeline,
        left=len(times),
        of=sum(1 for _ in islice(missed_times(deployed.catch_up, whole), MAX_COUNTED)),
        first=times[0] if times else "",
        last=times[-1] if times else "",
        live=sum(ledger.live(state.runs).values()),
    )
