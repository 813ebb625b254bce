"""The environment of the cloud's process, and so of the Lambda functions and jobs that it starts."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from local.batch.runtime.docker_executor import client_environment
from local.paths import ACCOUNT, REGION, REPOSITORY, LocalCloudPaths

# What passes from the caller. Everything else stays out: a Lambda function must not see the caller's
# AWS_PROFILE, AWS_ENDPOINT_URL or HTTP_PROXY, because the same function in an account would not.
KEPT = (
    "HOME",
    "USER",
    "LANG",
    "LC_ALL",
    "TZ",
    "PATH",
    "VIRTUAL_ENV",
    "SSL_CERT_FILE",
    "PYTHONDONTWRITEBYTECODE",
)

# What the server needs besides, and drops before it starts anything.
OF_SERVER = ("SLUICE_HOME", "LD_LIBRARY_PATH")


def of_server(caller: Mapping[str, str]) -> dict[str, str]:
    """Return what of an environment `caller` the cloud's process is started with.

    What a process was started with stays readable for every process of the same user, /proc/PID/environ, and
    so for Lambda functions and jobs: the caller's own keys never get there.
    """
    kept = {name: caller[name] for name in (*KEPT, *OF_SERVER) if name in caller}
    return {**kept, **client_environment(caller), "PYTHONPATH": str(REPOSITORY)}


_WITHOUT_FILES = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
_ISOLATED = {**_WITHOUT_FILES, "AWS_EC2_METADATA_DISABLED": "true"}


def of_cloud(paths: LocalCloudPaths, caller: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the whole environment for the cloud of `paths`, started from an environment `caller` (default:
    this).
    """
    given = os.environ if caller is None else caller
    kept = {name: given[name] for name in KEPT if name in given}
    return {**kept, "PATH": path_with_interpreter(given), **_aws(), **_ministack(paths)}


def of_jobs(paths: LocalCloudPaths) -> dict[str, str]:
    """Return the variables that lead the AWS clients of a job to the cloud of `paths`, and nowhere else.

    They, and the address of the instance's metadata, are the only ones that a job has here and not on AWS. A
    Region is not among them: agents on EC2 tell
    containers theirs since 1.104.0 only, so a job definition has to. See docs/batch-engine.md.
    """
    return {**_WITHOUT_FILES, "AWS_ENDPOINT_URL": paths.endpoint}


def path_with_interpreter(caller: Mapping[str, str]) -> str:
    """Return PATH with this interpreter's programs (python, node, npm) first."""
    return os.pathsep.join([str(Path(sys.executable).parent), caller.get("PATH", os.defpath)])


def _aws() -> dict[str, str]:
    """What every AWS client in the cloud's process and below it sees: no files of the caller, no instance
    metadata.
    """
    return {"AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION, **_ISOLATED}


def _ministack(paths: LocalCloudPaths) -> dict[str, str]:
    """ministack's own settings: loopback, one listener, processes instead of Docker, nothing outside the
    state.
    """
    return {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(paths.port),
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        # ministack removes containers that carry its label from any Docker that it finds, so it finds none.
        "DOCKER_HOST": f"unix://{paths.temporary}/no-docker.sock",
        "TMPDIR": str(paths.temporary),
    }
