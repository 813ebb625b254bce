"""The cloud that an executor talks to, with what its users make in an account beforehand."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from pathlib import Path
from typing import Any

from cli.aws import client_of
from local.paths import LocalCloudPaths
from local.server import process

_SECONDS = 600.0
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
_ANYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


class Account:
    """A cloud with a queue, a bucket and a role for jobs."""

    def __init__(self, cloud: LocalCloudPaths, folder: Path) -> None:
        self.cloud, self.folder = cloud, folder
        name = f"executors-{uuid.uuid4().hex[:8]}"
        self.bucket, self.queue = name, name
        self.client("s3").create_bucket(Bucket=name)
        self.role = self._role(name)
        self._make_queue(name)

    def client(self, service: str) -> Any:
        """Return a client of the cloud's administrator."""
        return client_of(self.cloud, service)

    def run(self, *command: str, **variables: str) -> str:
        """Run a project's own command in the folder to its good end, and return what it printed."""
        kept = {name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ}
        environment = {
            **kept,
            "PATH": os.pathsep.join([str(Path(command[0]).parent), os.environ["PATH"]]),
            "HOME": str(self.folder),
            **self.cloud.client_environment(),
            **variables,
        }
        ran = subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
            stdin=subprocess.DEVNULL,
        )
        assert ran.returncode == 0, f"{ran.stdout[-6000:]}{ran.stderr[-6000:]}{self.reasons()}"
        return ran.stdout + ran.stderr

    def reasons(self) -> list[str]:
        """Return how each job of the queue ended, for a test that fails."""
        batch = self.client("batch")
        listed = [
            found
            for queue in batch.describe_job_queues()["jobQueues"]
            for status in ("SUCCEEDED", "FAILED", "RUNNABLE", "RUNNING")
            for found in batch.list_jobs(jobQueue=queue["jobQueueName"], jobStatus=status)["jobSummaryList"]
        ]
        return [
            f"{one['jobName']}: {one['status']} {one.get('statusReason')} {one.get('container')}"
            for one in listed
        ]

    def states(self) -> list[str]:
        """Return the states of the queue's jobs."""
        batch = self.client("batch")
        return sorted(
            found["status"]
            for status in ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED")
            for found in batch.list_jobs(jobQueue=self.queue, jobStatus=status)["jobSummaryList"]
        )

    def _role(self, name: str) -> str:
        iam = self.client("iam")
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(_TRUST))["Role"]
        iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(_ANYTHING))
        return str(role["Arn"])

    def _make_queue(self, name: str) -> None:
        batch = self.client("batch")
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
            computeEnvironmentName=name, type="MANAGED", computeResources=resources
        )
        order = [{"order": 1, "computeEnvironment": name}]
        batch.create_job_queue(jobQueueName=name, priority=1, computeEnvironmentOrder=order)


def started(port: int, folder: Path, *, containers: bool) -> LocalCloudPaths:
    """Start an empty cloud, whose jobs run in containers or as processes."""
    cloud = LocalCloudPaths(port, folder)
    process.start(cloud, "docker" if containers else "process")
    return cloud
