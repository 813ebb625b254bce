"""A part of the crash matrix; ``make matrix`` plays all of it.

The part is chosen by the cases' own words: every scenario, every delivery_faults, every delivery of a
message, and of the calls about a half, each in one of its ways.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from itertools import groupby

import pytest

from sluice.advance.claims import ClaimSettler
from sluice.ledger.ledger import Assignment, Ledger
from sluice.pipeline.loading import load_pipelines
from sluice.runtime import __main__ as job
from sluice.runtime.job_context import JobContext
from sluice.runtime.result_parts import Parts
from tests.matrix import installed
from tests.matrix.cases import DOUBLED, Case, cases_of, doubles_of, outcome, played
from tests.matrix.deployment import OWN
from tests.matrix.faults import Fault
from tests.matrix.scenarios import ROOT, scenarios
from tests.matrix.soak import soaked

pytestmark = pytest.mark.xdist_group("matrix")


def _chosen(scenario: str) -> Iterator[Case]:
    for _, group in groupby(
        cases_of(scenario), key=lambda case: (case.delivery_faults, case.call, case.message, case.delivery)
    ):
        ways = list(group)
        lot = zlib.crc32(str(ways[0]).encode())
        if ways[0].call is None or lot % 2:
            yield ways[lot // 2 % len(ways)]


@pytest.mark.parametrize("scenario", sorted(scenarios()))
def test_whatever_goes_wrong_a_run_ends_as_it_should(scenario: str) -> None:
    """Its state, its results, its steps' work, its jobs and its messages are as if nothing had gone wrong."""
    cases = list(_chosen(scenario))
    failed = [done for done in map(outcome, cases) if done.objections]
    assert [(str(done.case), done.objections) for done in failed[:3]] == []
    assert len(cases) > 50


@pytest.mark.parametrize("scenario", DOUBLED)
def test_whatever_two_processes_die_a_run_ends_as_it_should(scenario: str) -> None:
    """The second dies in what follows from the death of the first; here some of the pairs, all in `make
    matrix`.
    """
    cases = list(doubles_of(scenario))[::25]
    assert [(str(done.case), done.objections) for done in map(outcome, cases) if done.objections] == []
    assert len(cases) > 10
    assert all(case.call is not None and case.then is not None and case.then > case.call for case in cases)


def test_every_pipeline_is_a_scenario() -> None:
    """They are found, not listed."""
    assert {str(one.name) for one in (*load_pipelines(ROOT), *load_pipelines(OWN))} <= set(scenarios())


def test_what_fails_runs_again_alone_and_on_other_machines() -> None:
    """The scenarios with failures do have generations: those that failed, those that moved, and those that a
    person asked for.
    """
    found = {
        name: played(Case(name)).runs()[0] for name in ("failing-once", "wandering", "mended", "bearing")
    }
    terms = {name: run.steps[step].spec for name, step in _FAILING.items() for run in [found[name]]}
    assert (terms["failing-once"].tries, terms["failing-once"].children) == (1, "0,2")
    assert (terms["wandering"].queue, terms["wandering"].tries) == ("steady", 0)
    assert (terms["mended"].reopened, found["mended"].reopened) == (1, 1)
    assert found["bearing"].steps["attempt"].failed


_FAILING = {"failing-once": "grade", "wandering": "wander", "mended": "grade"}


def test_every_stage_and_every_kind_of_job_makes_calls_that_go_wrong() -> None:
    """Every caller of AWS is included."""
    cases = [
        case
        for name in ("word-count", "small-files", "hello-fan", "mended")
        for case in cases_of(name)
        if case.fault
    ]
    words = {case.what.split()[1].split("_")[0] for case in cases}
    assert {
        "trigger",
        "group",
        "fan",
        "track",
        "alert",
        "split",
        "count",
        "rank",
        "merge",
        "cleanup",
        "start",
        "person",
    } <= words
    assert {case.fault for case in cases} == set(Fault)


def test_the_same_case_happens_the_same_way_again() -> None:
    """What fails can be looked into."""
    case = next(
        case for case in cases_of("word-count") if case.fault is Fault.DIES_AFTER and "count_0:1" in case.what
    )
    first, second = played(case), played(case)
    assert (first.calls.made, first.clock.seconds) == (second.calls.made, second.clock.seconds)


@pytest.mark.parametrize("seed", range(4))
def test_many_runs_with_random_trouble_end_as_they_should(seed: int) -> None:
    """As `make soak` does for longer."""
    assert soaked(seed)[0].objections == ()


def _forget_finished(patch: pytest.MonkeyPatch) -> None:
    """Let a second attempt begin from the start of its slice."""
    from sluice.runtime.supervisor import supervising

    patch.setattr(supervising, "earlier_results", lambda *given: (Parts(*given), set()))


def _ask_nobody(patch: pytest.MonkeyPatch) -> None:
    """Let a job work that the ledger does not name."""

    def any_job(where: JobContext, ledger: Ledger, **_: object) -> Assignment:
        found = ledger.assignment(where.run, where.step)
        assert found is not None
        return found

    patch.setattr(
        installed,
        "_changes",
        lambda changes=installed._changes: [*changes(), (job, "wait_for_registration", any_job)],
    )


def _submit_at_once(patch: pytest.MonkeyPatch) -> None:
    """Let a claim without a job be submitted again without looking for its job."""
    patch.setattr(ClaimSettler, "_look_up", lambda *_: [])


def _ask_nobody_and_submit_at_once(patch: pytest.MonkeyPatch) -> None:
    """Let both guards against a second job be gone: either of them suffices."""
    _ask_nobody(patch)
    _submit_at_once(patch)


def _lose_claims(patch: pytest.MonkeyPatch) -> None:
    """Let no process take over the claim of a Lambda that died."""
    patch.setattr(ClaimSettler, "_is_abandoned", lambda *_: False)


@pytest.mark.parametrize(
    ("breaks", "scenario"),
    [
        (_forget_finished, "monte-carlo"),
        (_ask_nobody_and_submit_at_once, "word-count"),
        (_submit_at_once, "hello-fan"),
        (_lose_claims, "six-jobs"),
    ],
)
def test_the_matrix_notices_what_is_broken(
    breaks: Callable[[pytest.MonkeyPatch], None], scenario: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each safeguard that is taken away makes cases fail."""
    cases = [case for case in cases_of(scenario) if case.fault is Fault.DIES_AFTER]
    breaks(monkeypatch)
    assert any(outcome(case).objections for case in cases)
