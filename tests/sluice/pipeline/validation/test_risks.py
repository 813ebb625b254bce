"""What is allowed and should be known: the whole machine as a folder, and secrets in plain sight."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.pipeline.definition import Array, Job, MultiNode, NodeGroup
from sluice.pipeline.mounts import EfsMount, HostMount
from sluice.pipeline.retry_rules import EvaluateOnExit
from sluice.pipeline.validation.risks import risks_of
from tests.sluice.pipeline.validation.pipelines import valid

KEY = "AKIA" + "A1B2" * 4


def ids(**fields: Any) -> list[str]:
    """Return the ids of the risks of a step with these fields."""
    return [risk.id for risk in risks_of(valid(steps=[Job("a", run="merge", **fields)]))]


@pytest.mark.parametrize(
    "source",
    [
        "/",
        "/scratch/..",
        "/var/run/docker.sock",
        "/run/docker.sock",
        "/var/run",
        "/var/run/../run/containerd/containerd.sock",
        "/var/lib/docker",
        "/var/lib/docker/volumes",
        "/proc",
        "/proc/1/root",
        "/etc/ecs",
        "/dev/nvme0n1",
        "/root/.aws",
        "/home",
    ],
)
def test_a_mount_that_is_the_whole_machine_is_a_risk(source: str) -> None:
    """However it is written."""
    assert ids(mounts=[HostMount(source=source, path="/mnt/x")]) == ["sluice:host-mount"]


@pytest.mark.parametrize(
    "source",
    [
        "/scratch",
        "/var/data",
        "/var/runs",
        "/mnt/docker",
        "/opt/run",
        "/var/lib/docker-data",
        "/etc/ssl/certs",
        "/usr/local/cuda",
        "/dev/shm",  # noqa: S108 - of the machine, not ours
    ],
)
def test_a_folder_of_its_own_is_none(source: str) -> None:
    """That is what host mounts are for."""
    assert ids(mounts=[HostMount(source=source, path="/mnt/x")]) == []


def test_a_file_system_is_none() -> None:
    """Its root is not the machine's."""
    assert ids(mounts=[EfsMount(file_system="fs-0123456789abcdef0", path="/mnt/x")]) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PASSWORD", "hunter2"),
        ("api_key", "x"),
        ("GITHUB_TOKEN", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("SETTINGS", f"region=eu;key={KEY}"),
        ("DATABASE", "postgres://me:hunter2@db.example.com/x"),
        ("PEM", "-----BEGIN RSA PRIVATE KEY-----\nMII"),
        ("HOOK", "xoxb-1234567890-abc"),
    ],
)
def test_a_secret_in_plain_sight_is_a_risk_and_is_not_repeated(name: str, value: str) -> None:
    """By its name or by its value; the warning says neither the value nor a part of it."""
    (risk,) = risks_of(valid(steps=[Job("a", run="merge", environment={name: value})]))
    assert risk.id == "sluice:secret-in-environment"
    assert risk.where == f"words: steps['a'].environment[{name!r}]"
    assert len(value) < 5 or value not in risk.text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_ARN", "arn:aws:secretsmanager:eu-central-1:111122223333:secret:a"),
        ("TOKEN_URL", "https://example.com/token"),
        ("TOKENIZER", "bpe"),
        ("MAX_TOKENS", "4096"),
        ("KEYBOARD", "de"),
        ("KEY_PREFIX", "a/b"),
        ("ENDPOINT", "https://example.com:8443/a@b"),
    ],
)
def test_what_only_speaks_of_a_secret_is_none(name: str, value: str) -> None:
    """A warning that is wrong is not read the next time."""
    assert ids(environment={name: value}) == []


def test_the_variables_of_node_groups_count_too() -> None:
    """They are in the definition as well."""
    group = NodeGroup(nodes=1, run="merge", environment={"PASSWORD": "hunter2"})
    assert [one.id for one in risks_of(valid(steps=[MultiNode("a", groups=[group])]))] == [
        "sluice:secret-in-environment"
    ]


@pytest.mark.parametrize(("count", "expected"), [(0, []), (2, []), (3, ["sluice:machine-faults"])])
def test_an_array_of_commands_without_room_for_a_fault_of_the_machine_is_a_risk(
    count: int, expected: list[str]
) -> None:
    """All of its children run again then; which fault is said, with what to do."""
    rules = [EvaluateOnExit(action="RETRY", on_exit_code=str(code)) for code in range(3, 3 + count)]
    array = Array("a", image="busybox", command=["true"], size=3, retry=rules, attempts=3)
    found = list(risks_of(valid(steps=[array])))
    assert [one.id for one in found] == expected
    assert all("DockerTimeoutError…" in one.text and "Join two rules" in one.text for one in found)


def test_what_runs_again_by_itself_after_a_fault_of_the_machine_is_none() -> None:
    """Jobs, and the children of an array of ours, alone."""
    rules = [EvaluateOnExit(action="RETRY", on_exit_code=str(code)) for code in range(3, 5)]
    assert ids(retry=rules, attempts=3) == []
    array = Array("a", run="merge", size=3, retry=rules, attempts=3)
    assert list(risks_of(valid(steps=[array]))) == []
