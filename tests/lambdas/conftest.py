"""Handlers as Lambda loads them: with their settings in the environment, over moto's AWS and the strict Batch
of tests.sluice.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest
from moto import mock_aws
from moto.sqs.models import sqs_backends

from sluice.advance import submitter
from sluice.advance.batch_events import Reconcile, parse_event
from sluice.aws import clients
from sluice.aws.light_client import SERVICES, LightClient
from sluice.run.compiled import CompiledPipeline
from sluice.settings import AdvanceSettings
from tests.sluice.clouds import TABLE, Batch, make_table
from tests.sluice.graphs import QUEUES

SECRET = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class _Light:
    """A client that takes what ``LightClient`` takes: its calls, and the parameters that it names."""

    def __init__(self, service: str, client: Any) -> None:
        self._service, self._client = service, client

    def __getattr__(self, name: str) -> Any:
        assert name in SERVICES[self._service].calls, f"The light client has no {self._service} {name}."
        taken = inspect.signature(vars(LightClient).get(name, lambda self, **_: None))

        def call(**parameters: Any) -> Any:
            taken.bind(self, **parameters)
            return getattr(self._client, name)(**parameters)

        return call


class Aws:
    """What the handlers of a test share."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Make the queues, buckets, the topic and the table, and set the variables of their settings."""
        # A look-up waits for AWS Batch's own lists, and the batch here has none that are late.
        monkeypatch.setattr(submitter, "LOOK_UP_SECONDS", (0.0,) * len(submitter.LOOK_UP_SECONDS))
        self.batch = Batch()
        self._real = clients.full_client
        monkeypatch.setattr(clients, "full_client", self.client)
        # As in a Lambda, where the client for the usual calls has these alone.
        monkeypatch.setattr(clients, "light_clients_suffice", lambda: True)
        monkeypatch.setattr(clients, "light_client", lambda service: _Light(service, self.client(service)))
        sqs, s3, sns = self.client("sqs"), self.client("s3"), self.client("sns")
        own = ("alerts", "dead", "inbox", "groups", "trigger", "track", "phones", "retries", "unsent")
        self.queues = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in own}
        for bucket in ("work", "results", "assets"):
            s3.create_bucket(Bucket=bucket)
        make_table(self.client("dynamodb"))
        topic = sns.create_topic(Name="alerts")["TopicArn"]
        inbox = "arn:aws:sqs:us-east-1:123456789012:inbox"
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=inbox)
        self.secret = self.client("secretsmanager").create_secret(Name="signing", SecretString=SECRET)["ARN"]
        phones = sns.create_topic(Name="phones")["TopicArn"]
        sns.subscribe(TopicArn=phones, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:phones")
        settings = {
            "SLUICE_PIPELINE": "words",
            "SLUICE_STACK_PREFIX": "Sluice",
            "SLUICE_DEFINITION_BUCKET": "assets",
            "SLUICE_DEFINITION_KEY": "1.json",
            "SLUICE_SECRET": self.secret,
            "SLUICE_SIGNATURE": "standard",
            "SLUICE_SCHEMA": "none",
            "SLUICE_LEDGER_TABLE": TABLE,
            "SLUICE_QUEUES": AdvanceSettings.join_queues(QUEUES),
            "SLUICE_ALERT_QUEUE": self.queues["alerts"],
            "SLUICE_ALERT_RETRIES": self.queues["unsent"],
            "SLUICE_DEAD_LETTER_QUEUE": self.queues["dead"],
            "SLUICE_GROUP_QUEUE": self.queues["groups"],
            "SLUICE_GROUP_RETRIES": self.queues["retries"],
            "SLUICE_TRIGGER_QUEUE": self.queues["trigger"],
            "SLUICE_TRIGGER_RETRIES": self.queues["retries"],
            "SLUICE_TRACK_QUEUE": self.queues["track"],
            "SLUICE_WORK_BUCKET": "work",
            "SLUICE_RESULTS_BUCKET": "results",
            "SLUICE_ALERT_TOPIC": topic,
            "SLUICE_PHONE_TOPIC": phones,
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)

    def client(self, service: str) -> Any:
        """Return moto's client of a service, or the strict Batch."""
        return self.batch if service == "batch" else self._real(service)

    def handler(self, name: str) -> ModuleType:
        """Return a handler's module, loaded again as on a cold start."""
        clients.client.cache_clear()
        return importlib.reload(importlib.import_module(f"lambdas.{name}.handler"))

    def call(self, name: str, *bodies: str, received: int = 1, sent: datetime | None = None) -> list[str]:
        """Hand messages to a handler as SQS does, which were sent then and received so often, and return the
        ids of those that it reports as failed.
        """
        records = [_record(str(number), body, received, sent) for number, body in enumerate(bodies)]
        answer = self.handler(name).handler({"Records": records}, None)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def received(self, queue: str) -> list[dict[str, Any]]:
        """Return what waits in a queue, with its attributes."""
        found = self.client("sqs").receive_message(
            QueueUrl=self.queues[queue],
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
            VisibilityTimeout=0,
        )
        messages: list[dict[str, Any]] = found.get("Messages", [])
        return messages

    def delayed(self, queue: str) -> list[Reconcile]:
        """Take the requests to reconcile that were sent to a queue and are not due yet."""
        account = self.queues[queue].split("/")[-2]
        stored = sqs_backends[account]["us-east-1"].get_queue(queue)._messages
        found = [parse_event(message.body) for message in stored]
        stored.clear()
        return [event for event in found if isinstance(event, Reconcile)]

    def upload(self, graph: CompiledPipeline, key: str = "words/a.txt", size: int = 5) -> str:
        """Store a definition and return the message that an upload makes of it."""
        self.client("s3").put_object(Bucket="assets", Key="1.json", Body=graph.to_json().encode())
        detail = {
            "bucket": {"name": "inbox"},
            "object": {"key": key, "size": size, "version-id": "v1", "etag": "e"},
        }
        definition = {"bucket": "assets", "key": "1.json"}
        return json.dumps(
            {
                "pipeline": graph.name,
                "trigger": "s3",
                "definition": definition,
                "detail": detail,
                "version": 1,
            }
        )


def _record(number: str, body: str, received: int, sent: datetime | None) -> dict[str, Any]:
    milliseconds = int((sent or datetime.now(UTC)).timestamp() * 1000)
    return {
        "messageId": number,
        "receiptHandle": "r",
        "body": body,
        "attributes": {"ApproximateReceiveCount": str(received), "SentTimestamp": str(milliseconds)},
        "eventSource": "aws:sqs",
        "awsRegion": "us-east-1",
    }


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """A fresh AWS for the handlers."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "SLUICE_"))]:
        monkeypatch.delenv(name)
    for name, value in {
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "POWERTOOLS_SERVICE_NAME": "test",
    }.items():
        monkeypatch.setenv(name, value)
    clients.client.cache_clear()
    clients.full_client.cache_clear()
    with mock_aws():
        yield Aws(monkeypatch)
    clients.client.cache_clear()
