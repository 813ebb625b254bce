"""Requests by chance: none crashes the engine, and one that is refused leaves no trace."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from local.batch.api.account import Account
from local.batch.api.batch_api import OPERATIONS, BatchApi, BatchApiError
from local.batch.api.events import queue_blocked, state_change
from local.batch.api.http import handle
from local.batch.api.shapes import service
from local.batch.ports import no_credentials, no_secrets, this_machine
from local.batch.runtime.containers import task_of
from scheduler.effects import QueueBlocked, StartAttempt, StateChange, StopAttempt
from scheduler.retry import Outcome
from scheduler.states import NAMES
from tests.local.batch.api.requests import RIGHT, SET_UP, Request, account_with, requests

# `SLUICE_FUZZ_EXAMPLES=5000 pytest tests/local/batch/api/test_requests_by_chance.py` looks further.
EXAMPLES = int(os.environ.get("SLUICE_FUZZ_EXAMPLES", "8"))


def path_of(operation: str, params: dict[str, Any]) -> tuple[str, str, bytes]:
    """The method, path and body of a request over HTTP, as of a client that checks nothing."""
    http = service().operation_model(operation).http
    path, body = http["requestUri"], dict(params)
    if "{resourceArn}" in path:
        path = path.replace("{resourceArn}", str(body.pop("resourceArn", "")))
        keys = body.pop("tagKeys", None)
        if isinstance(keys, list):
            path += "?" + "&".join(f"tagKeys={key}" for key in keys)
    return http["method"], path, json.dumps(body).encode()


def send(api: BatchApi, operation: str, params: dict[str, Any]) -> tuple[int, Any]:
    """Make a request over HTTP; the status and the answer."""
    status, _, answer = handle(api, *path_of(operation, params))
    return status, json.loads(answer)


def everything(api: BatchApi) -> list[Any]:
    """What an account keeps, and every answer of it to what only asks: all its resources and jobs, by every
    way to find them.
    """
    call, account = api.call, api.account
    kept: list[Any] = [
        account.environments,
        account.queues,
        account.definitions,
        account.policies,
        account.consumables,
    ]
    kept += [account.tokens, list(account.scheduler.jobs)]
    answers: list[Any] = [
        deepcopy(kept),
        call("DescribeComputeEnvironments", {}),
        call("DescribeJobQueues", {}),
        call("DescribeJobDefinitions", {}),
        call("ListConsumableResources", {}),
    ]
    policies = [each["arn"] for each in call("ListSchedulingPolicies", {})["schedulingPolicies"]]
    answers.append(call("DescribeSchedulingPolicies", {"arns": policies}))
    for each in answers[4]["consumableResources"]:
        named = {"consumableResource": each["consumableResourceName"]}
        answers += [call("DescribeConsumableResource", named), call("ListJobsByConsumableResource", named)]
    for queue in answers[2]["jobQueues"]:
        named = {"jobQueue": queue["jobQueueName"]}
        answers += [call("ListJobs", {**named, "jobStatus": status}) for status in NAMES]
        answers += [call("GetJobQueueSnapshot", named), call("ListTagsForResource", _tagged(queue))]
    for job in list(account.scheduler.jobs.values()):
        mark = "#" if job.is_multi_node else ":"
        children = [f"{job.id}{mark}{number}" for number in range(min(job.size, 4))] if job.has_parent else []
        answers.append(call("DescribeJobs", {"jobs": [job.id, *children]}))
    return answers


def _tagged(queue: dict[str, Any]) -> dict[str, Any]:
    return {"resourceArn": queue["jobQueueArn"]}


def run(api: BatchApi, exit_code: int) -> None:
    """Carry out what the scheduler asks for, once: what starts runs, what is stopped or runs ends."""
    account, now = api.account, api.account.clock()
    for effect in account.scheduler.take_effects():
        if isinstance(effect, StateChange):
            state_change(account, effect)
        elif isinstance(effect, QueueBlocked):
            queue_blocked(account, effect)
        elif isinstance(effect, StartAttempt):
            task_of(effect, this_machine, no_credentials, no_secrets, {})
            account.scheduler.started(effect.job, effect.child, effect.attempt, now)
            account.scheduler.ended(effect.job, effect.child, effect.attempt, Outcome(exit_code), now)
        elif isinstance(effect, StopAttempt):
            account.scheduler.ended(effect.job, effect.child, effect.attempt, Outcome(143), now)


def check(api: BatchApi, request: Request) -> None:
    """A request is answered or refused, and after a refusal everything is as before."""
    before = everything(api)
    status, answer = send(api, *request)
    assert status < 500, (request, answer)
    after = everything(api)
    if status != 200:
        assert after == before, request


def chance(function: Any) -> Any:
    """The settings of the tests here."""
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
    return settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=slow)(function)


def test_a_right_request_of_each_operation() -> None:
    """What the others are made of is accepted, but for what is in use, and covers every operation."""
    in_use = {"DeleteComputeEnvironment", "DeleteJobQueue", "DeleteSchedulingPolicy"}
    assert {operation for operation, _ in RIGHT} == set(OPERATIONS)
    for operation, params in RIGHT:
        status, answer = send(account_with(SET_UP), operation, params)
        assert (status == 200) == (operation not in in_use), answer


@pytest.mark.parametrize("right", RIGHT, ids=lambda right: str(right[0]))
def test_a_request_by_chance_leaves_no_trace_when_it_is_refused(right: Request) -> None:
    """Each operation, with what is missing, of another type, extreme, or of another resource."""

    @chance
    @given(requests([right]))
    def play(request: Request) -> None:
        check(account_with(SET_UP), request)

    play()


@chance
@example(first=RIGHT[0], second=("DeleteJobQueue", {"jobQueue": "q"}), third=RIGHT[0], exit_code=0)
@given(requests(RIGHT), requests(RIGHT), requests(RIGHT), st.sampled_from((0, 1)))
def test_requests_by_chance_one_after_another(
    first: Request, second: Request, third: Request, exit_code: int
) -> None:
    """Jobs run and end between requests; whatever was accepted before, nothing crashes."""
    api = account_with(SET_UP)
    for request in (first, second, third):
        check(api, request)
        run(api, exit_code)
        everything(api)


def unchecked_nodes(patch: pytest.MonkeyPatch) -> None:
    """Plant what once was: any number of nodes is taken, which leaves a ghost job behind."""
    patch.setattr("local.batch.api.validation.submissions._check_node_count", lambda *_: None)


def trace_of_a_refusal(patch: pytest.MonkeyPatch) -> None:
    """Plant a queue that is changed before what is wrong with the rest of the request is found."""
    update = OPERATIONS["UpdateJobQueue"]

    def hasty(account: Account, params: dict[str, Any]) -> dict[str, Any]:
        account.queue(params["jobQueue"])["priority"] = params.get("priority", 7)
        return update(account, params)

    patch.setitem(OPERATIONS, "UpdateJobQueue", hasty)


def crash_at_a_short_name(patch: pytest.MonkeyPatch) -> None:
    """Plant a crash at one kind of value: a name of one character."""
    register = OPERATIONS["RegisterJobDefinition"]

    def brittle(account: Account, params: dict[str, Any]) -> dict[str, Any]:
        return {**register(account, params), "revision": 1 // len(params["jobDefinitionName"][1:])}

    patch.setitem(OPERATIONS, "RegisterJobDefinition", brittle)


@pytest.mark.parametrize(
    ("plant", "operation"),
    [
        (unchecked_nodes, "SubmitJob"),
        (trace_of_a_refusal, "UpdateJobQueue"),
        (crash_at_a_short_name, "RegisterJobDefinition"),
    ],
)
def test_a_planted_fault_is_found(
    plant: Callable[[pytest.MonkeyPatch], None], operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same test finds it, with as many requests as a long run makes of an operation."""
    right = [one for one in RIGHT if one[0] == operation]

    @settings(
        max_examples=4000,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(requests(right))
    def play(request: Request) -> None:
        check(account_with(SET_UP), request)

    plant(monkeypatch)
    with pytest.raises(AssertionError, match=operation):
        play()


@pytest.mark.parametrize(
    "request_",
    [
        *(
            (
                "SubmitJob",
                {
                    "jobName": "n",
                    "jobQueue": "q",
                    "jobDefinition": "nodes",
                    "nodeOverrides": {"numNodes": count},
                },
            )
            for count in (-1, 0, 1, 1001)
        ),
        (
            "RegisterJobDefinition",
            {
                "jobDefinitionName": "d",
                "type": "container",
                "containerProperties": {
                    **RIGHT[0][1]["containerProperties"],
                    "environment": [{"value": "v"}],
                },
            },
        ),
        *(
            (
                "SubmitJob",
                {
                    "jobName": "n",
                    "jobQueue": "q",
                    "jobDefinition": "work",
                    "containerOverrides": {"resourceRequirements": [{"type": kind, "value": value}]},
                },
            )
            for kind, value in (
                ("MEMORY", "inf"),
                ("MEMORY", "nan"),
                ("MEMORY", "1.5"),
                ("GPU", "²"),
                ("VCPU", "1e9"),
                ("VCPU", "9" * 400),
            )
        ),
        *(
            (
                "SubmitJob",
                {
                    "jobName": "n",
                    "jobQueue": queue,
                    "jobDefinition": definition,
                    "containerOverrides": {"environment": [{"value": "v"}]},
                },
            )
            for queue, definition in (("q", "work"), ("tq", "task"))
        ),
        *(
            (operation, {**params, name: {"consumableResourceList": [wanted]}})
            for operation, params, name in (
                (*RIGHT[0], "consumableResourceProperties"),
                (
                    "SubmitJob",
                    {"jobName": "n", "jobQueue": "q", "jobDefinition": "work"},
                    "consumableResourcePropertiesOverride",
                ),
            )
            for wanted in ({}, {"quantity": 1}, {"consumableResource": "seat", "quantity": -1})
        ),
        ("ListJobs", {"jobQueue": "q", "filters": [{"name": "AFTER_CREATED_AT", "values": ["²"]}]}),
        ("ListJobs", {"jobQueue": "q", "maxResults": -1}),
        ("DescribeJobQueues", {"maxResults": 101}),
        ("DescribeJobQueues", {"nextToken": "ZnJvbTotMQ=="}),
        ("DescribeJobQueues", {"maxResults": 1 << 40}),
        ("CreateConsumableResource", {"consumableResourceName": "c", "totalQuantity": -1}),
        ("CreateJobQueue", {"jobQueueName": "b", "priority": True, "computeEnvironmentOrder": []}),
        ("UpdateComputeEnvironment", {"computeEnvironment": "ce", "computeResources": {"maxvCpus": -1}}),
        ("UpdateComputeEnvironment", {"computeEnvironment": "ce", "computeResources": {"minvCpus": 65}}),
    ],
    ids=lambda request_: str(request_[0]),
)
def test_what_crashed_the_engine_is_refused(request_: Request) -> None:
    """Each of these once answered 500, or left a ghost behind that made others do so."""
    api = account_with(SET_UP)
    before = everything(api)
    with pytest.raises(BatchApiError) as refusal:
        api.call(*request_)
    assert refusal.value.status == 400
    assert everything(api) == before


def test_what_crashed_the_engine_is_accepted() -> None:
    """Unknown children are left out, an update's own switch is not described, null is left out."""
    api = account_with(SET_UP)
    assert api.call("DescribeJobs", {"jobs": ["job-2:²", "job-2:1"]})["jobs"][0]["jobId"] == "job-2:1"
    update = {"maxvCpus": 32, "updateToLatestImageVersion": True}
    api.call("UpdateComputeEnvironment", {"computeEnvironment": "ce", "computeResources": update})
    found = api.call("DescribeComputeEnvironments", {"computeEnvironments": ["ce"], "maxResults": None})
    assert found["computeEnvironments"][0]["computeResources"]["maxvCpus"] == 32


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/describejobs", b"[" * 100_000),
        ("/v1/describejobs", b'{"jobs": [' + b"9" * 5000 + b"]}"),
        ("/v1/describejobs", b"\xff"),
        ("//[", b""),
        ("/v1/tags/%FF", b"{}"),
    ],
)
def test_a_request_that_is_none_is_refused(path: str, body: bytes) -> None:
    """Whatever comes over HTTP is a ClientException at worst."""
    status, _, _ = handle(account_with(SET_UP), "POST", path, body)
    assert status == 400
