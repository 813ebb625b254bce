"""AWS Batch's API over HTTP: REST-JSON as botocore's model describes it."""

from __future__ import annotations

import json
import logging
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit
from uuid import uuid4

from local.batch.api.batch_api import BatchApi
from local.batch.api.errors import BatchApiError, client_error, server_error
from local.batch.api.shapes import service

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)

Response = tuple[int, dict[str, str], bytes]


def handle(api: BatchApi, method: str, path: str, body: bytes) -> Response:
    """Answer a request; `path` as it stands in the request line, with its query.

    Errors have AWS's form: `x-amzn-errortype` and a JSON body with `message`
    (https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization).
    """
    request_id = str(uuid4())
    try:
        operation, params = parse(method, path, body)
        answer = api.call(operation, params)
    except BatchApiError as error:
        return _refusal(error, request_id)
    except Exception:
        log.exception("%s %s failed", method, path)
        return _refusal(
            server_error("Internal error of the local AWS Batch engine: see its log."), request_id
        )
    return 200, _headers(request_id), json.dumps(answer).encode()


def parse(method: str, path: str, body: bytes) -> tuple[str, dict[str, Any]]:
    """The operation and its parameters; BatchApiError where the model knows no such path."""
    split = _split(path)
    operation, label = _route(method.upper(), split.path)
    params = _body(body)
    if label:
        params[label[0]] = label[1]
    shape: Any = service().operation_model(operation).input_shape
    query = parse_qs(split.query)
    for name, member in shape.members.items() if query else ():
        if member.serialization.get("location") == "querystring":
            values = query.get(member.serialization.get("name", name))
            if values is not None:
                params[name] = values if member.type_name == "list" else values[0]
    return operation, params


def _split(path: str) -> SplitResult:
    try:
        return urlsplit(path)
    except ValueError:
        raise client_error(f"{path!r} is no path.") from None


@cache
def _routes() -> Mapping[tuple[str, str], str]:
    models = ((name, service().operation_model(name).http) for name in service().operation_names)
    return {(http["method"], http["requestUri"]): name for name, http in models}


def _route(method: str, path: str) -> tuple[str, tuple[str, str] | None]:
    found = _routes().get((method, path.rstrip("/")))
    if found:
        return found, None
    # The one path of the model with a label is /v1/tags/{resourceArn}.
    prefix = "/v1/tags/"
    tagged = _routes().get((method, prefix + "{resourceArn}"))
    if path.startswith(prefix) and tagged:
        return tagged, ("resourceArn", unquote(path.removeprefix(prefix)))
    raise client_error(f"{method} {path} is no operation of AWS Batch.")


def _body(body: bytes) -> dict[str, Any]:
    try:
        params = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise client_error("The request body is not valid JSON.") from None
    if not isinstance(params, dict):
        raise client_error("The request body must be a JSON object.")
    return params


def _refusal(error: BatchApiError, request_id: str) -> Response:
    headers = {**_headers(request_id), "x-amzn-errortype": error.code}
    return error.status, headers, json.dumps({"message": error.message}).encode()


def _headers(request_id: str) -> dict[str, str]:
    return {"content-type": "application/json", "x-amzn-requestid": request_id}
