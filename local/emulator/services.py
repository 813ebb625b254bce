"""How services, resource types and answers of our own are hung on ministack."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, cast
from urllib.parse import urlencode

from ministack import app as gateway
from ministack.core import iam_actions, responses, router
from ministack.services import (
    ec2,
)
from ministack.services.cloudformation import provisioners

from local.paths import ACCOUNT, REGION

Response = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, str, Mapping[str, str], bytes], Response]

asgi = gateway.app


def scope(account: str = ACCOUNT, region: str = REGION) -> AbstractContextManager[None]:
    """Return a context in which ministack's stores are those of an account and a Region."""
    return cast("AbstractContextManager[None]", responses.request_scope(account, region))


def caller_scope() -> tuple[str, str]:
    """Return the account and the Region of the request that is being answered."""
    return str(responses.get_account_id()), str(responses.get_region())


def replace_service(name: str, handle: Handler) -> None:
    """Let `handle(method, path, headers, body)`, with the query in `path`, answer and authorise requests of a
    service.

    ministack checks who calls; what the caller may do is left to `handle`, because ministack knows no
    resources of services such as Batch and would refuse each policy that names some. `handle` runs in a
    thread of its own.
    """

    async def answer(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> Response:
        target = f"{path}?{urlencode(query, doseq=True)}" if query else path
        return await asyncio.to_thread(handle, method, target, headers, body)

    gateway.SERVICE_HANDLERS[name] = answer
    iam_actions.SERVICE_TO_IAM_NAMESPACE.pop(name, None)


def add_resource_types(handlers: Mapping[str, Mapping[str, Any]]) -> None:
    """Teach CloudFormation the resource types in `handlers`: type → create, update and delete."""
    provisioners._RESOURCE_HANDLERS.update(handlers)


def call_ec2(action: str, parameters: Mapping[str, str]) -> bytes:
    """Call an action of EC2, such as `AllocateAddress`, and return the XML of its answer."""
    with scope():
        return bytes(ec2._ACTION_MAP[action](dict(parameters))[2])


def service_of(method: str, path: str, headers: Mapping[str, str], query: Mapping[str, list[str]]) -> str:
    """Return the AWS service that a request is for, by its endpoint's name (`s3`, `dynamodb`, `batch`, …)."""
    return str(router.detect_service(method, path, headers, query))


def answer_before(service: str, handle: Callable[[Mapping[str, str], bytes], Response | None]) -> None:
    """Let `handle(headers, body)` answer the requests of a service that ministack does not know; it returns
    None for all others.
    """
    known = gateway.SERVICE_HANDLERS[service]

    async def answer(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> Response:
        return handle(headers, body) or cast("Response", await known(method, path, headers, body, query))

    gateway.SERVICE_HANDLERS[service] = answer
