"""AWS Batch in the local cloud: the engine of `local.batch`, joined to the emulator."""

import json
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from local import environment
from local.batch.api.batch_api import BatchApi, BatchApiError
from local.batch.api.http import handle, parse
from local.batch.cloudformation import HANDLERS
from local.batch.engine import Engine
from local.batch.ports import Executor, LogSink, this_machine
from local.batch.runtime.containers import METADATA
from local.emulator.access import denied, role_credentials
from local.emulator.additions.task_metadata import PAGE
from local.emulator.events import put_event
from local.emulator.logs import put_logs
from local.emulator.secrets import secret_value
from local.emulator.services import Response, add_resource_types, caller_scope, replace_service
from local.images.images import Images
from local.paths import ACCOUNT, REGION, LocalCloudPaths
from local.server import batch_access

JSON = "application/json"


MakeExecutor = Callable[[LogSink], Executor]


class Engines:
    """An engine for each account and Region that is asked for: each is one of its own, as in the emulator.

    Jobs run as processes; with `make_executor` they run as its executors have them, which find their images.
    `home` is the engine of this machine's account and Region, for which CloudFormation makes resources.
    """

    def __init__(
        self, paths: LocalCloudPaths, metadata_token: str, make_executor: MakeExecutor | None
    ) -> None:
        self._paths = paths
        self._metadata_token = metadata_token
        self._make_executor = make_executor
        self._lock = threading.Lock()
        self._engines: dict[tuple[str, str], Engine] = {}
        self.home = self.of(ACCOUNT, REGION)

    def of(self, account: str, region: str) -> Engine:
        """The engine of an account and Region, which begins when it is first asked for."""
        with self._lock:
            found = self._engines.get((account, region))
            if found is None:
                found = self._engines[account, region] = self._new(account, region)
            return found

    def close(self) -> None:
        """End every process that was started for a job."""
        for engine in self._engines.values():
            engine.close()

    def _new(self, account: str, region: str) -> Engine:
        logs = partial(put_logs, account=account, region=region)
        metadata = f"{self._paths.endpoint}/_sluice/{PAGE}{self._metadata_token}"
        regions = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
        return Engine(
            region=region,
            account=account,
            events=put_event,
            logs=logs,
            credentials=role_credentials,
            images=this_machine if self._make_executor else Images(self._paths.images),
            secrets=secret_value,
            environment={**environment.of_jobs(self._paths), **regions, METADATA: metadata},
            executor=self._make_executor(logs) if self._make_executor else None,
        )


def start(paths: LocalCloudPaths, metadata_token: str, make_executor: MakeExecutor | None = None) -> Engines:
    """Start the engines, let them answer Batch's requests and provision its resource types, and return
    them.

    `metadata_token` is in the address of the containers' metadata, which answers to no request without it.
    """
    engines = Engines(paths, metadata_token, make_executor)
    replace_service("batch", _Service(engines))
    add_resource_types(HANDLERS(engines.home.api))
    return engines


class _Service:
    """Answers a request to Batch when the caller may make it."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def __call__(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Response:
        api = self._engines.of(*caller_scope()).api
        return _refusal(api, method, path, headers, body) or handle(api, method, path, body)


def _refusal(
    api: BatchApi, method: str, path: str, headers: Mapping[str, str], body: bytes
) -> Response | None:
    try:
        operation, parameters = parse(method, path, body)
    except BatchApiError:
        return None  # the engine says what is wrong with it
    plain, _, query = path.partition("?")
    keys = parse_qs(query)
    limits = _limits_of(api, parameters) if operation == "SubmitJob" else []
    for action, resource in batch_access.required(
        operation, parameters, plain, *caller_scope(), limits=limits
    ):
        caller = denied(headers, keys, action, resource, _condition_keys(parameters))
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
