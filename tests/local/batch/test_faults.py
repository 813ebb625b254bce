"""Fault injection."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.batch.api.limits import Limits
from local.batch.engine import Engine
from local.batch.faults import Faults
from tests.local.batch.conftest import EC2, QUICK, Desk, HandExecutor, wait_for

_SPOT_RULES = [{"action": "RETRY", "onStatusReason": "Host EC2*"}, {"action": "EXIT", "onReason": "*"}]


def test_the_host_of_a_chosen_job_is_interrupted(desk: Desk, hand: HandExecutor) -> None:
    """The job's host goes, with AWS's reason; the job is tried again on another host."""
    job = desk.submit(retryStrategy={"attempts": 3, "evaluateOnExit": _SPOT_RULES})
    desk.until(job, "RUNNING")
    desk.engine.interrupt(job)
    wait_for(lambda: len(hand.tasks) == 2)
    desk.until(job, "RUNNING")
    (attempt,) = desk.job(job)["attempts"]
    assert attempt["statusReason"].startswith("Host EC2 (instance i-")
    assert attempt["statusReason"].endswith(") terminated.")
    assert "exitCode" not in attempt["container"]
    with pytest.raises(LookupError):
        desk.engine.interrupt("nothing")


@pytest.mark.parametrize(
    "faults",
    [
        Faults(seed=3, interruptions_per_hour=3_600_000, notice_seconds=0),
        Faults(seed=3, interrupted_attempts=1, notice_seconds=0.01),
    ],
)
def test_spot_hosts_are_interrupted_by_a_rate(faults: Faults) -> None:
    """With a high rate, of hosts or of attempts, each spot host goes soon; on-demand hosts stay, and the job
    ends there.
    """
    hand = HandExecutor()
    with Engine(limits=QUICK, faults=faults, executor=hand) as engine:
        desk = Desk(engine, [], [])
        spot = {**EC2, "type": "SPOT", "allocationStrategy": "SPOT_PRICE_CAPACITY_OPTIMIZED"}
        desk.batch.create_compute_environment(
            computeEnvironmentName="spot", type="MANAGED", computeResources=spot
        )
        order = [{"order": 1, "computeEnvironment": "spot"}]
        desk.batch.create_job_queue(jobQueueName="bulk", priority=1, computeEnvironmentOrder=order)
        steady = desk.submit()
        job = desk.submit(jobQueue="bulk", retryStrategy={"attempts": 3})
        failed = desk.until(job, "FAILED")
        assert len(failed["attempts"]) == 3
        assert desk.job(steady)["status"] == "RUNNING"


def test_images_that_cannot_be_pulled() -> None:
    """A chosen image fails to be pulled; another one runs."""
    with Engine(limits=QUICK, faults=Faults(failing_pulls=frozenset({"broken"}))) as engine:
        desk = Desk(engine, [], [])
        desk.define("broken", ["true"], container={"image": "broken"})
        job = desk.until(desk.submit(definition="broken"), "FAILED")
        assert job["container"]["reason"].startswith("CannotPullContainerError: ")
        desk.until(desk.submit(), "SUCCEEDED")


def test_docker_may_not_report_how_a_container_ended() -> None:
    """Without an exit code and with the words of a program's end, as the ECS agent has them: a rule for that
    reason has it tried again.
    """
    rules = [{"action": "RETRY", "onReason": "DockerTimeoutError*"}, {"action": "EXIT", "onReason": "*"}]
    with Engine(limits=QUICK, faults=Faults(docker_timeouts=1)) as engine:
        desk = Desk(engine, [], [])
        job = desk.until(desk.submit(retryStrategy={"attempts": 2, "evaluateOnExit": rules}), "FAILED")
        assert len(job["attempts"]) == 2
        for ended in (job, *job["attempts"]):
            assert ended["statusReason"] == "Essential container in task exited"
            assert ended["container"]["reason"].startswith("DockerTimeoutError: ")
            assert "exitCode" not in ended["container"]
        engine.set_faults(Faults())
        desk.until(desk.submit(), "SUCCEEDED")


def test_an_answer_is_lost_after_the_call_took_effect() -> None:
    """The caller gets a 5xx, and the job is there."""
    with Engine(limits=QUICK, faults=Faults(lost_answers={"SubmitJob": 1})) as engine:
        desk = Desk(engine, [], [])
        with pytest.raises(ClientError) as caught:
            desk.submit("unsure")
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
        found = desk.batch.list_jobs(jobQueue="q", filters=[{"name": "JOB_NAME", "values": ["unsure"]}])
        assert len(found["jobSummaryList"]) == 1


def test_submissions_are_throttled() -> None:
    """Beyond the rate SubmitJob is refused with TooManyRequestsException and status 429."""
    with Engine(limits=Limits(submits_a_second=2), executor=HandExecutor()) as engine:
        desk = Desk(engine, [], [])

        def submit_many() -> None:
            for _ in range(20):
                desk.submit()

        with pytest.raises(ClientError) as caught:
            submit_many()
        error: dict[str, Any] = dict(caught.value.response)
        assert (error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]) == (
            "TooManyRequestsException",
            429,
        )


def test_an_invalid_environment_starts_nothing_until_it_is_valid_again(desk: Desk) -> None:
    """It is described as INVALID with its reason, and its queue's jobs wait."""
    desk.engine.set_faults(Faults(invalid={"ce": "CLIENT_ERROR - Access denied"}))
    (described,) = desk.batch.describe_compute_environments(computeEnvironments=["ce"])["computeEnvironments"]
    assert (described["status"], described["statusReason"]) == ("INVALID", "CLIENT_ERROR - Access denied")
    job = desk.submit()
    desk.until(job, "RUNNABLE")
    desk.engine.set_faults(Faults())
    desk.until(job, "RUNNING")
    (described,) = desk.batch.describe_compute_environments(computeEnvironments=["ce"])["computeEnvironments"]
    assert described["status"] == "VALID"
    with pytest.raises(LookupError, match="absent"):
        desk.engine.set_faults(Faults(invalid={"absent": "why"}))


def test_missing_capacity_moves_work_to_the_next_environment(desk: Desk) -> None:
    """When EC2 has no spot instances, the next environment of the queue takes the job."""
    desk.batch.create_compute_environment(
        computeEnvironmentName="spot", type="MANAGED", computeResources={**EC2, "type": "SPOT"}
    )
    order = [{"order": 1, "computeEnvironment": "spot"}, {"order": 2, "computeEnvironment": "ce"}]
    desk.batch.create_job_queue(jobQueueName="mixed", priority=1, computeEnvironmentOrder=order)
    desk.engine.set_capacity("spot", available=False)
    job = desk.submit(jobQueue="mixed")
    desk.until(job, "RUNNING")
    host = desk.engine.scheduler.jobs[job].hosts[0]
    assert host.environment.spec.name == "ce"


def test_a_spot_host_has_its_notice_before_it_goes() -> None:
    """Until its time its jobs run, and may end well; a second notice changes nothing."""
    hand = HandExecutor()
    now = [1_000]
    with Engine(limits=QUICK, executor=hand, clock=lambda: now[0]) as engine:
        desk = Desk(engine, [], [])
        spot = {**EC2, "type": "SPOT", "allocationStrategy": "SPOT_PRICE_CAPACITY_OPTIMIZED"}
        desk.batch.create_compute_environment(
            computeEnvironmentName="spot", type="MANAGED", computeResources=spot
        )
        order = [{"order": 1, "computeEnvironment": "spot"}]
        desk.batch.create_job_queue(jobQueueName="bulk", priority=1, computeEnvironmentOrder=order)
        job = desk.submit(jobQueue="bulk", retryStrategy={"attempts": 2, "evaluateOnExit": _SPOT_RULES})
        desk.until(job, "RUNNING")
        engine.interrupt(job)
        (host,) = next(one for one in engine.scheduler.environments.values() if one.spec.spot).hosts.values()
        assert engine.instance(host.id) is host
        assert host.leaves_at == 1_000 + 120_000
        now[0] = 61_000
        engine.interrupt(job, 1)
        assert host.leaves_at == 121_000
        assert desk.job(job)["status"] == "RUNNING"
        now[0] = 121_000
        engine.account.changed()
        wait_for(lambda: len(hand.tasks) == 2)
        assert desk.job(job)["attempts"][0]["statusReason"].startswith("Host EC2")
        assert engine.instance(host.id) is None
