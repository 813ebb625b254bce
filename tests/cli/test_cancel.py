"""A cancelled run is cancelled wholly: nothing of it is submitted any more, and nothing of it is left."""

from __future__ import annotations

import contextlib
import json
from datetime import timedelta

import pytest

from cli.cancel import cancel
from cli.cancelling import NEVER_SUBMITTED, Canceller, Left
from cli.failures import CommandError
from sluice.advance.claims import LEASE
from sluice.errors import UnsettledError
from sluice.run.state import Run, RunState, StepState
from tests.cli.world import CommandWorld
from tests.sluice.clouds import START, DeadError, Mortal, refused
from tests.sluice.graphs import QUEUES, RUN_ID, pipeline, step

TWO = pipeline(step("a"), step("b"), step("c", after=("a", "b")))
NOW = START.isoformat(timespec="milliseconds")
SECONDS = 1000.0
LEAP = 25.0


def run_of_two() -> Run:
    """Return a new run: two jobs, and one after both."""
    return Run(run_id=RUN_ID, pipeline=TWO, trigger={"key": "k"}, created_at=NOW)


def canceller(world: CommandWorld) -> Canceller:
    """Return a canceller on the world's clock, which goes on in leaps while it sleeps."""
    return Canceller(
        ledger=world.ledger,
        batch=world.jobs,
        queues=QUEUES,
        run_id=RUN_ID,
        now=lambda: world.now,
        sleep=lambda _: world.later(LEAP),
        clock=lambda: world.now.timestamp(),
    )


def cancelled(world: CommandWorld) -> list[Left]:
    """Cancel the run and return what each look found."""
    looks: list[Left] = []
    one = canceller(world)
    assert one.stop() is RunState.CANCELLED
    assert one.clear(SECONDS, looks.append) == looks[-1]
    return looks


def state_of(world: CommandWorld) -> Run:
    """Return the run as the ledger has it."""
    run = world.ledger.load(RUN_ID)
    assert run is not None
    return run


def test_what_lives_is_terminated(world: CommandWorld) -> None:
    """Every live job is told to end; when the ledger hears of it, an advance submits nothing more and alerts
    nobody.
    """
    world.advancer().start(run_of_two())
    world.jobs.jobs["job-0"]["status"] = "SUCCEEDED"
    assert cancelled(world)[-1].nothing
    assert sorted(world.jobs.terminated) == ["job-1", "job-2"]
    assert world.jobs.live() == []
    for name, job_id in (("a", "job-0"), ("b", "job-1"), ("c", "job-2")):
        world.ledger.record_end(RUN_ID, name, StepState.FAILED, job_id=job_id, reason="as Batch tells it")
    world.later(LEASE.total_seconds())
    assert world.advancer().advance(RUN_ID)
    assert len(world.jobs.jobs) == 3
    assert world.told == []
    assert list(world.ledger.unfinished("9999")) == []


def test_jobs_that_the_ledger_does_not_name(world: CommandWorld) -> None:
    """A second job of a step, of a submission whose answer was lost, is found by its name and terminated."""
    world.advancer().start(run_of_two())
    world.jobs.add("twin", jobName=f"{RUN_ID}_a_0", jobQueue=QUEUES["normal"])
    world.jobs.add("stranger", jobName="words-" + "b" * 20 + "_a_0", jobQueue=QUEUES["normal"])
    cancelled(world)
    assert world.jobs.live() == ["stranger"]


def test_jobs_that_batch_does_not_list(world: CommandWorld) -> None:
    """A job that the ledger names is terminated also when its name does not tell."""
    world.advancer().start(run_of_two())
    world.jobs.jobs["job-0"]["jobName"] = "renamed"
    cancelled(world)
    assert world.jobs.live() == []


def test_a_submission_under_way_is_waited_for(world: CommandWorld) -> None:
    """A step that somebody is submitting right now is no ground to say that nothing is left; its job is
    terminated as well.
    """
    world.begin(RUN_ID, NOW, TWO)
    one, looks = canceller(world), list[Left]()
    one.stop()

    def tell(left: Left) -> None:
        looks.append(left)
        if len(looks) == 1:
            jobs = {name: world.jobs.submit_job(**request(name))["jobId"] for name in ("a", "b")}
            world.ledger.record_submitted(RUN_ID, jobs)

    assert one.clear(SECONDS, tell).nothing
    assert sorted(looks[0].claims) == ["a", "b", "c"]
    assert sorted(world.jobs.terminated) == ["job-0", "job-1"]


def request(name: str) -> dict[str, str]:
    """Return the SubmitJob of a step."""
    return {"jobName": f"{RUN_ID}_{name}_0", "jobQueue": QUEUES["normal"], "jobDefinition": "any:1"}


def test_claims_of_the_dead_are_settled(world: CommandWorld) -> None:
    """A step whose submitter died is settled when its claim is old enough: by its job, or as never
    submitted.
    """
    world.begin(RUN_ID, NOW, TWO)
    world.jobs.submit_job(**request("b"))
    looks = cancelled(world)
    assert looks[-1].nothing
    assert world.now - START >= LEASE
    steps = state_of(world).steps
    assert (steps["a"].state, steps["a"].reason) == (StepState.FAILED, NEVER_SUBMITTED)
    assert (steps["b"].state, steps["b"].job_id) == (StepState.SUBMITTED, "job-0")
    assert world.jobs.terminated == ["job-0"]


@pytest.mark.parametrize("lives_for", range(1, 12))
@pytest.mark.parametrize("lost", [False, True])
def test_a_submitter_may_die_anywhere(world: CommandWorld, lives_for: int, lost: bool) -> None:
    """Wherever a submitter died, and also when an answer was lost, nothing lives after the cancel and nothing
    comes after it.
    """
    if lost:
        world.jobs.answers = [("after", refused("InternalError", status=500))]
    with contextlib.suppress(DeadError, UnsettledError):
        world.advancer(Mortal(lives_for)).start(run_of_two())
    if world.ledger.load(RUN_ID) is None:
        pytest.skip("It died before there was a run.")
    assert cancelled(world)[-1].nothing
    count = len(world.jobs.jobs)
    world.later(2 * LEASE.total_seconds())
    assert world.advancer().advance(RUN_ID)
    assert (len(world.jobs.jobs), world.jobs.live()) == (count, [])


def test_a_job_that_does_not_end_is_no_success(
    world: CommandWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    """When something is left after the time, the exit code is 1 and what is left is named."""
    world.advancer().start(run_of_two())
    world.jobs.stubborn = {"job-1"}
    assert cancel(world.given("cancel", RUN_ID, "--timeout", "1"), world.cloud) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert f"after 1 s this is left of it: {RUN_ID}_b_0. Run the same command again" in err
    assert world.jobs.terminated.count("job-1") == 1


def test_it_can_be_said_again(world: CommandWorld, capsys: pytest.CaptureFixture[str]) -> None:
    """Cancelling a cancelled run looks again, and ends what was left."""
    world.advancer().start(run_of_two())
    assert cancel(world.given("cancel", RUN_ID), world.cloud) == 0
    assert "3 jobs terminated, and a last look found none left" in capsys.readouterr().out
    assert cancel(world.given("cancel", RUN_ID, "--json"), world.cloud) == 0
    document = json.loads(capsys.readouterr().out)
    assert document == {
        "run_id": RUN_ID,
        "state": "CANCELLED",
        "terminated": [],
        "left": {"jobs": [], "claims": []},
    }


def test_a_run_that_has_succeeded_stays_so(world: CommandWorld) -> None:
    """There is nothing to cancel in a run that has succeeded, and its cleanup is left alone."""
    world.advancer().start(run_of_two())
    world.end(RUN_ID, RunState.SUCCEEDED)
    with pytest.raises(CommandError, match=r"SUCCEEDED\. There is nothing to cancel"):
        cancel(world.given("cancel", RUN_ID), world.cloud)
    assert world.jobs.terminated == []


def test_a_failed_run_stays_failed(world: CommandWorld, capsys: pytest.CaptureFixture[str]) -> None:
    """What still lives of a failed run is terminated; that it failed is not rewritten."""
    world.advancer().start(run_of_two())
    world.end(RUN_ID, RunState.FAILED, "a")
    assert cancel(world.given("cancel", RUN_ID), world.cloud) == 0
    assert "had failed before and stays so: 3 jobs terminated" in capsys.readouterr().out
    assert (state_of(world).state, state_of(world).failed_step) == (RunState.FAILED, "a")


def test_the_lease_is_longer_than_a_canceller_needs(world: CommandWorld) -> None:
    """The default time is enough for the claims of a submitter that has died to be settled."""
    assert timedelta(seconds=world.given("cancel", "x").timeout) > LEASE


def test_other_automation_is_told_that_a_run_is_cancelled(world: CommandWorld) -> None:
    """The same command again tells it again, with the same id."""
    world.advancer().start(run_of_two())
    for _ in range(2):
        assert cancel(world.given("cancel", RUN_ID), world.cloud) == 0
    details = [json.loads(event["Detail"]) for event in world.bus.sent]
    assert [(one["state"], one["id"]) for one in details] == [("CANCELLED", f"{RUN_ID}/0/CANCELLED")] * 2


@pytest.mark.parametrize(
    "answer", [refused("AccessDeniedException", "not authorized to perform: events:PutEvents", 403), 1]
)
def test_a_run_is_cancelled_though_nobody_can_be_told(
    world: CommandWorld, capsys: pytest.CaptureFixture[str], answer: Exception | int
) -> None:
    """What keeps the event from being sent is a remark."""
    world.advancer().start(run_of_two())
    world.bus.answer = answer
    assert cancel(world.given("cancel", RUN_ID), world.cloud) == 0
    assert "Other automation was not told" in capsys.readouterr().err
    assert state_of(world).state is RunState.CANCELLED
