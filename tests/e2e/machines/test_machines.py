"""Steps that ask for more than vCPUs and memory, with IAM enforced: secrets, parameters, limits, other
machines, overrides.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.server.process import control
from sluice.run.job_names import run_id
from sluice.run.state import RunState
from tests.e2e.application import Application, wait_for
from tests.e2e.runs import ended, jobs, lines

OVERRIDES = {
    "told": {
        "memory": 4096,
        "timeout": 120,
        "queue": "normal",
        "environment": {"PLACE": "there"},
        "parameters": {"greeting": "goodbye"},
    },
    "task": {"vcpus": 0.5, "memory": 1024},
    "again": {"command": ["true"]},
}


def ask(app: Application, token: str, **more: Any) -> str:
    """Ask for a run of the pipeline, and return the id that it will have."""
    detail = json.dumps({"pipeline": "machines", "token": token, **more})
    app.client("events").put_events(
        Entries=[{"Source": "sluice", "DetailType": "Run Requested", "Detail": detail}]
    )
    return run_id("machines", "manual", {"token": token})


@pytest.fixture(scope="module")
def machines(app: Application) -> Iterator[Application]:
    """The app with the secrets that the pipeline names, and a machine in the unmanaged environment."""
    secrets, parameters = app.client("secretsmanager"), app.client("ssm")
    made = [
        secrets.create_secret(Name="machines/key", SecretString="a-key")["ARN"],
        secrets.create_secret(Name="machines/login", SecretString='{"password": "a-password"}')["ARN"],
    ]
    parameters.put_parameter(Name="/machines/parameter", Value="a-parameter", Type="SecureString")
    environment = app.resource("SluiceCompute", "MachinesUnmanaged", "AWS::Batch::ComputeEnvironment")
    control(app.place, "POST", "instances", {"environment": environment, "type": "m5.large"})
    yield app
    for secret in made:
        secrets.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)
    parameters.delete_parameter(Name="/machines/parameter")


def test_each_step_gets_what_it_asks_for(machines: Application) -> None:
    """Secrets by name, key and parameter; defaults of parameters; limits; and each step is where it asked to
    be.
    """
    run = ended(machines, ask(machines, "all"))
    found = jobs(machines, run)
    assert lines(machines, found["told"]) == ["a-key a-password a-parameter here hello 123 456"]
    assert (found["task"]["jobQueue"].rpartition("/")[2], lines(machines, found["task"])) == (
        "Sluice_fargate-spot-normal",
        ["a task"],
    )
    assert found["task"]["platformCapabilities"] == ["FARGATE"]
    assert (found["own"]["jobQueue"].rpartition("/")[2], lines(machines, found["own"])) == (
        "Sluice_unmanaged-bulk",
        ["a machine of one's own"],
    )
    assert (found["drawn"]["jobQueue"].rpartition("/")[2], lines(machines, found["drawn"])) == (
        "Sluice_gpu-urgent",
        ["a graphics card"],
    )
    assert {"type": "GPU", "value": "1"} in found["drawn"]["container"]["resourceRequirements"]
    assert (found["arm"]["jobQueue"].rpartition("/")[2], lines(machines, found["arm"])) == (
        "Sluice_arm-normal",
        ["another architecture"],
    )
    assert [attempt["container"]["exitCode"] for attempt in found["again"]["attempts"]] == [3, 0]
    ranked = found["ranked"]
    assert (ranked["shareIdentifier"], ranked["schedulingPriority"]) == ("sluice", 7)
    assert ranked["jobQueue"].endswith("/Sluice_normal-fair")


def test_a_run_may_be_asked_for_with_overrides(machines: Application) -> None:
    """They change this run alone, are kept with it, and reach Batch as overrides of the same definitions."""
    run = ended(machines, ask(machines, "otherwise", overrides=OVERRIDES))
    assert run.trigger["overrides"] == OVERRIDES
    found = jobs(machines, run)
    assert lines(machines, found["told"]) == ["a-key a-password a-parameter there goodbye 123 456"]
    needs = {one["type"]: one["value"] for one in found["told"]["container"]["resourceRequirements"]}
    assert (needs, found["told"]["timeout"]) == (
        {"VCPU": "1", "MEMORY": "4096"},
        {"attemptDurationSeconds": 120},
    )
    needs = {one["type"]: one["value"] for one in found["task"]["container"]["resourceRequirements"]}
    assert needs == {"VCPU": "0.5", "MEMORY": "1024"}
    assert [job["container"]["command"] for name, job in found.items() if name == "again"] == [["true"]]
    assert found["again"]["attempts"][0]["container"]["exitCode"] == 0
    before = jobs(machines, ended(machines, ask(machines, "all")))
    assert {name: job["jobDefinition"] for name, job in before.items()} == {
        name: job["jobDefinition"] for name, job in found.items()
    }


@pytest.mark.parametrize(
    ("pipeline", "overrides", "says"),
    [
        ("machines", {"task": {"memory": 3000}}, "overrides['task']: expected memory= of 512, 1024, 2048"),
        ("machines", {"told": {"gpus": 1}}, "overrides['told']: expected some of command, environment"),
        ("machines", {"nobody": {"memory": 4096}}, "overrides['nobody']: expected one of"),
        ("hello-fan", {"first": {"memory": 4096}}, "takes none"),
    ],
)
def test_wrong_overrides_are_set_aside_with_their_reason(
    machines: Application, pipeline: str, overrides: Any, says: str
) -> None:
    """No run begins; the trigger's dead-letter queue has the request and what is wrong with it."""
    detail = json.dumps({"pipeline": pipeline, "token": json.dumps(overrides), "overrides": overrides})
    machines.client("events").put_events(
        Entries=[{"Source": "sluice", "DetailType": "Run Requested", "Detail": detail}]
    )
    sqs, queue = machines.client("sqs"), machines.queue("trigger", "DeadLetters")
    (message,) = wait_for(
        lambda: sqs.receive_message(QueueUrl=queue, MessageAttributeNames=["All"], VisibilityTimeout=5).get(
            "Messages"
        ),
        "the message",
    )
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert says in message["MessageAttributes"]["reason"]["StringValue"]
    assert machines.ledger.load(run_id(pipeline, "manual", {"token": json.dumps(overrides)})) is None


def test_a_start_that_may_not_read_a_secret_fails_the_run(machines: Application) -> None:
    """The execution role is asked: without its permission the job does not start, and the run says which one
    is missing.
    """
    definition = jobs(machines, ended(machines, ask(machines, "all")))["told"]["container"][
        "executionRoleArn"
    ]
    with machines.without_permission(definition.rpartition("/")[2], "secretsmanager:GetSecretValue"):
        name = ask(machines, "unreadable", overrides={"told": {"environment": {"PLACE": "nowhere"}}})
        wait_for(lambda: machines.ledger.load(name), f"the run {name}")
        machines.wait_until_ended(name)
    run = machines.ledger.load(name)
    assert run is not None
    assert (run.state, run.failed_step) == (RunState.FAILED, "told")
    assert "secretsmanager:GetSecretValue" in (run.steps["told"].reason or "")
