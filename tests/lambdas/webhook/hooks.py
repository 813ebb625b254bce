"""The webhook Lambda, called as a function URL calls it."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any, NoReturn

import pytest

from sluice.messages import Triggered
from tests.lambdas.conftest import SECRET, Aws
from tests.sluice.signers import SIGNERS

BODY = b'{"id": "evt_1", "type": "invoice.paid", "n": 1}'
STRIPES = "whsec_a_secret_of_stripes"
FORMS = list(SIGNERS)


def now() -> int:
    """Return the time that an honest sender writes."""
    return int(time.time())


def event(
    headers: dict[str, str], body: bytes = BODY, *, method: str = "POST", encoded: bool = False
) -> dict[str, Any]:
    """Return what a function URL hands over:
    https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads.
    """
    http = {
        "method": method,
        "path": "/",
        "protocol": "HTTP/1.1",
        "sourceIp": "192.0.2.1",
        "userAgent": "curl",
    }
    text = base64.b64encode(body).decode() if encoded else body.decode("utf-8", "replace")
    return {
        "version": "2.0",
        "rawPath": "/",
        "headers": {"content-type": "application/json", **headers},
        "requestContext": {"accountId": "anonymous", "http": http, "requestId": "r", "timeEpoch": 0},
        "isBase64Encoded": encoded,
        **({"body": text} if body else {}),
    }


def raising(error: Exception) -> Callable[..., NoReturn]:
    """Return a function that raises."""

    def call(*_: object, **__: object) -> NoReturn:
        raise error

    return call


class Hook:
    """The handler of one form, loaded as on a cold start."""

    def __init__(
        self, aws: Aws, monkeypatch: pytest.MonkeyPatch, form: str = "standard", **settings: str
    ) -> None:
        """Load it with these settings."""
        self.aws, self.form = aws, form
        self.secret = STRIPES if form == "stripe" else SECRET
        aws.client("secretsmanager").put_secret_value(SecretId=aws.secret, SecretString=self.secret)
        for name, value in {"SIGNATURE": form, **settings}.items():
            monkeypatch.setenv(f"SLUICE_{name}", value)
        self.module: ModuleType = aws.handler("webhook")

    def answer(self, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Return the status and the document of an answer."""
        found = self.module.handler(request, None)
        assert found["headers"]["content-type"] == "application/json"
        return found["statusCode"], json.loads(found["body"])

    def send(
        self, body: bytes = BODY, *, at: int | None = None, secret: str | None = None, delivery: str = "msg_1"
    ) -> tuple[int, dict[str, Any]]:
        """Send a signed request."""
        headers = SIGNERS[self.form](secret or self.secret, body, now() if at is None else at, delivery)
        return self.answer(event(headers, body, encoded=True))

    def queued(self) -> list[Triggered]:
        """Take what is in the trigger queue."""
        sqs, url = self.aws.client("sqs"), self.module.settings.trigger_queue
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [Triggered.from_json(message["Body"]) for message in messages]
