"""AWS Batch in the local cloud: the engine of `local.batch`, joined to the emulator."""

import json
from collections.abc import Mapping
from typing import Any

from local import environment
from local.batch.api.batch_api import BatchApi, BatchApiError
from local.batch.api.http import handle, parse
from local.batch.cloudformation import HANDLERS
from local.batch.engine import Engine
from local.batch.ports import Executor, this_machine
from local.batch.runtime.containers import METADATA
from local.emulator.access import denied, role_credentials
from local.emulator.additions.task_metadata import PAGE
from local.emulator.events import put_event
from local.emulator.logs import put_logs
from local.emulator.secrets import secret_value
from local.emulator.services import Response, add_resource_types, replace_service
from local.images.images import Images
from local.paths import ACCOUNT, REGION, LocalCloudPaths
from local.server import batch_access

JSON = "application/json"


def start(paths: LocalCloudPaths, executor: Executor | None = None) -> Engine:
    """Start the engine, let it answer Batch's requests and provision its resource types, and return it.

    Jobs run as processes; with an `executor` they run as it has them, and it finds their images.
    """
    engine = Engine(
        region=REGION,
        account=ACCOUNT,
        events=put_event,
        logs=put_logs,
        credentials=role_credentials,
        images=this_machine if executor else Images(paths.images),
        secrets=secret_value,
        environment={**environment.of_jobs(paths), METADATA: f"{paths.endpoint}/_sluice/{PAGE.rstrip('/')}"},
        executor=executor,
    )
    replace_service("batch", _Service(engine.api))
    add_resource_types(HANDLERS(engine.api))
    return engine


class _Service:
    """Answers a request to Batch when the caller may make it."""

    def __init__(self, api: BatchApi) -> None:
        self._api = api

    def __call__(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Response:
        return _refusal(self._api, method, path, headers, body) or handle(self._api, method, path, body)


def _refusal(
    api: BatchApi, method: str, path: str, headers: Mapping[str, str], body: bytes
) -> Response | None:
    try:
        operation, parameters = parse(method, path, body)
    except BatchApiError:
        return None  # the engine says what is wrong with it
    limits = _limits_of(api, parameters) if operation == "SubmitJob" else []
    for action, resource in batch_access.required(operation, parameters, path.partition("?")[0], limits):
        caller = denied(headers, action, resource, _condition_keys(parameters))
        if caller:
            return _denial(caller, action, resource)
    return None


def _limits_of(api: BatchApi, parameters: Mapping[str, Any]) -> list[str]:
    """Return the consumable resources of a job that is to be submitted: those of the request, or else of its
    definition.
    """
    wanted = parameters.get("consumableResourcePropertiesOverride")
    if wanted is None:
        wanted = _definition(api, str(parameters.get("jobDefinition") or "")).get(
            "consumableResourceProperties"
        )
    return [str(one["consumableResource"]) for one in (wanted or {}).get("consumableResourceList") or []]


def _definition(api: BatchApi, name_or_arn: str) -> Mapping[str, Any]:
    name = name_or_arn.rpartition("/")[2].partition(":")[0]
    asked = {"jobDefinitionName": name, "status": "ACTIVE"}
    found = api.call("DescribeJobDefinitions", asked)["jobDefinitions"] if name else []
    return max(found, key=lambda one: int(one["revision"]), default={})


def _condition_keys(parameters: Mapping[str, Any]) -> dict[str, object]:
    """Return the keys that a policy's conditions may ask for.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbatch.html#awsbatch-policy-keys
    """
    tags = parameters.get("tags") or {}
    keys: dict[str, object] = {f"aws:RequestTag/{name}": value for name, value in tags.items()}
    if tags:
        keys["aws:TagKeys"] = list(tags)
    if "shareIdentifier" in parameters:
        keys["batch:ShareIdentifier"] = parameters["shareIdentifier"]
    return keys


def _denial(caller: str, action: str, resource: str) -> Response:
    message = (
        f"User: {caller} is not authorized to perform: {action} on resource: {resource} "
        f"because no identity-based policy allows the {action} action"
    )
    return (
        403,
        {"Content-Type": JSON, "x-amzn-errortype": "AccessDeniedException"},
        json.dumps({"message": message}).encode(),
    )
