"""Requests of every operation for tests: one that is right, and what becomes of it by chance."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from local.batch.api.account import Account
from local.batch.api.batch_api import BatchApi
from local.batch.api.limits import Limits
from local.batch.api.shapes import service
from scheduler.scheduler import Scheduler

Request = tuple[str, dict[str, Any]]

PREFIX = "arn:aws:batch:us-east-1:000000000000:"
ONE_CPU = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}]
TASK_SIZE = [{"type": "VCPU", "value": "0.25"}, {"type": "MEMORY", "value": "512"}]
CONTAINER = {"image": "i", "command": ["a", "Ref::b"], "resourceRequirements": ONE_CPU}
EC2 = {
    "type": "EC2",
    "maxvCpus": 64,
    "instanceTypes": ["m5.large", "c5"],
    "instanceRole": "role",
    "subnets": ["subnet-1"],
    "securityGroupIds": ["sg-1"],
}
FARGATE = {"type": "FARGATE", "maxvCpus": 4, "subnets": ["subnet-1"], "securityGroupIds": ["sg-1"]}
NODES = {
    "numNodes": 3,
    "mainNode": 0,
    "nodeRangeProperties": [
        {"targetNodes": "0:", "container": CONTAINER},
        {"targetNodes": "1:1", "container": CONTAINER},
    ],
}
SHARES = {"shareDecaySeconds": 60, "shareDistribution": [{"shareIdentifier": "a*", "weightFactor": 0.5}]}
SEATS = {"consumableResourceList": [{"consumableResource": "seat", "quantity": 1}]}
PARTS = {
    "linuxParameters": {
        "maxSwap": 1,
        "swappiness": 60,
        "devices": [{"hostPath": "/dev/fuse", "permissions": ["READ"]}],
        "tmpfs": [{"containerPath": "/t", "size": 1, "mountOptions": ["noexec"]}],
    },
    "mountPoints": [{"sourceVolume": "v", "containerPath": "/v"}],
    "volumes": [
        {
            "name": "v",
            "efsVolumeConfiguration": {
                "fileSystemId": "fs-1",
                "rootDirectory": "/",
                "transitEncryption": "ENABLED",
                "transitEncryptionPort": 1,
                "authorizationConfig": {"accessPointId": "fsap-1", "iam": "ENABLED"},
            },
        }
    ],
}
WINDOWS = {
    "image": "i",
    "executionRoleArn": "role",
    "resourceRequirements": TASK_SIZE,
    "runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE", "cpuArchitecture": "X86_64"},
    "fargatePlatformConfiguration": {"platformVersion": "LATEST"},
}
REPLACED = {
    "launchTemplateName": "t",
    "overrides": [{"launchTemplateId": "lt-1", "targetInstanceTypes": ["c5.large"]}],
}
RETRY = {"attempts": 2, "evaluateOnExit": [{"action": "EXIT", "onExitCode": "1", "onReason": "a*"}]}


def _order(environment: str) -> list[dict[str, Any]]:
    return [{"order": 1, "computeEnvironment": environment}]


SET_UP: list[Request] = [
    (
        "CreateComputeEnvironment",
        {"computeEnvironmentName": "ce", "type": "MANAGED", "computeResources": EC2},
    ),
    (
        "CreateComputeEnvironment",
        {"computeEnvironmentName": "tasks", "type": "MANAGED", "computeResources": FARGATE},
    ),
    ("CreateSchedulingPolicy", {"name": "fair", "fairsharePolicy": SHARES}),
    ("CreateConsumableResource", {"consumableResourceName": "seat", "totalQuantity": 2}),
    ("CreateJobQueue", {"jobQueueName": "q", "priority": 1, "computeEnvironmentOrder": _order("ce")}),
    ("CreateJobQueue", {"jobQueueName": "tq", "priority": 1, "computeEnvironmentOrder": _order("tasks")}),
    (
        "CreateJobQueue",
        {
            "jobQueueName": "fq",
            "priority": 2,
            "computeEnvironmentOrder": _order("ce"),
            "schedulingPolicyArn": f"{PREFIX}scheduling-policy/fair",
        },
    ),
    (
        "RegisterJobDefinition",
        {
            "jobDefinitionName": "work",
            "type": "container",
            "containerProperties": CONTAINER,
            "consumableResourceProperties": SEATS,
        },
    ),
    (
        "RegisterJobDefinition",
        {"jobDefinitionName": "nodes", "type": "multinode", "nodeProperties": NODES},
    ),
    (
        "RegisterJobDefinition",
        {
            "jobDefinitionName": "task",
            "type": "container",
            "platformCapabilities": ["FARGATE"],
            "containerProperties": {
                "image": "i",
                "executionRoleArn": "role",
                "resourceRequirements": TASK_SIZE,
            },
        },
    ),
    ("SubmitJob", {"jobName": "one", "jobQueue": "q", "jobDefinition": "work"}),
    (
        "SubmitJob",
        {"jobName": "many", "jobQueue": "q", "jobDefinition": "work", "arrayProperties": {"size": 3}},
    ),
    ("SubmitJob", {"jobName": "nodes", "jobQueue": "q", "jobDefinition": "nodes"}),
    (
        "SubmitJob",
        {"jobName": "later", "jobQueue": "q", "jobDefinition": "work", "dependsOn": [{"jobId": "job-2"}]},
    ),
]
"""What is there before: jobs have the ids job-1, job-2 and so on in this order."""

RIGHT: list[Request] = [
    *((operation, _renamed) for operation, _renamed in SET_UP if not operation.startswith("Create")),
    (
        "CreateComputeEnvironment",
        {"computeEnvironmentName": "new", "type": "MANAGED", "computeResources": EC2, "tags": {"a": "b"}},
    ),
    (
        "CreateComputeEnvironment",
        {
            "computeEnvironmentName": "new",
            "type": "MANAGED",
            "computeResources": {
                **EC2,
                "allocationStrategy": "BEST_FIT_PROGRESSIVE",
                "ec2Configuration": [{"imageType": "ECS_AL2023"}],
                "launchTemplate": REPLACED,
            },
        },
    ),
    (
        "CreateComputeEnvironment",
        {"computeEnvironmentName": "own", "type": "UNMANAGED", "serviceRole": "role", "unmanagedvCpus": 4},
    ),
    ("UpdateComputeEnvironment", {"computeEnvironment": "ce", "computeResources": {"maxvCpus": 8}}),
    ("UpdateComputeEnvironment", {"computeEnvironment": "tasks", "state": "DISABLED"}),
    ("DescribeComputeEnvironments", {"computeEnvironments": ["ce"], "maxResults": 1}),
    ("DeleteComputeEnvironment", {"computeEnvironment": "ce"}),
    (
        "CreateJobQueue",
        {
            "jobQueueName": "new",
            "priority": 1,
            "computeEnvironmentOrder": _order("ce"),
            "jobStateTimeLimitActions": [
                {
                    "reason": "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
                    "state": "RUNNABLE",
                    "maxTimeSeconds": 600,
                    "action": "CANCEL",
                }
            ],
        },
    ),
    ("UpdateJobQueue", {"jobQueue": "q", "priority": 3, "computeEnvironmentOrder": _order("ce")}),
    ("UpdateJobQueue", {"jobQueue": "q", "state": "DISABLED"}),
    ("DescribeJobQueues", {"jobQueues": ["q"], "maxResults": 1}),
    ("DeleteJobQueue", {"jobQueue": "q"}),
    (
        "RegisterJobDefinition",
        {"jobDefinitionName": "parts", "type": "container", "containerProperties": {**CONTAINER, **PARTS}},
    ),
    (
        "RegisterJobDefinition",
        {
            "jobDefinitionName": "windows",
            "type": "container",
            "platformCapabilities": ["FARGATE"],
            "containerProperties": WINDOWS,
        },
    ),
    ("DescribeJobDefinitions", {"jobDefinitionName": "work", "status": "ACTIVE", "maxResults": 1}),
    ("DescribeJobDefinitions", {"jobDefinitions": ["work:1"]}),
    ("DeregisterJobDefinition", {"jobDefinition": "work:1"}),
    ("GetJobQueueSnapshot", {"jobQueue": "fq"}),
    (
        "SubmitJob",
        {
            "jobName": "fair",
            "jobQueue": "fq",
            "jobDefinition": "work",
            "shareIdentifier": "a1",
            "schedulingPriorityOverride": 1,
            "retryStrategy": RETRY,
            "timeout": {"attemptDurationSeconds": 60},
            "tags": {"a": "b"},
            "parameters": {"b": "c"},
            "containerOverrides": {
                "command": ["x"],
                "environment": [{"name": "A", "value": "b"}],
                "resourceRequirements": ONE_CPU,
            },
        },
    ),
    (
        "SubmitJob",
        {
            "jobName": "more",
            "jobQueue": "q",
            "jobDefinition": "nodes",
            "nodeOverrides": {
                "numNodes": 2,
                "nodePropertyOverrides": [{"targetNodes": "0:", "containerOverrides": {"command": ["x"]}}],
            },
        },
    ),
    (
        "SubmitJob",
        {
            "jobName": "pairs",
            "jobQueue": "q",
            "jobDefinition": "work",
            "arrayProperties": {"size": 3},
            "dependsOn": [{"jobId": "job-2", "type": "N_TO_N"}],
        },
    ),
    ("SubmitJob", {"jobName": "t", "jobQueue": "tq", "jobDefinition": "task"}),
    ("DescribeJobs", {"jobs": ["job-1", "job-2:1", "job-3#0"]}),
    ("ListJobs", {"jobQueue": "q", "jobStatus": "RUNNING", "maxResults": 2}),
    ("ListJobs", {"jobQueue": "q", "filters": [{"name": "AFTER_CREATED_AT", "values": ["1"]}]}),
    ("ListJobs", {"arrayJobId": "job-2", "jobStatus": "STARTING"}),
    ("CancelJob", {"jobId": "job-4", "reason": "r"}),
    ("TerminateJob", {"jobId": "job-3", "reason": "r"}),
    ("CancelJobs", {"jobs": ["job-1", "job-4"], "reason": "r"}),
    ("TerminateJobs", {"jobs": ["job-1", "job-2"], "reason": "r"}),
    ("CreateSchedulingPolicy", {"name": "new", "fairsharePolicy": SHARES}),
    (
        "UpdateSchedulingPolicy",
        {"arn": f"{PREFIX}scheduling-policy/fair", "fairsharePolicy": {"computeReservation": 1}},
    ),
    ("DescribeSchedulingPolicies", {"arns": [f"{PREFIX}scheduling-policy/fair"]}),
    ("ListSchedulingPolicies", {"maxResults": 1}),
    ("DeleteSchedulingPolicy", {"arn": f"{PREFIX}scheduling-policy/fair"}),
    ("CreateConsumableResource", {"consumableResourceName": "new", "totalQuantity": 1}),
    ("UpdateConsumableResource", {"consumableResource": "seat", "operation": "ADD", "quantity": 1}),
    ("DescribeConsumableResource", {"consumableResource": "seat"}),
    ("ListConsumableResources", {"maxResults": 1}),
    ("DeleteConsumableResource", {"consumableResource": "seat"}),
    ("ListJobsByConsumableResource", {"consumableResource": "seat", "maxResults": 1}),
    ("TagResource", {"resourceArn": f"{PREFIX}job-queue/q", "tags": {"a": "b"}}),
    ("UntagResource", {"resourceArn": f"{PREFIX}job-definition/work:1", "tagKeys": ["a"]}),
    ("ListTagsForResource", {"resourceArn": f"{PREFIX}job/job-1"}),
]
"""Right requests, at least one of each operation, where `SET_UP` has been played."""


def account_with(requests: list[Request]) -> BatchApi:
    """An account without a runtime in which requests have been made: time stands still, ids are counted."""
    numbers = iter(range(1, 1 << 30))
    account = Account(
        Scheduler(),
        limits=Limits(submits_a_second=None),
        clock=lambda: 1_700_000_000_000,
        new_id=lambda: f"job-{next(numbers) - 2}",
    )
    api = BatchApi(account)
    for operation, params in requests:
        api.call(operation, params)
    return api


_ODD_TEXTS = (
    "",
    " ",
    "²",
    "\u0661",
    "-1",
    "inf",
    "nan",
    "1e9",
    "0:",
    "3:1",
    ":",
    "9" * 5000,
    "x" * 300,
    "\0",
    "é",
)
_ODD_NUMBERS = (-(1 << 31), -1, 0, 1, 2, 3, 9999, 10_000, (1 << 31) - 1, 1 << 31, 1 << 70)
_ODD_VALUES: tuple[Any, ...] = (None, True, 0.5, float("nan"), [], {}, [None], {"": None}, *_ODD_NUMBERS[:3])
_KNOWN_TEXTS = (
    *("ce", "tasks", "q", "tq", "fq", "work", "work:1", "work:²", "nodes", "task", "seat", "fair", "a1", "1"),
    *("job-1", "job-2", "job-2:0", "job-2:²", "job-3", "job-3#1", "job-3#9", "job-4", "SET", "REMOVE"),
    *(f"{PREFIX}job-queue/q", f"{PREFIX}compute-environment/ce", f"{PREFIX}job/job-2", f"{PREFIX}job/"),
    *("arn:", "arn:aws:batch", f"{PREFIX}job-definition/work:1", f"{PREFIX}consumable-resource/seat"),
)


def values(shape: Any, depth: int = 3) -> st.SearchStrategy[Any]:
    """Values for a shape of the model: known names, extremes, and now and then another type."""
    return st.one_of(_typed(shape, depth), _typed(shape, depth), st.sampled_from(_ODD_VALUES))


def _typed(shape: Any, depth: int) -> st.SearchStrategy[Any]:
    kind = shape.type_name
    if kind == "string":
        return st.sampled_from((*(shape.enum or ()), *_KNOWN_TEXTS, *_ODD_TEXTS))
    if kind in ("integer", "long"):
        return st.sampled_from(_ODD_NUMBERS)
    if kind in ("float", "double"):
        return st.sampled_from((0.0, 0.0001, 1, 999.9999, 1000.0, -1.0, float("inf"), float("nan"), 1e308))
    if kind == "boolean":
        return st.booleans()
    if depth == 0:
        return st.sampled_from(([], {}))
    if kind == "list":
        return st.lists(values(shape.member, depth - 1), max_size=2)
    if kind == "map":
        keys = st.sampled_from(("a", "", "aws:x", "é" * 129))
        return st.dictionaries(keys, values(shape.value, depth - 1), max_size=2)
    return _structures(shape, depth)


@st.composite
def _structures(draw: st.DrawFn, shape: Any, depth: int) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(sorted(shape.members)), max_size=3, unique=True))
    wanted = {*shape.metadata.get("required", ()), *names}
    return {name: draw(values(shape.members[name], depth - 1)) for name in sorted(wanted)}


@st.composite
def requests(draw: st.DrawFn, right: list[Request]) -> Request:
    """A right request in which up to three places have been changed, left out or added."""
    operation, params = draw(st.sampled_from(right))
    changed = deepcopy(params)
    shape = service().operation_model(operation).input_shape
    for _ in range(draw(st.integers(0, 3))):
        _change(draw, shape, changed)
    return operation, changed


def _change(draw: st.DrawFn, shape: Any, value: Any) -> None:
    """Walk down to a place of a request, as deep as chance has it, and change it."""
    places = _places(shape, value)
    if not places:
        return
    place = draw(st.sampled_from(places))
    inner = shape.members[place] if shape.type_name == "structure" else shape.member
    has_it = isinstance(value, list) or place in value
    if has_it and isinstance(value[place], dict | list) and draw(st.integers(0, 3)):
        _change(draw, inner, value[place])
    elif has_it and draw(st.integers(0, 3)) == 0:
        del value[place]
    else:
        value[place] = deepcopy(draw(values(inner)))


def _places(shape: Any, value: Any) -> list[Any]:
    if shape.type_name == "structure" and isinstance(value, dict):
        # What is there counts twice, so that changes go deep more often than wide.
        known = [name for name in value if name in shape.members]
        return [*sorted(shape.members), *known, *known]
    return list(range(len(value))) if shape.type_name == "list" and isinstance(value, list) else []
