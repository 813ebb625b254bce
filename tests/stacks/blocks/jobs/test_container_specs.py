"""What a step becomes as a container: parameters, priority, retry rules, attempts."""

from __future__ import annotations

from typing import Any


def test_a_command_has_its_parameters_and_a_job_its_priority(
    everything_jobs: dict[str, dict[str, Any]],
) -> None:
    """Defaults and priority stand in the definition; 0 is a priority too."""
    assert everything_jobs["spot-task"]["Parameters"] == {"size": "small"}
    assert {
        name: one.get("SchedulingPriority")
        for name, one in everything_jobs.items()
        if "SchedulingPriority" in one
    } == {
        "on-demand": 10,
        "spot-task": 0,
    }


def test_own_rules_come_before_the_machine_s(everything_jobs: dict[str, dict[str, Any]]) -> None:
    """Sluice's own code first, then theirs; with two of them, the end of a program is what ends the job, and
    all that a machine does is tried again. Never more than five.
    """
    assert everything_jobs["usual"]["RetryStrategy"]["EvaluateOnExit"] == [
        {"Action": "RETRY", "OnExitCode": "75"},
        {"Action": "RETRY", "OnExitCode": "3"},
        {"Action": "EXIT", "OnReason": "OutOfMemory*"},
        {"Action": "RETRY", "OnReason": "Cannot*"},
        {"Action": "EXIT", "OnStatusReason": "Essential container in task exited*"},
    ]
    assert all(len(one["RetryStrategy"]["EvaluateOnExit"]) <= 5 for one in everything_jobs.values())


def test_a_job_begins_no_more_often_than_it_may_lose_its_machine(
    everything_jobs: dict[str, dict[str, Any]],
) -> None:
    """What has lost so many machines goes to others, and does not begin once more where they are taken."""
    assert [everything_jobs[name]["RetryStrategy"]["Attempts"] for name in ("usual", "moves")] == [
        5,
        2,
    ]
