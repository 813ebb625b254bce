"""Many runs are begun one after the other, at most so many of them live."""

from __future__ import annotations

from collections.abc import Sequence

from sluice.operate.again.many import BEGINS_WITHIN_SECONDS, Begun, Many, states_of
from sluice.operate.errors import OperationError
from sluice.run.state import RunState
from tests.sluice.clouds import TABLE
from tests.sluice.operate.harness import OperateHarness

AT = "2026-01-01T00:00:00.000+00:00"


class Runs:
    """Runs that take two sleeps each; those that ``never`` begin are in no ledger."""

    def __init__(self, never: Sequence[str] = (), refused: Sequence[str] = ()) -> None:
        """Have begun none."""
        self.now, self.begun, self.never, self.refused = 0.0, dict[str, float](), never, refused
        self.max_live = 0

    def begin(self, run_id: str) -> str:
        """Begin a run, or refuse it."""
        if run_id in self.refused:
            raise OperationError(f"{run_id} is refused.")
        self.begun[run_id] = self.now
        self.max_live = max(self.max_live, len(self._live()))
        return run_id

    def states(self, run_ids: Sequence[str]) -> dict[str, RunState]:
        """Return the states of runs, as the ledger has them."""
        live = self._live()
        return {
            run_id: RunState.RUNNING if run_id in live else RunState.SUCCEEDED
            for run_id in run_ids
            if run_id not in self.never
        }

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    def _live(self) -> list[str]:
        return [run_id for run_id, at in self.begun.items() if self.now - at < 4]

    def many(self, max_concurrency: int | None) -> Many:
        """Return what begins them."""
        return Many(
            begin=self.begin,
            states=self.states,
            max_concurrency=max_concurrency,
            sleep=self.sleep,
            clock=lambda: self.now,
        )


def test_no_more_run_at_a_time_than_asked_for() -> None:
    """The next begins when one has ended; all of them begin."""
    runs = Runs()
    names = [f"p-{number}" for number in range(7)]
    assert [one.goes_on_as for one in runs.many(2).each(names)] == names
    assert runs.max_live == 2


def test_without_a_number_all_begin_at_once() -> None:
    """Nothing is waited for."""
    runs = Runs()
    assert len(list(runs.many(None).each(["a", "b", "c"]))) == 3
    assert (runs.now, runs.max_live) == (0, 3)


def test_what_is_refused_does_not_hold_up_the_others() -> None:
    """It is among the answers, with why."""
    done = list(Runs(refused=["b"]).many(1).each(["a", "b", "c"]))
    assert done[1] == Begun(run_id="b", problem="b is refused.")
    assert [one.goes_on_as for one in done] == ["a", None, "c"]


def test_a_run_that_never_begins_is_not_waited_for_for_ever() -> None:
    """Its request was set aside."""
    runs = Runs(never=["a"])
    assert [one.goes_on_as for one in runs.many(1).each(["a", "b"])] == ["a", "b"]
    assert BEGINS_WITHIN_SECONDS <= runs.now < BEGINS_WITHIN_SECONDS + 10


def test_the_states_of_many_runs_are_read_together(harness: OperateHarness) -> None:
    """More than one call takes; those that the ledger does not know are left out."""
    for number in range(3):
        harness.begin(f"words-{number}", AT)
    harness.end("words-1", RunState.SUCCEEDED)
    names = [f"words-{number}" for number in range(120)]
    assert states_of(harness.clients["dynamodb"], TABLE, names) == {
        "words-0": RunState.RUNNING,
        "words-1": RunState.SUCCEEDED,
        "words-2": RunState.RUNNING,
    }
