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
from local.batch.api.operations.definitions import active
from local.batch.api.requests import accepted
from local.batch.cloudformation import HANDLERS
from local.batch.engine import Engine
from local.batch.ports import Executor, LogSink, this_machine
from local.batch.runtime.containers import INSTANCE_METADATA, METADATA
from local.emulator.access import denied, role_credentials
from local.emulator.additions.instance_metadata import PAGE as INSTANCES
from local.emulator.additions.instance_metadata import Instance
from local.emulator.additions.task_metadata import PAGE
from local.emulator.events import put_event
from local.emulator.logs import put_logs
from local.emulator.patches import batch_jobs
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
    `home` is the engine of this machine's account and Region.
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

    def instance(self, host_id: str) -> Instance | None:
        """Return an instance of any account and Region that runs, None where there is none of that id."""
        host = next((found for one in self._all() if (found := one.instance(host_id)) is not None), None)
        if host is None:
            return None
        return Instance(host.id, host.size.name, host.environment.spec.spot, host.leaves_at)

    def task(self, task_id: str) -> dict[str, Any] | None:
        """Return the metadata of a task of any account and Region that is in flight, None where there is none
        of that id.
        """
        return next((found for one in self._all() if (found := one.task(task_id)) is not None), None)

    def _all(self) -> list[Engine]:
        with self._lock:
            return list(self._engines.values())

    def close(self) -> None:
        """End every process that was started for a job."""
        for engine in self._engines.values():
            engine.close()

    def _new(self, account: str, region: str) -> Engine:
        logs = partial(put_logs, account=account, region=region)
        pages, token = f"{self._paths.endpoint}/_sluice", self._metadata_token
        addresses = {
            METADATA: f"{pages}/{PAGE}{token}",
            INSTANCE_METADATA: f"{pages}/{INSTANCES}{token}",
        }
        regions = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
        return Engine(
            region=region,
            account=account,
            events=put_event,
            logs=logs,
            credentials=role_credentials,
            images=this_machine if self._make_executor else Images(self._paths.images),
            secrets=partial(secret_value, account=account, region=region),
            environment={**environment.of_jobs(self._paths), **regions, **addresses},
            executor=self._make_executor(logs) if self._make_executor else None,
        )


def start(paths: LocalCloudPaths, metadata_token: str, make_executor: MakeExecutor | None = None) -> Engines:
    """Start the engines, let them answer Batch's requests and provision its resource types, and return
    them.

    `metadata_token` is in the addresses of the containers' and the instances' metadata, which answer to no
    request without it.
    """
    engines = Engines(paths, metadata_token, make_executor)
    service = Service(engines)
    replace_service("batch", service)
    batch_jobs.submit_for_rules(service.call_as)
    batch_jobs.submit_for_executions(service.call_as)
    add_resource_types(HANDLERS(_OfCaller(engines)))
    return engines


class _OfCaller:
    """The API of the engine of the account and Region in which CloudFormation makes a resource."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def call(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """Make a call there."""
        return self._engines.of(*caller_scope()).api.call(operation, params)


class Service:
    """Answers a request to Batch when the caller may make it."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def __call__(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Response:
        api = self._engines.of(*caller_scope()).api
        return _refusal(api, method, path, headers, body) or handle(api, method, path, body)

    def call_as(self, operation: str, parameters: Mapping[str, Any], role: str) -> dict[str, Any]:
        """Make a call that another service makes with a role; raises RefusedError."""
        if not role:
            raise batch_jobs.RefusedError("AccessDeniedException", "Expected a role, found none.")
        key = role_credentials(role, "service")["AWS_ACCESS_KEY_ID"]
        headers = {"authorization": f"AWS4-HMAC-SHA256 Credential={key}/"}
        body = json.dumps(parameters).encode()
        status, answer_headers, answer = self(  # as a request of the role's own
            "POST", f"/v1/{operation.lower()}", headers, body
        )
        found: dict[str, Any] = json.loads(answer)
        if status >= 400:
            code = answer_headers.get("x-amzn-errortype", "ClientException")
            raise batch_jobs.RefusedError(code, str(found.get("message", found)))
        return found


def _refusal(
    api: BatchApi, method: str, path: str, headers: Mapping[str, str], body: bytes
) -> Response | None:
    try:
        operation, parsed = parse(method, path, body)
        parameters = accepted(operation, parsed)
    except BatchApiError:
        return None  # the engine says what is wrong with it
    plain, _, query = path.partition("?")
    keys = parse_qs(query)
    limits = _limits_of(api, parameters) if operation == "SubmitJob" else []
    for action, resource in batch_access.required(
        operation, parameters, plain, *caller_scope(), limits=limits
    ):
        context = {**_condition_keys(parameters), **_tags_of(api, resource)}
        caller = denied(headers, keys, action, resource, context)
        if caller:
            return _denial(caller, action, resource)
    return None


def _tags_of(api: BatchApi, resource: str) -> dict[str, object]:
    """Return the condition keys of a resource's tags: of a definition without a revision the newest one's."""
    kind, _, name = resource.rpartition(":")[2].partition("/") if resource.count(":") == 5 else ("", "", "")
    if kind == "job-definition" and name:
        tags = _definition(api, name).get("tags") or {}
    elif resource.startswith("arn:") and name != "*":
        try:
            tags = api.call("ListTagsForResource", {"resourceArn": resource})["tags"]
        except BatchApiError:
            return {}
    else:
        return {}
    return {f"aws:ResourceTag/{key}": value for key, value in tags.items()}


def _limits_of(api: BatchApi, parameters: Mapping[str, Any]) -> list[str]:
    """Return the consumable resources of a job that is to be submitted: those of the request, or else of its
    definition.
    """
    wanted = parameters.get("consumableResourcePropertiesOverride")
    if wanted is None:
        wanted = _definition(api, str(parameters.get("jobDefinition") or "")).get(
            "consumableResourceProperties"
        )
    listed = (wanted or {}).get("consumableResourceList", [])
    return [one["consumableResource"] for one in listed if "consumableResource" in one]


def _definition(api: BatchApi, name_or_arn: str) -> Mapping[str, Any]:
    """Return the definition that SubmitJob would take by this name, an empty one where there is none."""
    try:
        with api.account.lock:
            return active(api.account, name_or_arn)
    except BatchApiError:
        return {}


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
