"""A client for the handful of calls that every run needs; of botocore it imports the exceptions alone.

Importing the rest of botocore and parsing a service's model is more than half of a Lambda's cold start, and
these calls need neither: JSON over HTTPS with a signature. Names, requests, answers and errors are those of
botocore's clients, so that either can be handed to the same code. See docs/decisions/0003-light-clients.md.
"""

from __future__ import annotations

import base64
import http.client
import io
import json
import os
import re
import ssl
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from html import unescape
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from botocore.exceptions import ClientError, HTTPClientError

from sluice.aws.retrying import Backoff, retry
from sluice.aws.signing import Credentials, Request, signed_headers
from sluice.aws.transient import is_conflict, is_transient

_QUERY = {"ContinuationToken": "continuation-token", "MaxKeys": "max-keys"}
_IDLE_SECONDS = 10
"""A connection that was idle for longer, perhaps while the Lambda was frozen, is replaced: the outcome of a
call on a dead one is not known.
"""
_BASE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Service:
    """The calls of a service that are supported here, and how they are written; ``target`` is None where the
    path names the call.
    """

    calls: frozenset[str]
    target: str | None = None
    attempts: int = 4
    timeout_seconds: float = 20
    content_type: str = "application/x-amz-json-1.0"


SERVICES: Mapping[str, Service] = {
    "dynamodb": Service(
        frozenset(
            {"query", "get_item", "batch_get_item", "update_item", "delete_item", "transact_write_items"}
        ),
        target="DynamoDB_20120810",
    ),
    "sqs": Service(frozenset({"send_message", "receive_message", "delete_message"}), target="AmazonSQS"),
    # A repeated SubmitJob can run twice: the caller knows which answers are definite.
    "batch": Service(
        frozenset(
            {
                "submit_job",
                "terminate_job",
                "list_jobs",
                "describe_jobs",
                "describe_job_queues",
                "describe_compute_environments",
            }
        ),
        attempts=1,
        # An answer that takes longer is looked for by the job's name, while the job already runs.
        timeout_seconds=5,
    ),
    # EventBridge and Secrets Manager speak the next version of the same protocol. An event that comes twice
    # is one: its detail has an id.
    "events": Service(
        frozenset({"put_events"}), target="AWSEvents", content_type="application/x-amz-json-1.1"
    ),
    "s3": Service(frozenset({"get_object", "put_object", "list_objects_v2"})),
    "secretsmanager": Service(
        frozenset({"get_secret_value"}), target="secretsmanager", content_type="application/x-amz-json-1.1"
    ),
}


@dataclass(slots=True, kw_only=True)
class LightClient:
    """Calls one AWS service; ``client.submit_job(jobName=...)`` as with botocore.

    Raises botocore's ClientError for an error that AWS answers, and HTTPClientError when there is no answer.
    """

    service: str
    region: str
    endpoint: str
    credentials: Credentials
    sleep: Callable[[float], None] = time.sleep
    _connections: dict[str, tuple[http.client.HTTPConnection, float]] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        """Return the call of that name."""
        if name not in SERVICES[self.service].calls:
            raise AttributeError(
                f"Expected a call that sluice.aws.light_client knows of {self.service}, found {name!r}."
                " Add it to SERVICES."
            )
        return partial(self._call, name)

    def get_object(self, *, Bucket: str, Key: str, VersionId: str = "") -> dict[str, Any]:  # noqa: N803
        """Return an object of S3, or a version of it, read whole. The names are botocore's."""
        origin, host, folder = self._bucket(Bucket)
        query = f"versionId={quote(VersionId, safe='~')}" if VersionId else ""
        plain = self._request("GET", host, f"{folder}/{quote(Key, safe='/~')}", {}, b"")
        request = replace(plain, query=query)
        return {"Body": io.BytesIO(self._send("GetObject", origin, request))}

    def put_object(
        self,
        *,
        Bucket: str,  # noqa: N803
        Key: str,  # noqa: N803
        Body: bytes,  # noqa: N803
        Metadata: Mapping[str, str] | None = None,  # noqa: N803
    ) -> dict[str, Any]:
        """Write an object of S3, whole, with its metadata."""
        origin, host, folder = self._bucket(Bucket)
        headers = {f"x-amz-meta-{name}": value for name, value in (Metadata or {}).items()}
        request = self._request("PUT", host, f"{folder}/{quote(Key, safe='/~')}", headers, Body)
        self._send("PutObject", origin, request)
        return {}

    def list_objects_v2(self, *, Bucket: str, Prefix: str, **more: object) -> dict[str, Any]:  # noqa: N803
        """Return keys of a bucket, with their sizes; ``more`` are ContinuationToken and MaxKeys."""
        origin, host, folder = self._bucket(Bucket)
        given = {"list-type": "2", "prefix": Prefix, **{_QUERY[name]: str(one) for name, one in more.items()}}
        query = urlencode(sorted(given.items()), quote_via=quote, safe="~")
        request = replace(self._request("GET", host, f"{folder}/", {}, b""), query=query)
        return _listed(self._send("ListObjectsV2", origin, request).decode())

    def _bucket(self, bucket: str) -> tuple[str, str, str]:
        """Return the origin of a bucket, its host, and its place in the path."""
        scheme, host = urlsplit(self.endpoint)[:2]
        # AWS wants the bucket in the host, whose certificate has no place for a dot; another endpoint may not
        # resolve such hosts.
        if host.endswith((".amazonaws.com", ".amazonaws.com.cn")) and "." not in bucket:
            return f"{scheme}://{bucket}.{host}", f"{bucket}.{host}", ""
        return f"{scheme}://{host}", host, f"/{bucket}"

    def _call(self, name: str, **parameters: Any) -> dict[str, Any]:
        operation = "".join(word.capitalize() for word in name.split("_"))
        if name == "transact_write_items":
            parameters.setdefault("ClientRequestToken", str(uuid.uuid4()))
        body = json.dumps(parameters, default=_blob).encode()
        target, kind = SERVICES[self.service].target, SERVICES[self.service].content_type
        headers = (
            {"Content-Type": kind, "X-Amz-Target": f"{target}.{operation}"}
            if target
            else {"Content-Type": "application/json"}
        )
        path = "/" if target else f"/v1/{operation.lower()}"
        answer = self._send(
            operation,
            self.endpoint,
            self._request("POST", urlsplit(self.endpoint).netloc, path, headers, body),
        )
        document: dict[str, Any] = json.loads(answer, object_hook=_read_blob) if answer else {}
        return document

    def _request(self, method: str, host: str, path: str, headers: dict[str, str], body: bytes) -> Request:
        return Request(
            service=self.service,
            region=self.region,
            method=method,
            host=host,
            path=path,
            headers=headers,
            body=body,
        )

    def _send(self, operation: str, origin: str, request: Request) -> bytes:
        """Return the body of the answer, after as many attempts as the service may have."""
        backoff = Backoff(attempts=SERVICES[self.service].attempts, base=_BASE_SECONDS, sleep=self.sleep)
        return retry(lambda: self._try(operation, origin, request), backoff, when=is_retried)

    def _try(self, operation: str, origin: str, request: Request) -> bytes:
        headers = signed_headers(request, self.credentials, datetime.now(UTC))
        connection = self._connection(origin)
        try:
            target = f"{request.path}?{request.query}" if request.query else request.path
            connection.request(request.method, target, request.body, headers)
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise HTTPClientError(error=f"{type(error).__name__}: {error}") from error
        self._connections[origin] = (connection, time.monotonic())
        if response.status >= 300:
            raise _error(operation, response.status, response.headers, body)
        return body

    def _connection(self, origin: str) -> http.client.HTTPConnection:
        connection, used = self._connections.pop(origin, (None, 0.0))
        if connection is not None and time.monotonic() - used < _IDLE_SECONDS:
            return connection
        if connection is not None:
            connection.close()
        scheme, host = urlsplit(origin)[:2]
        if scheme == "http":
            return http.client.HTTPConnection(host, timeout=SERVICES[self.service].timeout_seconds)
        trusted = ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE") or None)
        seconds = SERVICES[self.service].timeout_seconds
        return http.client.HTTPSConnection(host, timeout=seconds, context=trusted)


def _listed(text: str) -> dict[str, Any]:
    """Return a page of a listing, which S3 writes as XML.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
    """
    found = [
        {"Key": unescape(key[1]), "Size": int(size[1])}
        for one in re.findall(r"<Contents>(.*?)</Contents>", text, re.DOTALL)
        if (key := re.search(r"<Key>(.*?)</Key>", one, re.DOTALL))
        and (size := re.search(r"<Size>(\d+)<", one))
    ]
    token = re.search(r"<NextContinuationToken>(.*?)</NextContinuationToken>", text, re.DOTALL)
    return {"Contents": found, **({"NextContinuationToken": unescape(token[1])} if token else {})}


def _blob(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"Expected what JSON can hold, found {type(value).__name__}.")


def _read_blob(document: dict[str, Any]) -> dict[str, Any]:
    """Return DynamoDB's attribute of bytes as bytes, and any other object as it is."""
    blob = document.get("B")
    return {"B": base64.b64decode(blob)} if len(document) == 1 and isinstance(blob, str) else document


def _error(operation: str, status: int, headers: http.client.HTTPMessage, body: bytes) -> ClientError:
    """Return the error that AWS answered: its code stands in a header, or in the JSON or XML of the body."""
    text = body.decode("utf-8", "replace")
    document = _error_document(text)
    codes = (headers.get("x-amzn-errortype"), *(document.get(name) for name in ("__type", "code", "Code")))
    code = str(next(filter(None, codes), status))
    message = document.get("message") or document.get("Message") or text[:500]
    response: Any = {
        "Error": {"Code": code.split(":")[0].rpartition("#")[2], "Message": str(message)},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": headers.get("x-amzn-requestid", "")},
        "CancellationReasons": document.get("CancellationReasons", []),
    }
    if "Item" in document:  # what a condition was not true of
        response["Item"] = document["Item"]
    return ClientError(response, operation)


def _error_document(text: str) -> dict[str, Any]:
    """Return the fields of an error's body, which is JSON, or XML from S3."""
    try:
        document = json.loads(text, object_hook=_read_blob)
    except ValueError:
        found = {name: re.search(f"<{name}>(.*?)</{name}>", text, re.DOTALL) for name in ("Code", "Message")}
        return {name: match[1] for name, match in found.items() if match}
    return document if isinstance(document, dict) else {}


def is_retried(error: Exception) -> bool:
    """Return whether the client itself tries a call again. It leaves conflicts of DynamoDB's writes to the
    table, as botocore's clients do.
    """
    return is_transient(error) and not is_conflict(error)
