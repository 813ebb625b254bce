"""Compute environments, job queues, and the role of the machines."""

from __future__ import annotations

import pytest

from cli.commands.doctor.account import Check
from cli.commands.doctor.checks.machines import compute
from cli.commands.doctor.finding import Level
from tests.cli.commands.doctor.fake_account import (
    ENVIRONMENT,
    Answers,
    assert_problem,
    findings_of,
    refused,
)

PROBLEMS: dict[str, tuple[Check, Answers, Level, str]] = {
    "an invalid environment": (
        compute.environments,
        {
            "DescribeComputeEnvironments": {
                "computeEnvironments": [ENVIRONMENT | {"status": "INVALID", "statusReason": "role gone"}]
            }
        },
        Level.ERROR,
        "is INVALID and ENABLED: role gone",
    ),
    "an environment that is being changed": (
        compute.environments,
        {"DescribeComputeEnvironments": {"computeEnvironments": [ENVIRONMENT | {"status": "UPDATING"}]}},
        Level.WARNING,
        "is UPDATING and ENABLED",
    ),
    "a disabled queue": (
        compute.queues,
        {
            "DescribeJobQueues": {
                "jobQueues": [{"jobQueueName": "normal", "status": "VALID", "state": "DISABLED"}]
            }
        },
        Level.ERROR,
        "VALID and DISABLED",
    ),
    "a blocked queue": (
        compute.blocked,
        {
            "ListJobs": {
                "jobSummaryList": [
                    {
                        "jobName": "w-a_b_0",
                        "jobId": "1",
                        "statusReason": "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - x",
                    }
                ]
            }
        },
        Level.ERROR,
        "w-a_b_0 blocks its queue: the job asks for more",
    ),
    "a profile that is gone": (
        compute.machine_roles,
        {"GetInstanceProfile": refused("NoSuchEntity")},
        Level.ERROR,
        "machines is gone",
    ),
    "a profile without a role": (
        compute.machine_roles,
        {"GetInstanceProfile": {"InstanceProfile": {"Roles": []}}},
        Level.ERROR,
        "has no role",
    ),
}


def test_environments_without_machines_have_no_role_to_check() -> None:
    """Those of Fargate, and of a user's own machines."""
    task = ENVIRONMENT | {"computeResources": {"type": "FARGATE", "maxvCpus": 4, "subnets": ["subnet-1"]}}
    answer = {"computeEnvironments": [task, ENVIRONMENT | {"computeResources": None}]}
    [(level, text, _)] = findings_of(compute.machine_roles, DescribeComputeEnvironments=answer)
    assert (level, "No compute environment has machines" in text) == (Level.NOT_CHECKED, True)


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_problem_is_a_finding_with_its_fix(name: str) -> None:
    """At its level."""
    assert_problem(*PROBLEMS[name])
