"""Metaflow, redun, Snakemake and Lithops as they are published: each runs a workflow of its own against the
engine, with jobs in containers where there is Docker and as processes of this machine.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.paths import ACCOUNT, REGION
from local.server import process
from tests.conftest import free_port
from tests.executors.account import Account, started
from tests.executors.environments import BASE, Environment, Project, python_like_that_of, run
from tests.local.batch.runtime.test_docker_executor import engine_is_there

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.xdist_group("docker"),
    pytest.mark.timeout(1800),
]

_PROJECTS = Path(__file__).parent / "projects"
PROJECTS = {
    "metaflow": Project(
        packages=("metaflow", "boto3", "requests"),
        variables=(("METAFLOW_SKIP_INSTALL_DEPENDENCIES", "1"),),
    ),
    "redun": Project(packages=("redun", "awscli"), programs=(("redun", "redun.cli:main"), ("aws", "awscli"))),
    "snakemake": Project(
        packages=("snakemake", "snakemake-executor-plugin-aws-batch", "snakemake-storage-plugin-s3"),
        wheels=("snakemake-storage-plugin-s3",),
    ),
    "lithops": Project(
        packages=("lithops", "boto3"),
        entrypoint=("python", "-m", "lithops.serverless.backends.aws_batch.entry_point"),
    ),
}


@dataclass(frozen=True)
class Place:
    """What makes environments and images, for one way to run jobs."""

    containers: bool
    account: Account

    def environment(self, name: str, *uris: str) -> Environment:
        """Return a project's environment, whose image has these names."""
        python = python_like_that_of(BASE) if self.containers else sys.executable
        if python is None:
            pytest.skip(f"needs a Python of this machine of the version in the image {BASE}")
        made = Environment(name, PROJECTS[name], python)
        for uri in uris:
            if self.containers:
                made.image_of_containers(uri, self.account.folder / "context")
            else:
                made.image_of_processes(self.account.cloud, uri)
        return made

    def file(self, name: str) -> Path:
        """Return a copy of a workflow's file in the folder where it runs."""
        return Path(shutil.copy(_PROJECTS / name, self.account.folder))


@pytest.fixture(params=["containers", "processes"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A cloud of its own for each project."""
    containers = request.param == "containers"
    if containers and not engine_is_there():
        pytest.skip(f"needs a Docker engine with the image {BASE}")
    cloud = started(free_port(), tmp_path / "cloud", containers=containers)
    (tmp_path / "project").mkdir()
    try:
        yield Place(containers, Account(cloud, tmp_path / "project"))
    finally:
        process.stop(cloud)


def test_metaflow_runs_a_foreach(place: Place) -> None:
    """A job a task, one of them a second time, with what the tasks know of their job and its log."""
    image = "executors/metaflow"
    environment, account = place.environment("metaflow", image), place.account
    root = f"s3://{account.bucket}/metaflow"
    said = account.run(
        str(environment.python),
        str(place.file("metaflow_flow.py")),
        *("--datastore", "s3", "--no-pylint", "run"),
        USERNAME="somebody",
        METAFLOW_DATASTORE_SYSROOT_S3=root,
        METAFLOW_DATATOOLS_S3ROOT=f"{root}/data",
        METAFLOW_BATCH_JOB_QUEUE=account.queue,
        METAFLOW_ECS_S3_ACCESS_IAM_ROLE=account.role,
        METAFLOW_BATCH_CONTAINER_IMAGE=image,
        METAFLOW_S3_ENDPOINT_URL=account.cloud.endpoint,
    )
    assert "total 29 of 3 jobs" in said
    assert account.states() == ["FAILED", "SUCCEEDED", "SUCCEEDED", "SUCCEEDED"]


def test_redun_runs_an_array_a_script_and_a_failure(place: Place) -> None:
    """An array job, a shell script as a job, and the error of a job's task in the workflow."""
    image = "executors/redun"
    environment, account = place.environment("redun", image), place.account
    (account.folder / ".redun").mkdir()
    settings = {
        "type": "aws_batch",
        "image": image,
        "queue": account.queue,
        "role": account.role,
        "s3_scratch": f"s3://{account.bucket}/redun/",
        "aws_region": REGION,
        "job_monitor_interval": 1,
        "min_array_size": 2,
        "job_stale_time": 1,
        "vcpus": 1,
        "memory": 1,
    }
    lines = [f"{name} = {value}" for name, value in settings.items()]
    (account.folder / ".redun" / "redun.ini").write_text(
        "\n".join(["[backend]", "db_uri = sqlite:///redun.db", "[executors.batch]", *lines, ""])
    )
    said = account.run(
        str(environment.python.with_name("redun")), "run", place.file("redun_workflow.py").name, "main"
    )
    assert "total 29, it is meant to fail, from a script" in said
    states = account.states()
    assert states.count("FAILED") == 1
    assert set(states) == {"FAILED", "SUCCEEDED"}


def privileged_containers_run() -> bool:
    """Return whether this machine lets a container be privileged."""
    command = ["docker", "run", "--rm", "--privileged", BASE, "true"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def test_snakemake_runs_jobs_that_meet_in_s3(place: Place) -> None:
    """A rule three times side by side and one after them, with files in S3 and definitions removed."""
    if place.containers and not privileged_containers_run():
        pytest.skip("Snakemake's executor asks for privileged containers, which this machine refuses")
    image = "executors/snakemake"
    environment, account = place.environment("snakemake", image), place.account
    place.file("Snakefile")
    account.run(
        str(environment.python),
        *("-m", "snakemake", "--jobs", "4", "--executor", "aws-batch", "--container-image", image),
        *("--aws-batch-region", REGION, "--aws-batch-job-queue", account.queue),
        *("--aws-batch-job-role", account.role),
        *("--default-storage-provider", "s3", "--default-storage-prefix", f"s3://{account.bucket}/snakemake"),
        *("--storage-s3-endpoint-url", account.cloud.endpoint),
    )
    result = account.client("s3").get_object(Bucket=account.bucket, Key="snakemake/total.txt")
    assert result["Body"].read() == b"total 29\n"
    assert account.states() == ["SUCCEEDED"] * 4
    assert account.client("batch").describe_job_definitions(status="ACTIVE")["jobDefinitions"] == []


def test_lithops_makes_and_removes_what_it_needs(place: Place) -> None:
    """Its own environment, queue and definition on Fargate, an array job, an error, and nothing left."""
    account = place.account
    environment = place.environment("lithops")
    code = "from lithops.version import __version__ as v; print(v.replace('.', ''))"
    version = run(str(environment.python), "-c", code).strip()
    registry = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
    place.environment("lithops", f"{registry}/lithops_v{version}_ests/squares:1")
    given = account.cloud.client_environment()
    keys = {
        "access_key_id": given["AWS_ACCESS_KEY_ID"],
        "secret_access_key": given["AWS_SECRET_ACCESS_KEY"],
        "region": REGION,
    }
    batch = {
        "runtime": "squares:1",
        "account_id": ACCOUNT,
        "user_id": "tests",
        "execution_role": account.role,
        "job_role": account.role,
        "service_role": account.role,
        "security_groups": ["sg-1"],
        "subnets": ["subnet-1"],
        "env_type": "FARGATE_SPOT",
    }
    config = {
        "lithops": {"backend": "aws_batch", "storage": "aws_s3", "monitoring_interval": 1},
        "aws": keys,
        "aws_s3": {"storage_bucket": account.bucket, "endpoint": account.cloud.endpoint},
        "aws_batch": batch,
    }
    said = account.run(str(environment.python), str(place.file("lithops_call.py")), json.dumps(config))
    assert "total 29\n" in said
    assert "failed: it is meant to fail\n" in said
    client = account.client("batch")
    assert [one["jobQueueName"] for one in client.describe_job_queues()["jobQueues"]] == [account.queue]
    assert client.describe_job_definitions(status="ACTIVE")["jobDefinitions"] == []
