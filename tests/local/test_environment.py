"""The environment of the cloud's process."""

from pathlib import Path

from local import environment
from local.paths import LocalCloudPaths

PLACE = LocalCloudPaths(4599, Path("/state"))


def test_nothing_of_the_callers_account_or_network_passes() -> None:
    """Lambda functions and jobs see neither the caller's account nor the caller's proxies."""
    caller = {
        "AWS_PROFILE": "work",
        "AWS_ENDPOINT_URL": "https://x",
        "HTTPS_PROXY": "http://p",
        "SECRET": "s",
        "HOME": "/h",
    }
    passed = environment.of_cloud(PLACE, caller)
    assert not set(passed) & {"AWS_PROFILE", "AWS_ENDPOINT_URL", "HTTPS_PROXY", "SECRET"}
    assert passed["HOME"] == "/h"


def test_only_loopback_is_bound() -> None:
    """The emulator is set to listen on loopback and to open no second port."""
    passed = environment.of_cloud(PLACE, {})
    assert (passed["BIND_HOST"], passed["IOT_MTLS_ENABLED"], passed["SFTP_ENABLED"]) == (
        "127.0.0.1",
        "0",
        "0",
    )


def test_no_docker_is_found() -> None:
    """The emulator finds no Docker, of which it would remove containers."""
    assert environment.of_cloud(PLACE, {"DOCKER_HOST": "unix:///var/run/docker.sock"})[
        "DOCKER_HOST"
    ].startswith("unix:///state/")


def test_the_callers_keys_are_nowhere_in_the_clouds_process() -> None:
    """What the process is started with can be read by every job: no key, no profile, nothing unknown."""
    caller = {
        "AWS_ACCESS_KEY_ID": "AKIACALLER",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_SESSION_TOKEN": "t",
        "AWS_PROFILE": "work",
        "GITHUB_TOKEN": "g",
        "DOCKER_HOST": "unix:///docker.sock",
        "SLUICE_HOME": "/home",
        "PATH": "/bin",
    }
    passed = environment.of_server(caller)
    assert set(passed) == {"DOCKER_HOST", "SLUICE_HOME", "PATH", "PYTHONPATH"}
