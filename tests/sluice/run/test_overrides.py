"""Overrides per run: checked by name when the run begins, and then part of what it started with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sluice.compute import Compute
from sluice.errors import MalformedMessageError
from sluice.limits import MAX_CONTAINER_OVERRIDES_BYTES
from sluice.run.compiled import CompiledMachine, CompiledPipeline, Kind
from sluice.run.overrides import overridden
from sluice.run.submission import Submission
from sluice.run.submit_request import submit_request
from tests.sluice.graphs import QUEUES, RUN_ID, pipeline, step

ALL = ("command", "environment", "gpus", "memory", "parameters", "queue", "timeout", "vcpus")


def steps(*allowed: str) -> CompiledPipeline:
    """Return a pipeline of a function, a command, a task of Fargate, one with GPUs, and a cleanup."""
    usual = CompiledMachine(Compute.SPOT, 1, 2048)
    made = pipeline(
        replace(step("work"), machine=usual),
        replace(step("say"), machine=replace(usual, parameters=("size",)), returns=False),
        replace(step("task"), machine=replace(usual, compute=Compute.FARGATE), queue="fargate-normal"),
        replace(
            step("gpu"),
            machine=replace(usual, compute=Compute.GPU, gpus=1),
            queue="gpu-normal-fair",
            submit={"shareIdentifier": "sluice"},
        ),
        step("cleanup", Kind.CLEANUP),
    )
    return replace(made, overridable=allowed or ALL)


DEPLOYED = {
    **QUEUES,
    **{
        key: f"arn:aws:batch:us-east-1:000000000000:job-queue/Sluice_{key}"
        for key in ("fargate-normal", "gpu-normal-fair")
    },
}


def request_for(name: str, changes: dict[str, Any]) -> dict[str, Any]:
    """Return the SubmitJob request of a step in a run with these overrides, without Sluice's own
    variables.
    """
    changed = overridden(RUN_ID, steps(), {name: changes}, DEPLOYED)
    request = submit_request(
        RUN_ID, Submission(CompiledPipeline.from_json(changed.to_json()).step(name), 1), DEPLOYED, {}
    )
    environment = request["containerOverrides"]["environment"]
    request["containerOverrides"]["environment"] = [
        one for one in environment if not one["name"].startswith("SLUICE_")
    ]
    assert len(environment) - len(request["containerOverrides"]["environment"]) == 3
    return request


@pytest.mark.parametrize(
    ("name", "changes", "container"),
    [
        (
            "work",
            {"vcpus": 2.0, "memory": 4096},
            {"resourceRequirements": [{"type": "VCPU", "value": "2"}, {"type": "MEMORY", "value": "4096"}]},
        ),
        (
            "task",
            {"vcpus": 0.5, "memory": 1024},
            {"resourceRequirements": [{"type": "VCPU", "value": "0.5"}, {"type": "MEMORY", "value": "1024"}]},
        ),
        ("gpu", {"gpus": 4}, {"resourceRequirements": [{"type": "GPU", "value": "4"}]}),
        ("say", {"command": ["ls", "-l"]}, {"command": ["ls", "-l"]}),
        ("work", {"environment": {"A": "1"}}, {"environment": [{"name": "A", "value": "1"}]}),
    ],
)
def test_what_is_asked_for_is_in_the_request(
    name: str, changes: dict[str, Any], container: dict[str, Any]
) -> None:
    """Each becomes the override that Batch knows, beside what Sluice itself tells the job."""
    assert request_for(name, changes)["containerOverrides"] == {"environment": [], **container}


def test_time_outs_parameters_and_queues_are_no_matter_of_the_container() -> None:
    """They are members of the request itself; a step with a priority keeps its share."""
    assert request_for("work", {"timeout": 60})["timeout"] == {"attemptDurationSeconds": 60}
    assert request_for("say", {"parameters": {"size": "big"}})["parameters"] == {"size": "big"}
    assert request_for("work", {"queue": "urgent"})["jobQueue"] == QUEUES["urgent"]
    assert request_for("gpu", {"gpus": 2})["shareIdentifier"] == "sluice"


def test_other_steps_are_as_they_were() -> None:
    """Only what is named is otherwise."""
    changed = overridden(RUN_ID, steps(), {"work": {"memory": 4096}}, DEPLOYED)
    assert [one for one in changed.steps if one.name != "work"] == [
        one for one in steps().steps if one.name != "work"
    ]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ([], "Expected overrides such as"),
        ({"nobody": {"memory": 4096}}, "overrides['nobody']: expected one of work, say, task, gpu"),
        ({"cleanup": {"memory": 4096}}, "overrides['cleanup']: expected one of"),
        ({"work": 5}, "overrides['work']: expected what is to be otherwise, found '5'"),
        ({"work": {}}, "overrides['work']: expected what is to be otherwise"),
        ({"work": {"disk": 5}}, "overrides['work']: expected some of command, environment"),
        ({"work": {"memory": 3}}, "overrides['work'].memory: expected a whole number from 4"),
        ({"work": {"memory": True}}, "overrides['work'].memory"),
        ({"work": {"memory": "4096"}}, "overrides['work'].memory"),
        ({"work": {"vcpus": 0}}, "overrides['work'].vcpus: expected a whole number from 1 to 192"),
        ({"work": {"vcpus": 0.25}}, "overrides['work'].vcpus: expected a whole number from 1 to 192"),
        ({"work": {"vcpus": 1.5}}, "overrides['work'].vcpus: expected a whole number"),
        ({"work": {"vcpus": True}}, "overrides['work'].vcpus"),
        ({"task": {"vcpus": 0.1}}, "overrides['task'].vcpus: expected a number from 0.25"),
        ({"work": {"vcpus": float("nan")}}, "overrides['work'].vcpus"),
        ({"work": {"gpus": 1}}, "overrides['work'].gpus: expected none for a step without GPUs"),
        ({"gpu": {"gpus": 0}}, "overrides['gpu'].gpus: expected a whole number from 1"),
        ({"work": {"timeout": 59}}, "overrides['work'].timeout: expected a whole number from 60"),
        (
            {"work": {"queue": "fast"}},
            "overrides['work'].queue: expected one of urgent, normal, bulk, steady",
        ),
        ({"work": {"queue": ["normal"]}}, "overrides['work'].queue"),
        ({"task": {"queue": "urgent"}}, "expected a queue that is deployed"),
        ({"work": {"command": ["ls"]}}, "overrides['work'].command: expected none for a function"),
        ({"say": {"command": []}}, "overrides['say'].command: expected a list of words"),
        ({"say": {"command": "ls"}}, "overrides['say'].command: expected a list of words"),
        (
            {"say": {"parameters": {"colour": "red"}}},
            "overrides['say'].parameters: expected an object of texts with some of size",
        ),
        ({"work": {"parameters": {"a": "b"}}}, "no parameters"),
        ({"work": {"environment": {"A": 1}}}, "overrides['work'].environment: expected an object of texts"),
        ({"work": {"environment": {"AWS_BATCH_X": "1"}}}, "names of your own"),
        ({"work": {"environment": {"A=B": "1"}}}, "names of your own"),
        ({"work": {"environment": {"A\0": "1"}}}, "names of your own"),
        ({"work": {"environment": {"A": ""}}}, "texts that are not empty"),
        ({"work": {"environment": {"A": "b\0"}}}, "texts that are not empty"),
        ({"work": {"environment": {"SLUICE_RUN": "other"}}}, "names of your own"),
        ({"task": {"memory": 3000}}, "overrides['task']: expected memory= of 2048"),
        ({"work": {"environment": {"A": "x" * MAX_CONTAINER_OVERRIDES_BYTES}}}, "at most 8192 bytes"),
    ],
)
def test_what_is_wrong_is_refused_by_name(asked: Any, says: str) -> None:
    """The refusal names the step and the field."""
    with pytest.raises(MalformedMessageError) as raised:
        overridden(RUN_ID, steps(), asked, DEPLOYED)
    assert says in str(raised.value)


def test_all_that_is_wrong_is_told_at_once() -> None:
    """A second request need not find the second mistake."""
    with pytest.raises(MalformedMessageError) as raised:
        overridden(RUN_ID, steps(), {"work": {"memory": 3, "timeout": 5}, "nobody": {}}, DEPLOYED)
    assert all(one in str(raised.value) for one in ("'work'].memory", "'work'].timeout", "'nobody'"))


def test_only_what_the_trigger_allows_may_be_asked_for() -> None:
    """A command is code: whoever may start a run may not run anything with its role, unless the pipeline says
    so.
    """
    with pytest.raises(MalformedMessageError, match="expected some of memory, found 'environment'"):
        overridden(RUN_ID, steps("memory"), {"work": {"environment": {"A": "1"}}}, DEPLOYED)
    with pytest.raises(MalformedMessageError, match="takes none"):
        overridden(RUN_ID, replace(steps(), overridable=()), {"work": {"memory": 4096}}, DEPLOYED)


def test_no_run_is_asked_for_with_more_cpus_than_its_queue_has() -> None:
    """Nothing would ever run it; another queue may have more. What was compiled before says no maximum."""
    made = steps()
    work = made.step("work")
    assert work.machine is not None
    bounded = replace(work, machine=replace(work.machine, max_vcpus={"normal": 8, "steady": 4}))
    known = CompiledPipeline.from_json(replace(made, steps=(bounded, *made.steps[1:])).to_json())
    for wrong, most in (({"vcpus": 9}, 8), ({"vcpus": 5, "queue": "steady"}, 4)):
        with pytest.raises(MalformedMessageError, match=f"vcpus: expected at most {most}, which"):
            overridden(RUN_ID, known, {"work": wrong}, DEPLOYED)
    overridden(RUN_ID, known, {"work": {"vcpus": 8}}, DEPLOYED)
    overridden(RUN_ID, steps(), {"work": {"vcpus": 192}}, DEPLOYED)
