"""What goes wrong with the work itself: workers that end, machines that are taken back with notice, results
that are deleted. All of it is in `make matrix`; here it is looked at whether each does what its name says.
"""

from __future__ import annotations

from collections import Counter

import pytest

from sluice.run.state import RunState
from tests.matrix.cases import Case, cases_of, expected, outcome, played
from tests.matrix.mishaps import Deleted, Noticed, WorkerEnds
from tests.matrix.scenarios import deployment
from tests.matrix.workers import ENDS, NOTICE_SECONDS, DyingWorker

pytestmark = pytest.mark.xdist_group("matrix")


def mishaps(name: str, kind: type) -> list[Case]:
    """Return the cases of a kind of mishap."""
    return [case for case in cases_of(name) if isinstance(case.mishap, kind)]


@pytest.mark.parametrize("name", ["word-count", "item-to-item"])
@pytest.mark.parametrize("how", ENDS)
def test_a_worker_that_ends_fails_its_step_and_loses_nothing(how: str, name: str) -> None:
    """At each call: an alert is sent why, and the next generation does what was not finished, once."""
    cases = [case for case in mishaps(name, WorkerEnds) if f"with {how} in" in str(case)]
    assert len(cases) > 6
    for case in cases:
        assert outcome(case).objections == (), str(case)
        (told, *_) = [body for _, body in played(case).messages.mail if "failed at the step" in body]
        assert "WorkerEndedError: " in told


def test_deleted_results_fail_the_fan_in() -> None:
    """With the items that are missing; nothing is published. Once they were read nothing fails."""
    cases = [case for case in mishaps("word-count", Deleted) if "results of rank, child 1," in str(case)]
    states: Counter[str] = Counter()
    for case in cases:
        harness = played(case)
        (run,) = harness.runs()
        states[run.state] += 1
        if run.state is RunState.FAILED:
            reason = str(run.steps["merge"].reason)
            assert "of rank, found none of the items 1." in reason or "/rank/results/00001/" in reason
            assert not any(run.run_id in key for key in harness.buckets.objects.get(_results(), {}))
    assert set(states) == {"FAILED", "SUCCEEDED"}


@pytest.mark.parametrize(("is_long", "worked"), [(False, 1), (True, 2)])
def test_a_notice_of_reclaim_is_one(is_long: bool, worked: int) -> None:
    """The machine goes two minutes later; the item under way is worked on again where it takes longer, what
    was finished before it and what comes behind it never.
    """
    case = next(
        case
        for case in mishaps("monte-carlo", Noticed)
        if isinstance(case.mishap, Noticed) and case.mishap.is_long is is_long and case.mishap.at == 2
    )
    harness = played(case)
    noticed = [one for one in harness.works if one.generation == 0 and one.item is not None]
    times = Counter(one.item for one in noticed)
    assert harness.fleet.lost.total() == harness.fleet.lost_in_time.total() > 0
    assert harness.clock.seconds > NOTICE_SECONDS
    assert sorted(times.values())[-1] == worked
    assert sum(times.values()) == len(times) + worked - 1


@pytest.mark.parametrize("name", ["bearing", "word-count"])
def test_the_verdict_finds_an_end_that_is_believed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A supervisor that takes any end for a return loses work in silence, and the matrix says so."""
    expected(name)
    monkeypatch.setattr("sluice.runtime.worker.ends.End.exit_code", 0)
    monkeypatch.setattr("sluice.run.following.words_needed", lambda _: 0)
    monkeypatch.setattr("sluice.ledger.ledger.words_needed", lambda _: 0)
    cases = [case for case in mishaps(name, WorkerEnds) if "with exit code 0" in str(case)]
    assert any(outcome(case).objections for case in cases)


def test_a_notice_that_nobody_heeds_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Finished items of up to a minute would be lost with the machine."""
    monkeypatch.setattr("tests.matrix.workers._Watching._is_noticed", lambda _: False)
    cases = [case for case in mishaps("monte-carlo", Noticed) if "longer than" in str(case)]
    assert any(outcome(case).objections for case in cases)


def test_every_call_of_a_function_is_a_case() -> None:
    """In each way that a worker ends, and with both kinds of notice."""
    counting = DyingWorker(-1, 0)
    played(Case("slow-vendor"), counting)
    assert len(mishaps("slow-vendor", WorkerEnds)) == counting.calls * len(ENDS) > 0
    assert len(mishaps("slow-vendor", Noticed)) == counting.calls * 2


def _results() -> str:
    return deployment().environment("SLUICE_RESULTS_BUCKET")
