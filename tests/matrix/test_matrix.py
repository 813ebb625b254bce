"""A sample of the crash matrix: `make matrix` plays all of it, and `.ci/run` runs that beside these tests.

The sample is chosen by the cases' own words: every scenario, every delivery_faults, every delivery of a
message, of the calls about a sixth, each in one of its ways, and of the mishaps a few.
"""

from __future__ import annotations

import uuid
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import groupby, islice

import pytest

from cli.project import EXAMPLES
from sluice.advance.advancer import Advancer
from sluice.advance.claims import ClaimSettler
from sluice.advance.found_jobs import Found, JobFinder
from sluice.ledger.ledger import Assignment, Ledger
from sluice.pipeline.loading import load_pipelines
from sluice.run import following
from sluice.runtime import __main__ as job
from sluice.runtime.job_context import JobContext
from sluice.runtime.stored.result_parts import result_parts
from sluice.sets.gathering import SetGatherer
from sluice.triggers.upstream_runs import UpstreamRuns
from tests.matrix import installed
from tests.matrix.cases import DOUBLED, MARK, Case, cases_of, doubles_of, expected, outcome, played
from tests.matrix.deployment import OWN
from tests.matrix.faults import TIMED, Call, Fault
from tests.matrix.harness import Harness
from tests.matrix.scenarios import begun_by_events, deployment, scenarios
from tests.matrix.verdict import objections
from tests.matrix.ways_in import PARTS

pytestmark = pytest.mark.xdist_group("matrix")


_ONE_OF_CALLS = 6
_ONE_OF_MISHAPS = 31


def _chosen(scenario: str) -> Iterator[Case]:
    for _, group in groupby(
        cases_of(scenario),
        key=lambda case: (case.delivery_faults, case.call, case.message, case.delivery, bool(case.mishap)),
    ):
        ways = list(group)
        lot = zlib.crc32(str(ways[0]).encode())
        if ways[0].mishap is not None:
            yield from ways[lot % _ONE_OF_MISHAPS :: _ONE_OF_MISHAPS]
        elif ways[0].call is None or lot % _ONE_OF_CALLS == 0:
            yield ways[lot // _ONE_OF_CALLS % len(ways)]


@pytest.mark.parametrize("scenario", sorted(scenarios()))
def test_whatever_goes_wrong_a_run_ends_as_it_should(scenario: str) -> None:
    """Its state, its results, its steps' work, its jobs and its messages are as if nothing had gone wrong."""
    cases = list(_chosen(scenario))
    failed = [done for done in map(outcome, cases) if done.objections]
    assert [(str(done.case), done.objections) for done in failed[:3]] == []
    assert len(cases) > 30


@pytest.mark.parametrize("scenario", DOUBLED)
def test_whatever_two_processes_die_a_run_ends_as_it_should(scenario: str) -> None:
    """The second dies in what follows from the death of the first; here some of the pairs, all in `make
    matrix`.
    """
    cases = list(doubles_of(scenario))[::75]
    assert [(str(done.case), done.objections) for done in map(outcome, cases) if done.objections] == []
    assert len(cases) > 10
    assert all(case.call is not None and case.then is not None and case.then > case.call for case in cases)


class _LostForSeconds:
    """A SubmitJob whose answer is lost, and whose job nobody finds for some seconds."""

    def __init__(self, harness: list[Harness], seconds: float) -> None:
        self._harness, self._seconds, self._submitted = harness, seconds, 0

    def __call__(self, call: Call) -> Fault | None:
        if call.name == "submit_job":
            self._submitted += 1
            return Fault.NO_ANSWER if self._submitted == 2 else None
        hidden = call.name in ("list_jobs", "describe_jobs") and call.stage != "person"
        return Fault.OUTAGE if hidden and self._harness[0].clock.seconds < self._seconds else None


@pytest.mark.parametrize("seconds", [0, 8, 40, 400])
def test_work_that_a_lost_answer_kept_from_being_done_is_done_in_the_end(seconds: float) -> None:
    """The answer for the array `good` is lost, and the run fails beside it. Its children end for want of
    registration: that is no success, so the retry has the work done.
    """
    here: list[Harness] = []
    here.append(Harness(deployment(), choose=_LostForSeconds(here, seconds)))
    scenario = scenarios()["mended"]
    here[0].run(lambda harness: scenario.begin(harness, MARK))
    assert list(objections(here[0], {MARK: scenario}, expected)) == []


def test_the_lambdas_and_the_cleanup_of_a_run_make_few_calls() -> None:
    """Of five steps with two arrays, none of whose items failed: the cleanup reads the ledger once, and lists
    no failed items, for the ledger says that there are none.
    """
    made = played(Case("word-count")).calls.made
    cleanup = Counter(call.name for call in made if call.who.startswith("cleanup_"))
    assert cleanup == {
        "batch_get_item": 1,  # its own assignment, with the steps of the run
        "list_objects_v2": 2,  # what was published, and what is removed
        "get_object": 2,  # of each published file its checksum
        "put_object": 2,  # receipt and report
        "delete_objects": 1,
    }
    # Three of them because the end of the plan comes while its items are recorded; AWS Batch tells it later.
    assert sum(call.stage != "job" for call in made) <= 28


def test_every_pipeline_is_a_scenario() -> None:
    """They are found, not listed."""
    known = {*scenarios(), *PARTS}
    assert {str(one.name) for one in (*begun_by_events(), *load_pipelines(OWN))} <= known
    assert len(begun_by_events()) == len(load_pipelines(EXAMPLES)) - 1


def test_files_that_trickle_in_are_one_run_when_it_is_quiet() -> None:
    """Where nothing goes wrong: each comes before the quiet is over that the one before began."""
    (run,) = played(Case("quiet")).runs()
    assert run.trigger["files"] == 4


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
    assert found["bearing"].steps["attempt"].failed_items == 1


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
    assert {case.fault for case in cases} == set(Fault) - TIMED


def test_the_same_case_happens_the_same_way_again() -> None:
    """What fails can be looked into."""
    case = next(
        case for case in cases_of("word-count") if case.fault is Fault.DIES_AFTER and "count_0:1" in case.what
    )
    first, second = played(case), played(case)
    assert (first.calls.made, first.clock.seconds) == (second.calls.made, second.clock.seconds)


def _forget_finished(patch: pytest.MonkeyPatch) -> None:
    """Let a second attempt begin from the start of its slice."""
    from sluice.runtime.supervisor import supervising

    patch.setattr(supervising, "earlier_results", lambda *given: (result_parts(*given), set()))


def _ask_nobody(patch: pytest.MonkeyPatch) -> None:
    """Let a job work that the ledger does not name."""

    def any_job(where: JobContext, ledger: Ledger, *_: object) -> Assignment:
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
    patch.setattr(JobFinder, "find", lambda *_, **__: Found(None, any=False))


def _ask_nobody_and_submit_at_once(patch: pytest.MonkeyPatch) -> None:
    """Let both guards against a second job be gone: either of them suffices."""
    _ask_nobody(patch)
    _submit_at_once(patch)


def _believe_ends(patch: pytest.MonkeyPatch) -> None:
    """Let a job that did nothing end with code 0, and let that count."""
    patch.setattr(job, "SUPERSEDED", 0)
    patch.setattr(following, "words_needed", lambda _: 0)
    patch.setattr("sluice.ledger.ledger.words_needed", lambda _: 0)


def test_the_verdict_asks_whether_the_work_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """It finds work that the ledger believes, and nobody did."""
    _believe_ends(monkeypatch)
    here: list[Harness] = []
    here.append(Harness(deployment(), choose=_LostForSeconds(here, 40)))
    scenario = scenarios()["mended"]
    here[0].run(lambda harness: scenario.begin(harness, MARK))
    found = list(objections(here[0], {MARK: scenario}, expected))
    assert any("good counts as succeeded, and was not worked on" in one for one in found)


def _lose_claims(patch: pytest.MonkeyPatch) -> None:
    """Let no process take over the claim of a Lambda that died."""
    patch.setattr(ClaimSettler, "_is_abandoned", lambda *_: False)


def _drop_later_files(patch: pytest.MonkeyPatch) -> None:
    """Let files that come when the run of their set has begun be recorded nowhere."""
    patch.setattr(SetGatherer, "_take_after", lambda *_: True)


def _join_whatever_is_there(patch: pytest.MonkeyPatch) -> None:
    """Let the run after two others be another one whenever the ledger is asked."""
    real = UpstreamRuns.identity
    patch.setattr(UpstreamRuns, "identity", lambda self: {**real(self), "asked": str(uuid.uuid4())})


def _begin_behind_the_first(patch: pytest.MonkeyPatch) -> None:
    """Let the first of the missed times be passed over."""
    names = type(vars(installed.handlers(deployment())["trigger"])["catch_ups"]).handle.__globals__
    real = names["missed_times"]
    patch.setitem(names, "missed_times", lambda *given: islice(real(*given), 1, None))


def _keep_quiet_about_cleanups(patch: pytest.MonkeyPatch) -> None:
    """Let nobody be told that the cleanup of a run has failed."""
    patch.setattr(Advancer, "_report_cleanup", lambda *_: None)


@pytest.mark.parametrize(
    ("breaks", "scenario"),
    [
        (_keep_quiet_about_cleanups, "uncleaned"),
        (_drop_later_files, "later"),
        (_drop_later_files, "overdue"),
        (_join_whatever_is_there, "joined"),
        (_begin_behind_the_first, "missed"),
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
