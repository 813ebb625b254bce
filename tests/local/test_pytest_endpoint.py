"""The fixture that gives any project's tests an AWS endpoint."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

# What a project's own test looks like; docs and README show the same.
TEST = """
import boto3


def test_a_job(aws_environment):
    batch = boto3.client("batch")
    resources = {
        "type": "EC2",
        "allocationStrategy": "BEST_FIT_PROGRESSIVE",
        "maxvCpus": 4,
        "instanceTypes": ["optimal"],
        "instanceRole": "ecsInstanceRole",
        "subnets": ["subnet-1"],
        "securityGroupIds": ["sg-1"],
    }
    batch.create_compute_environment(
        computeEnvironmentName="ce", type="MANAGED", computeResources=resources
    )
    order = [{"order": 1, "computeEnvironment": "ce"}]
    batch.create_job_queue(jobQueueName="q", priority=1, computeEnvironmentOrder=order)
    assert batch.describe_job_queues()["jobQueues"][0]["status"] == "VALID"
"""


def test_a_project_has_a_batch_endpoint(pytester: pytest.Pytester) -> None:
    """Two lines in a conftest.py, and a test of any project makes a queue."""
    pytester.makeconftest('pytest_plugins = ["local.pytest_endpoint"]')
    pytester.makepyfile(TEST)
    pytester.runpytest_subprocess("-q", "-p", "no:randomly", "-p", "no:xdist").assert_outcomes(passed=1)
