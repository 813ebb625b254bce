"""Makes each call of a job once, answered in this process: what botocore works out at a first call is then
there, endpoints and shapes, also in the copies of this process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sluice.aws.clients import client

_ANSWERS = {
    "dynamodb": b"{}",
    "s3": b'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>',
    "sns": b"<PublishResponse><PublishResult/></PublishResponse>",
}


def rehearse(table: str, bucket: str, topic: str) -> None:
    """Make the calls; none leaves this process."""
    for service, calls in _calls(table, bucket, topic).items():
        made, answer = client(service), _answer(_ANSWERS[service])
        made.meta.events.register("before-send", answer)
        try:
            for call in calls:
                call(made)
        finally:
            made.meta.events.unregister("before-send", answer)


def _calls(table: str, bucket: str, topic: str) -> dict[str, tuple[Callable[[Any], object], ...]]:
    key = {"pk": {"S": "none"}, "sk": {"S": "none"}}
    return {
        "dynamodb": (
            lambda made: made.batch_get_item(RequestItems={table: {"Keys": [key], "ConsistentRead": True}}),
        ),
        "s3": (
            lambda made: made.put_object(Bucket=bucket, Key="none", Body=b"{}", IfNoneMatch="*"),
            lambda made: made.get_object(Bucket=bucket, Key="none", Range="bytes=0-1")["Body"].read(),
            lambda made: list(made.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="none")),
        ),
        "sns": (lambda made: made.publish(TopicArn=topic, Message="{}"),),
    }


def _answer(body: bytes) -> Callable[..., Any]:
    from botocore.awsrequest import AWSResponse
    from botocore.compat import HTTPHeaders

    def answer(request: Any, **_: object) -> Any:
        content = body if request.method != "PUT" else b""
        return AWSResponse(request.url, 200, HTTPHeaders(), _Raw(content))

    return answer


class _Raw:
    """What urllib3 would have read."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def read(self, amount: int | None = None) -> bytes:
        """Return the rest."""
        found, self._body = self._body, b""
        return found

    def stream(self, amount: int = 0, decode_content: bool | None = None) -> Iterator[bytes]:
        """Yield it."""
        yield self.read()
